/* One libcurl easy handle. Every request resets it and sets all options again, so that nothing of
 * an earlier request remains; the connection stays open.
 *
 * http_stop() only sets a flag. libcurl calls progress() about once a second while a request
 * runs, sees the flag and ends the request. DNS and connecting are limited by their own timeout.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/registry/http.h"

#include <curl/curl.h>
#include <pthread.h>
#include <stdatomic.h>

enum { HTTP_CONNECT_MS_MAX = 5000 };

struct http {
    CURL *curl;
    struct curl_slist *headers, *post_headers;
    char *user_info, *bearer, *ca, *certificate, *key, *key_password;
    int64_t timeout_ms;
    size_t answer_bytes_max;
    bool direct;
    _Atomic bool stopped;
    char why[CURL_ERROR_SIZE];
};

static pthread_once_t once = PTHREAD_ONCE_INIT;

static void begin(void)
{
    CURLcode code = curl_global_init(CURL_GLOBAL_DEFAULT);
    assert(code == CURLE_OK);
}

static char *keep(const char *text)
{
    return text && text[0] ? xstrdup(text) : NULL;
}

/* Clears a secret before its memory is freed. */
static void forget(char *secret)
{
    if (secret) { explicit_bzero(secret, strlen(secret)); }
    free(secret);
}

static struct curl_slist *header(struct curl_slist *list, const char *name, const char *value)
{
    _cleanup_(xfreep) char *line = xprintf("%s:%s%s", name, value[0] ? " " : "", value);
    struct curl_slist *longer = curl_slist_append(list, line);
    assert(longer);
    return longer;
}

struct http *http_new(const struct http_settings *settings)
{
    pthread_once(&once, begin);
    struct http *http = xcalloc(1, sizeof(*http));
    http->curl = curl_easy_init();
    assert(http->curl);
    http->user_info = keep(settings->user_info);
    http->bearer = keep(settings->bearer);
    http->ca = keep(settings->ca);
    http->certificate = keep(settings->certificate);
    http->key = keep(settings->key);
    http->key_password = keep(settings->key_password);
    http->timeout_ms = settings->timeout_ms;
    http->answer_bytes_max = settings->answer_bytes_max;
    http->direct = settings->direct;
    const char *accept = settings->accept ? settings->accept : "*/*";
    http->headers = header(NULL, "Accept", accept);
    http->post_headers = header(NULL, "Accept", accept);
    http->post_headers = header(http->post_headers, "Content-Type", accept);
    http->post_headers = header(http->post_headers, "Expect", ""); /* no waiting for a 100 */
    return http;
}

struct http *http_free(struct http *http)
{
    if (!http) { return NULL; }
    curl_easy_cleanup(http->curl);
    curl_slist_free_all(http->headers);
    curl_slist_free_all(http->post_headers);
    forget(http->user_info);
    forget(http->bearer);
    forget(http->key_password);
    free(http->ca);
    free(http->certificate);
    free(http->key);
    free(http);
    return NULL;
}

static size_t receive(char *data, size_t size, size_t count, void *arg)
{
    struct buf *answer = arg;
    buf_append(answer, data, size * count);
    return buf_failed(answer) ? 0 : size * count;
}

static int progress(void *arg, curl_off_t all _unused_, curl_off_t now _unused_,
                    curl_off_t up_all _unused_, curl_off_t up_now _unused_)
{
    const struct http *http = arg;
    return atomic_load(&http->stopped);
}

static void set_security(struct http *http)
{
    CURL *curl = http->curl;
    curl_easy_setopt(curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(curl, CURLOPT_FOLLOWLOCATION, 0L);
    curl_easy_setopt(curl, CURLOPT_NETRC, (long)CURL_NETRC_IGNORED);
    curl_easy_setopt(curl, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    if (http->direct) { curl_easy_setopt(curl, CURLOPT_NOPROXY, "*"); }
    if (http->ca) { curl_easy_setopt(curl, CURLOPT_CAINFO, http->ca); }
    if (http->certificate) { curl_easy_setopt(curl, CURLOPT_SSLCERT, http->certificate); }
    if (http->key) { curl_easy_setopt(curl, CURLOPT_SSLKEY, http->key); }
    if (http->key_password) { curl_easy_setopt(curl, CURLOPT_KEYPASSWD, http->key_password); }
    if (http->bearer) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BEARER);
        curl_easy_setopt(curl, CURLOPT_XOAUTH2_BEARER, http->bearer);
    } else if (http->user_info) {
        curl_easy_setopt(curl, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
        curl_easy_setopt(curl, CURLOPT_USERPWD, http->user_info);
    }
}

static void set_request(struct http *http, const char *url, const char *body,
                        struct buf *ret_body)
{
    CURL *curl = http->curl;
    curl_easy_reset(curl);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_ERRORBUFFER, http->why);
    curl_easy_setopt(curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(curl, CURLOPT_TIMEOUT_MS, (long)http->timeout_ms);
    curl_easy_setopt(curl, CURLOPT_CONNECTTIMEOUT_MS,
                     (long)MIN_OF(http->timeout_ms, (int64_t)HTTP_CONNECT_MS_MAX));
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, ret_body);
    curl_easy_setopt(curl, CURLOPT_NOPROGRESS, 0L);
    curl_easy_setopt(curl, CURLOPT_XFERINFOFUNCTION, progress);
    curl_easy_setopt(curl, CURLOPT_XFERINFODATA, http);
    curl_easy_setopt(curl, CURLOPT_HTTPHEADER, body ? http->post_headers : http->headers);
    if (body) {
        curl_easy_setopt(curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)strlen(body));
        curl_easy_setopt(curl, CURLOPT_POSTFIELDS, body);
    }
    set_security(http);
}

/* True for errors that need operator action; every other error may pass by itself. */
static bool is_final(CURLcode code)
{
    switch (code) {
    case CURLE_UNSUPPORTED_PROTOCOL:
    case CURLE_URL_MALFORMAT:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CACERT_BADFILE:
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ENGINE_NOTFOUND:
    case CURLE_SSL_CIPHER:
        return true;
    default:
        return false;
    }
}

int http_request(struct http *http, const char *url, const char *body, long *ret_status,
                 struct buf *ret_body)
{
    assert(ret_body->max <= http->answer_bytes_max);
    buf_clear(ret_body);
    http->why[0] = '\0';
    set_request(http, url, body, ret_body);
    CURLcode code = curl_easy_perform(http->curl);
    if (code == CURLE_OK) {
        curl_easy_getinfo(http->curl, CURLINFO_RESPONSE_CODE, ret_status);
        return 0;
    }
    if (buf_failed(ret_body)) {
        (void)snprintf(http->why, sizeof(http->why), "an answer of more than %zu bytes",
                       ret_body->max);
        return -EMSGSIZE;
    }
    if (!http->why[0]) {
        (void)snprintf(http->why, sizeof(http->why), "%s", curl_easy_strerror(code));
    }
    return is_final(code) ? -EINVAL : -EAGAIN;
}

const char *http_why(const struct http *http)
{
    return http->why;
}

void http_stop(struct http *http)
{
    atomic_store(&http->stopped, true);
}
