#define _GNU_SOURCE
#include "ccurl.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#define FUNCTIONS(X)                                                                                                   \
    X(global_init) X(version_info) X(free)                                                                             \
    X(easy_init) X(easy_cleanup) X(easy_setopt) X(easy_getinfo) X(easy_strerror)                                       \
    X(multi_init) X(multi_cleanup) X(multi_add_handle) X(multi_remove_handle) X(multi_perform) X(multi_poll)           \
    X(multi_wakeup) X(multi_info_read)                                                                                 \
    X(url) X(url_cleanup) X(url_set) X(url_get) X(url_strerror)

static struct {
#define X(name) __typeof__(&curl_##name) name;
    FUNCTIONS(X)
#undef X
} library;

// From OpenSSL; NULL if libcurl uses another TLS library.
static uint64_t (*set_tls_options)(void *context, uint64_t options);

// From libidn2, which libcurl loads; NULL if libcurl was built without it.
static int (*idn_lookup)(const uint8_t *name, uint8_t **ascii, int flags);
static void (*idn_free)(void *ascii);

static char problem[256];
static bool ready = false;

static void load(void) {
    // The loader searches LD_LIBRARY_PATH, as for every program, and the system's folders. The release has no RUNPATH,
    // so nothing is loaded from the program's own folder.
    void *handle = dlopen("libcurl.so.4", RTLD_NOW | RTLD_LOCAL);
    if (handle == NULL) {
        const char *reason = dlerror();
        snprintf(problem, sizeof problem, "%s", reason == NULL ? "libcurl.so.4 cannot be opened" : reason);
        return;
    }
#define X(name)                                                                                                        \
    library.name = (__typeof__(library.name))(uintptr_t)dlsym(handle, "curl_" #name);                                  \
    if (library.name == NULL) {                                                                                        \
        snprintf(problem, sizeof problem, "libcurl.so.4 is too old: it has no curl_" #name);                           \
        return;                                                                                                        \
    }
    FUNCTIONS(X)
#undef X
    // CURLOPT_QUICK_EXIT is the newest option in use.
    const curl_version_info_data *version = library.version_info(CURLVERSION_NOW);
    if (version->version_num < 0x075700) {
        snprintf(problem, sizeof problem, "libcurl.so.4 is too old: it is %s, and 7.87.0 is needed", version->version);
        return;
    }
    // OpenSSL frees its tables at exit(3), and a handshake on another thread then crashes. With OPENSSL_INIT_NO_ATEXIT
    // it does not, so quitting need not wait for the network.
    typedef int openssl_init_crypto(uint64_t options, const void *settings);
    openssl_init_crypto *openssl_init = (openssl_init_crypto *)(uintptr_t)dlsym(handle, "OPENSSL_init_crypto");
    if (openssl_init != NULL) openssl_init(0x00080000, NULL);

    if (version->ssl_version != NULL && strncmp(version->ssl_version, "OpenSSL/", 8) == 0)
        set_tls_options = (__typeof__(set_tls_options))(uintptr_t)dlsym(handle, "SSL_CTX_set_options");

    // dlsym(3) also searches the libraries that libcurl depends on.
    idn_lookup = (__typeof__(idn_lookup))(uintptr_t)dlsym(handle, "idn2_lookup_u8");
    idn_free = (__typeof__(idn_free))(uintptr_t)dlsym(handle, "idn2_free");

    CURLcode code = library.global_init(CURL_GLOBAL_DEFAULT);
    if (code != CURLE_OK) {
        snprintf(problem, sizeof problem, "libcurl could not be initialized: %s", library.easy_strerror(code));
        return;
    }
    ready = true;
}

const char *ccurl_load(void) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, load);
    return ready ? NULL : problem;
}

void *ccurl_easy_init(void) { return library.easy_init(); }
void ccurl_easy_cleanup(void *easy) { library.easy_cleanup(easy); }

CURLcode ccurl_set_number(void *easy, CURLoption option, long value) {
    return library.easy_setopt(easy, option, value);
}

CURLcode ccurl_set_large(void *easy, CURLoption option, long long value) {
    return library.easy_setopt(easy, option, (curl_off_t)value);
}

CURLcode ccurl_set_pointer(void *easy, CURLoption option, const void *value) {
    return library.easy_setopt(easy, option, value);
}

CURLcode ccurl_set_text(void *easy, CURLoption option, const char *value) {
    return library.easy_setopt(easy, option, value);
}

CURLcode ccurl_set_receiver(void *easy, CURLoption option, ccurl_receiver value) {
    return library.easy_setopt(easy, option, value);
}

CURLcode ccurl_set_prerequest(void *easy, ccurl_prerequest value, void *context) {
    CURLcode code = library.easy_setopt(easy, CURLOPT_PREREQFUNCTION, value);
    return code == CURLE_OK ? library.easy_setopt(easy, CURLOPT_PREREQDATA, context) : code;
}

static CURLcode wipe_read_data(CURL *easy, void *context, void *unused) {
    (void)easy;
    (void)unused;
    // SSL_OP_CLEANSE_PLAINTEXT exists since OpenSSL 3.0; older versions ignore the bit.
    set_tls_options(context, UINT64_C(1) << 1);
    return CURLE_OK;
}

void ccurl_wipe_tls_plaintext(void *easy) {
    if (set_tls_options != NULL) library.easy_setopt(easy, CURLOPT_SSL_CTX_FUNCTION, wipe_read_data);
}

long ccurl_info_number(void *easy, CURLINFO info) {
    long value = 0;
    return library.easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

long long ccurl_info_large(void *easy, CURLINFO info) {
    curl_off_t value = 0;
    return library.easy_getinfo(easy, info, &value) == CURLE_OK ? value : 0;
}

const char *ccurl_info_text(void *easy, CURLINFO info) {
    const char *value = NULL;
    return library.easy_getinfo(easy, info, &value) == CURLE_OK ? value : NULL;
}

const char *ccurl_certificate_field(void *easy, const char *name) {
    struct curl_certinfo *chain = NULL;
    if (library.easy_getinfo(easy, CURLINFO_CERTINFO, &chain) != CURLE_OK || chain == NULL) return NULL;
    if (chain->num_of_certs < 1) return NULL;
    size_t length = strlen(name);
    for (struct curl_slist *field = chain->certinfo[0]; field != NULL; field = field->next)
        if (strncmp(field->data, name, length) == 0 && field->data[length] == ':') return field->data + length + 1;
    return NULL;
}

const char *ccurl_easy_strerror(CURLcode code) { return library.easy_strerror(code); }

void *ccurl_multi_init(void) { return library.multi_init(); }
void ccurl_multi_cleanup(void *multi) { library.multi_cleanup(multi); }
CURLMcode ccurl_multi_add(void *multi, void *easy) { return library.multi_add_handle(multi, easy); }
CURLMcode ccurl_multi_remove(void *multi, void *easy) { return library.multi_remove_handle(multi, easy); }

CURLMcode ccurl_multi_perform(void *multi) {
    int running = 0;
    return library.multi_perform(multi, &running);
}

CURLMcode ccurl_multi_poll(void *multi, int milliseconds) {
    return library.multi_poll(multi, NULL, 0, milliseconds, NULL);
}

CURLMcode ccurl_multi_wakeup(void *multi) { return library.multi_wakeup(multi); }

bool ccurl_multi_ended(void *multi, void **easy, CURLcode *result) {
    int left = 0;
    CURLMsg *message;
    while ((message = library.multi_info_read(multi, &left)) != NULL) {
        if (message->msg != CURLMSG_DONE) continue;
        *easy = message->easy_handle;
        *result = message->data.result;
        return true;
    }
    return false;
}

CURLU *ccurl_url_parse(const char *text, unsigned int flags, CURLUcode *code) {
    CURLU *url = library.url();
    *code = url == NULL ? CURLUE_OUT_OF_MEMORY : library.url_set(url, CURLUPART_URL, text, flags);
    if (*code == CURLUE_OK) return url;
    library.url_cleanup(url);
    return NULL;
}

char *ccurl_url_part(CURLU *url, CURLUPart part, CURLUcode *code) {
    char *text = NULL;
    *code = library.url_get(url, part, &text, 0);
    return *code == CURLUE_OK ? text : NULL;
}

void ccurl_url_cleanup(CURLU *url) { library.url_cleanup(url); }
const char *ccurl_url_strerror(CURLUcode code) { return library.url_strerror(code); }
void ccurl_free(void *text) { library.free(text); }

char *ccurl_idn_host(const char *host) {
    if (idn_lookup == NULL || idn_free == NULL) return NULL;
    uint8_t *ascii = NULL;
    // IDN2_NFC_INPUT and IDN2_NONTRANSITIONAL, like libcurl itself.
    return idn_lookup((const uint8_t *)host, &ascii, 1 | 8) == 0 ? (char *)ascii : NULL;
}

void ccurl_idn_free(char *ascii) { idn_free(ascii); }

