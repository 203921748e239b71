/* HTTP as a client: one handle, one request at a time, kept connections.
 *
 * What an outsider sends is bounded: the size of an answer and the time it takes. Redirects are not
 * followed, only http and https are spoken, and a handle that was stopped ends its request soon.
 * Credentials go into headers and nowhere else.
 *
 * A handle belongs to one thread, except http_stop().
 */
#ifndef FRESHET_STREAM_REGISTRY_HTTP_H
#define FRESHET_STREAM_REGISTRY_HTTP_H

#include "base/base.h"
#include "base/buf.h"

/* Texts may be NULL or empty: not used. They are copied. */
struct http_settings {
    const char *user_info; /* user:password, for basic authentication */
    const char *bearer;    /* token */
    const char *ca;        /* PEM file of the authorities trusted; none: the system's */
    const char *certificate, *key, *key_password; /* our own, PEM */
    int64_t timeout_ms;       /* of a whole request */
    size_t answer_bytes_max;
    const char *accept;  /* media type; also of what is posted */
    bool direct;         /* no proxy, whatever the environment says */
};

struct http;

/* Makes a handle; free with http_free(). */
struct http *http_new(const struct http_settings *settings);
/* Frees the handle; takes NULL; returns NULL. */
struct http *http_free(struct http *http);
/* Asks for a URL: GET, or POST when there is a body. 0 with the status and the body told (ret_body
 * is cleared first; its maximum is answer_bytes_max or less); -EAGAIN: no answer, the same again
 * may work; -EMSGSIZE: the answer is too large; -EINVAL: a person must mend the URL, a certificate
 * or a key. http_why() tells the story. */
int http_ask(struct http *http, const char *url, const char *body, long *ret_status,
             struct buf *ret_body);
/* Tells the last failure in words; no credentials in it. */
const char *http_why(const struct http *http);
/* Ends the request that is going on, and all that come. From any thread. */
void http_stop(struct http *http);

#endif
