// libmicrohttpd, opened on first use: only `keyfob demo` and the tests pay for it. Its header serves the build, nothing
// is linked. Each function below but the first needs cmicrohttpd_open() to have succeeded.
#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

// Opens the library, once in a process. NULL, or what the loader says is wrong.
const char *cmicrohttpd_open(void);

// A server on 127.0.0.1, on a free port that is told in `port`, with a thread for each connection. NULL where it can't be
// started.
struct MHD_Daemon *cmicrohttpd_start(
    MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed, void *context, uint16_t *port);

// Ends it: no new connection, and the handlers that run are waited for.
void cmicrohttpd_stop(struct MHD_Daemon *daemon);

// Tells `each` of every header of the request.
void cmicrohttpd_headers(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context);

// Queues the answer; `body` is copied.
enum MHD_Result cmicrohttpd_answer(
    struct MHD_Connection *connection, unsigned int status, const char *const *names, const char *const *values,
    size_t header_count, const void *body, size_t size);

#endif
