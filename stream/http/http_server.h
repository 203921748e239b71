/* An HTTP/1.1 server: GET, HEAD and, where bodies are taken, POST, answered by one function.
 *
 * It runs on one thread of libmicrohttpd. The body of a GET is read and dropped; other methods get
 * 405, a body over the limit 413, more than HTTP_ARGUMENTS_MAX arguments 400. The path and the
 * arguments come as they were sent: http_unescape() decodes a part of them.
 */
#ifndef FRESHET_STREAM_HTTP_SERVER_H
#define FRESHET_STREAM_HTTP_SERVER_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"

enum { HTTP_CONNECTIONS_MAX = 4096, HTTP_ARGUMENTS_MAX = 64, HTTP_NOTES_MAX = 2 };

/* NAME=VALUE of the query; the value is empty without a `=`. */
struct http_argument {
    struct slice name, value;
};

struct http_request {
    const char *path; /* without the query */
    struct http_argument arguments[HTTP_ARGUMENTS_MAX];
    size_t arguments_count;
    const char *authorization; /* the header; NULL: there is none */
    const char *language;      /* Accept-Language; NULL: there is none */
    const char *accept;        /* Accept; NULL: there is none */
    const char *last_event;    /* Last-Event-ID; NULL: there is none */
    bool post;
    struct slice body; /* of a POST */
    uint64_t ticket;   /* for http_server_wake(); 0: nothing may wait */
};

/* A header of the answer; both texts must live until the answer is sent. */
struct http_note {
    const char *name;
    char value[64];
};

struct http_answer {
    unsigned code;
    const char *type; /* constant */
    struct buf body;  /* initialised */
    bool lasts;       /* a browser may keep it for a day */
    const char *policy; /* constant: Content-Security-Policy of a page; NULL: it is none */
    struct http_note notes[HTTP_NOTES_MAX]; /* those with a name */
    bool later; /* it is not known yet: `answer` is called again when the request is woken */
};

struct http_settings {
    const char *address;
    int port;                /* 0: any free one */
    size_t connections;      /* at most HTTP_CONNECTIONS_MAX; beyond, an old one is closed */
    size_t connections_each; /* of one address */
    bool limits_change;      /* http_server_limit() may be called */
    int64_t life_ms;         /* of a connection; 0: no limit */
    unsigned timeout_s;      /* without a byte */
    size_t answer_bytes;
    size_t body_bytes; /* most of a POST; 0: POST is not taken */
    bool waits;        /* an answer may come later */
    /* Fills in the answer (200, text/plain, an empty body) on the server's thread. */
    void (*answer)(void *arg, const struct http_request *request, struct http_answer *answer);
    void *arg;
};

struct http_server;

/* Starts the server: 0 or -errno; free with http_server_free(). */
int http_server_start(const struct http_settings *settings, struct http_server **ret_server);
/* Says whether a server could be started at this address and port now: 0 or -errno. */
int http_server_try(const char *address, int port);
/* Ends the thread and frees the server; takes NULL; returns NULL. */
struct http_server *http_server_free(struct http_server *server);
/* Returns the port on which the server listens. */
int http_server_port(const struct http_server *server);
/* Lets a request be answered whose answer was to come later. Any thread; a ticket of a request that
 * is over is ignored. */
void http_server_wake(struct http_server *server, uint64_t ticket);
/* Sets the most connections, in all and of one address; beyond, old ones are closed. Any thread. */
void http_server_limit(struct http_server *server, size_t connections);
/* Closes connections that are too old. Any thread. */
void http_server_check(struct http_server *server);

/* Decodes the %XX of a part of a path or query into `into`, which has room for the part; returns
 * the decoded text, or one whose data is NULL when a % is not followed by two hex digits. */
struct slice http_unescape(struct slice part, char *into);

#endif
