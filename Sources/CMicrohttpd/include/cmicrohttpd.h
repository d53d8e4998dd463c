// libmicrohttpd, opened on first use: only `keyfob demo` and the tests load it. The build needs its header, but links
// nothing. All functions except the first require a successful cmicrohttpd_open().
#ifndef CMICROHTTPD_H
#define CMICROHTTPD_H

#include <microhttpd.h>
#include <stddef.h>
#include <stdint.h>

// Opens the library once per process. NULL, or the loader's error text.
const char *cmicrohttpd_open(void);

// Starts a server on 127.0.0.1, on a free port that is stored in `port`, with one thread per connection. NULL on
// failure.
struct MHD_Daemon *cmicrohttpd_start(
    MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed, void *context, uint16_t *port);

// Stops accepting connections, and waits for the running handlers.
void cmicrohttpd_stop(struct MHD_Daemon *daemon);

// Calls `each` for every header of the request.
void cmicrohttpd_headers(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context);

// Queues the answer; `body` is copied.
enum MHD_Result cmicrohttpd_answer(
    struct MHD_Connection *connection, unsigned int status, const char *const *names, const char *const *values,
    size_t header_count, const void *body, size_t size);

#endif
