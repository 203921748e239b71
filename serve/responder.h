/* Responder: the answer to each request by HTTP, as JSON. It runs on the HTTP server's thread, with
 * a list finder of its own; the facts that the worker's thread tells it are atomic.
 */
#ifndef FRESHET_SERVE_RESPONDER_H
#define FRESHET_SERVE_RESPONDER_H

#include "serve/access_tokens.h"
#include "serve/console/picture_hosts.h"
#include "serve/list_finder.h"
#include "stream/http/http_server.h"

struct responder;

struct responder_parts {
    struct list_finder *finder;   /* owned */
    struct access_tokens *tokens; /* owned; NULL: everybody may ask */
    struct refused_records *letters; /* for the console; borrowed */
    struct quality_board *quality;   /* the same */
    struct quality_beside *beside;   /* the same */
    struct flow_watch *flow;         /* the same */
    struct picture_hosts *pictures;  /* owned */
    char *command_flags;             /* of commands on the console's pages (page.h); owned */
    struct metrics *metrics;
    int64_t (*now_ms)(void *arg); /* any thread */
    void *now_arg;
};

/* Makes it; free with responder_free() when no request can come any more. */
struct responder *responder_new(const struct responder_parts *parts);
struct responder *responder_free(struct responder *responder);
/* Answers a request; for struct http_settings, with the responder as arg. */
void responder_answer(void *arg, const struct http_request *request, struct http_answer *answer);
/* Tells it that the tables are loaded, and at which time (of now_ms) they held all that their
 * topics held. Any thread. */
void responder_tell(struct responder *responder, bool loaded, int64_t current_ms);
/* Returns how old the data are. Any thread. */
int64_t responder_age_ms(const struct responder *responder);

#endif
