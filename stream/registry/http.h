/* An HTTP client: one handle runs one request at a time and keeps its connections open.
 *
 * The size of an answer and the time of a request are limited. Redirects are not followed, and only
 * http and https are allowed. Credentials go into headers only. http_stop() ends a running request
 * soon.
 *
 * A handle belongs to one thread; http_stop() may be called from any.
 */
#ifndef FRESHET_STREAM_REGISTRY_HTTP_H
#define FRESHET_STREAM_REGISTRY_HTTP_H

#include "base/base.h"
#include "base/buf.h"

/* A text that is NULL or empty is not used. Texts are copied. */
struct http_settings {
    const char *user_info; /* user:password, for basic authentication */
    const char *bearer;    /* token */
    const char *ca;        /* PEM file of trusted authorities; none: the system's */
    const char *certificate, *key, *key_password; /* our own, PEM */
    int64_t timeout_ms;       /* of a whole request */
    size_t answer_bytes_max;
    const char *accept;  /* media type that is accepted, and that a body is sent with */
    bool direct;         /* ignore the proxies of the environment */
};

struct http;

/* Makes a handle; free with http_free(). */
struct http *http_new(const struct http_settings *settings);
/* Frees the handle; takes NULL; returns NULL. */
struct http *http_free(struct http *http);
/* Requests a URL: POST when there is a body, else GET. Returns 0 with the status and the body
 * (ret_body is cleared first; its maximum is answer_bytes_max or less), or
 *   -EAGAIN     no answer: the same request may work later;
 *   -EMSGSIZE   the answer is too large;
 *   -EINVAL     the URL, a certificate or a key is wrong: needs operator action.
 * http_why() then has the reason. */
int http_request(struct http *http, const char *url, const char *body, long *ret_status,
                 struct buf *ret_body);
/* Returns the last failure as text, without credentials. */
const char *http_why(const struct http *http);
/* Ends the running request, and every later one at once. From any thread. */
void http_stop(struct http *http);

#endif
