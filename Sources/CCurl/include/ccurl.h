// libcurl, opened on first use instead of linked: a run without the network saves 3 ms and 6 MiB.
//
// Each function wraps the libcurl function of the same name (see its man page) without variable arguments, which Swift
// cannot call. All except ccurl_load require a successful ccurl_load first.
#pragma once
#include <curl/curl.h>
#include <stdbool.h>
#include <stddef.h>

// Opens libcurl.so.4 and initializes it (curl_global_init(3)), once; safe from any thread. NULL if libcurl is ready,
// otherwise the reason: static text, never freed.
const char *ccurl_load(void);

typedef size_t (*ccurl_receiver)(char *bytes, size_t size, size_t count, void *context);

void *ccurl_easy_init(void);
void ccurl_easy_cleanup(void *easy);
CURLcode ccurl_set_number(void *easy, CURLoption option, long value);
CURLcode ccurl_set_large(void *easy, CURLoption option, long long value);
CURLcode ccurl_set_pointer(void *easy, CURLoption option, const void *value);
CURLcode ccurl_set_text(void *easy, CURLoption option, const char *value);
CURLcode ccurl_set_receiver(void *easy, CURLoption option, ccurl_receiver value);
// CURLOPT_PREREQFUNCTION(3) and its data: called when the connection exists, before the request is sent.
typedef int (*ccurl_prerequest)(void *context, char *remote, char *local, int remote_port, int local_port);
CURLcode ccurl_set_prerequest(void *easy, ccurl_prerequest value, void *context);
// Makes OpenSSL wipe its copy of received data once libcurl has read it (SSL_CTX_set_options(3),
// SSL_OP_CLEANSE_PLAINTEXT). Otherwise an open TLS connection keeps the last data, perhaps a token, until more arrives.
// With another TLS library, or OpenSSL before 3.0, the data stays until the connection closes, at the latest when the
// vault is locked.
void ccurl_wipe_tls_plaintext(void *easy);
// The information; 0 or NULL if there is none (curl_easy_getinfo(3)).
long ccurl_info_number(void *easy, CURLINFO info);
long long ccurl_info_large(void *easy, CURLINFO info);
const char *ccurl_info_text(void *easy, CURLINFO info);
// A field of the server's own certificate (CURLINFO_CERTINFO(3)), such as "Subject"; valid as long as `easy`. NULL
// without TLS and on a reused connection.
const char *ccurl_certificate_field(void *easy, const char *name);
const char *ccurl_easy_strerror(CURLcode code);

void *ccurl_multi_init(void);
void ccurl_multi_cleanup(void *multi);
CURLMcode ccurl_multi_add(void *multi, void *easy);
CURLMcode ccurl_multi_remove(void *multi, void *easy);
CURLMcode ccurl_multi_perform(void *multi);
// Waits for activity, curl_multi_wakeup(3), a timer of libcurl, or the end of `milliseconds`.
CURLMcode ccurl_multi_poll(void *multi, int milliseconds);
CURLMcode ccurl_multi_wakeup(void *multi);
// The next finished transfer (curl_multi_info_read(3)); false if there is none.
bool ccurl_multi_ended(void *multi, void **easy, CURLcode *result);

// A part of a URL as text (curl_url_get(3)), to be freed with ccurl_free. NULL, with `code` set, if the URL has no such
// part.
CURLU *ccurl_url_parse(const char *text, unsigned int flags, CURLUcode *code);
char *ccurl_url_part(CURLU *url, CURLUPart part, CURLUcode *code);
void ccurl_url_cleanup(CURLU *url);
const char *ccurl_url_strerror(CURLUcode code);
void ccurl_free(void *text);

// A UTF-8 host name in the ASCII form of IDNA 2008 (idn2_lookup_u8(3)), to be freed with ccurl_idn_free. NULL if it is
// not a host name, or libcurl was built without libidn2.
char *ccurl_idn_host(const char *host);
void ccurl_idn_free(char *ascii);
