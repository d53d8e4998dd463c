#include "cmicrohttpd.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <netinet/in.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/socket.h>

#define FUNCTIONS(each) \
    each(MHD_start_daemon) each(MHD_stop_daemon) each(MHD_get_daemon_info) each(MHD_get_connection_values) \
    each(MHD_create_response_from_buffer) each(MHD_add_response_header) each(MHD_queue_response) \
    each(MHD_destroy_response)

#define MEMBER(name) __typeof__(&name) name;
static struct {
    FUNCTIONS(MEMBER)
} library;

static const char *problem;

static void open_library(void) {
    // ABI version 12: releases 0.9.71 to 1.0. The search path is the same as for libcurl (CCurl).
    void *handle = dlopen("libmicrohttpd.so.12", RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
        problem = dlerror();
        return;
    }
#define FIND(name) \
    library.name = (__typeof__(&name))dlsym(handle, #name); \
    if (!library.name) { \
        problem = "libmicrohttpd.so.12 has no " #name; \
        return; \
    }
    FUNCTIONS(FIND)
}

const char *cmicrohttpd_open(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, open_library);
    return problem;
}

struct MHD_Daemon *cmicrohttpd_start(
    MHD_AccessHandlerCallback handler, MHD_RequestCompletedCallback completed, void *context, uint16_t *port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct MHD_Daemon *daemon = library.MHD_start_daemon(
        // The default select(2) supports no descriptor above 1,023, and a test run has more.
        MHD_USE_INTERNAL_POLLING_THREAD | MHD_USE_THREAD_PER_CONNECTION | MHD_USE_POLL, 0, NULL, NULL, handler, context,
        MHD_OPTION_SOCK_ADDR, (struct sockaddr *)&address,
        MHD_OPTION_NOTIFY_COMPLETED, completed, context,
        MHD_OPTION_CONNECTION_LIMIT, 256u,
        MHD_OPTION_CONNECTION_TIMEOUT, 60u,
        MHD_OPTION_END);
    if (!daemon) return NULL;
    const union MHD_DaemonInfo *info = library.MHD_get_daemon_info(daemon, MHD_DAEMON_INFO_BIND_PORT);
    if (!info || info->port == 0) {
        library.MHD_stop_daemon(daemon);
        return NULL;
    }
    *port = info->port;
    return daemon;
}

void cmicrohttpd_stop(struct MHD_Daemon *daemon) { library.MHD_stop_daemon(daemon); }

void cmicrohttpd_headers(struct MHD_Connection *connection, MHD_KeyValueIterator each, void *context) {
    library.MHD_get_connection_values(connection, MHD_HEADER_KIND, each, context);
}

enum MHD_Result cmicrohttpd_answer(
    struct MHD_Connection *connection, unsigned int status, const char *const *names, const char *const *values,
    size_t header_count, const void *body, size_t size) {
    struct MHD_Response *response =
        library.MHD_create_response_from_buffer(size, (void *)body, MHD_RESPMEM_MUST_COPY);
    if (!response) return MHD_NO;
    bool good = true;
    for (size_t i = 0; i < header_count; i++)
        good = library.MHD_add_response_header(response, names[i], values[i]) == MHD_YES && good;
    enum MHD_Result result = good ? library.MHD_queue_response(connection, status, response) : MHD_NO;
    library.MHD_destroy_response(response);
    return result;
}
