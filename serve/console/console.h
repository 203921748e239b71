/* The console: pages for people, below /console, read-only. docs/console.md. */
#ifndef FRESHET_SERVE_CONSOLE_CONSOLE_H
#define FRESHET_SERVE_CONSOLE_CONSOLE_H

#include "serve/access_tokens.h"
#include "serve/console/flow_watch.h"
#include "serve/console/picture_hosts.h"
#include "serve/console/quality_beside.h"
#include "serve/console/refused_records.h"
#include "serve/list_finder.h"

/* What a request is answered from; all borrowed. */
struct console_parts {
    struct list_finder *finder;
    struct list_query *query;     /* scratch */
    struct refused_records *letters;
    struct quality_board *quality;
    struct quality_beside *beside;
    struct flow_watch *flow;
    const struct picture_hosts *pictures;
    const char *command_flags; /* of `freshet` in commands to copy (page.h) */
    struct access_tokens *tokens; /* NULL: everybody may ask */
    bool loaded;
    int64_t age_ms; /* of the data */
};

/* Says whether a path is the console's. */
bool console_has(const char *path);
/* Answers a request for such a path. A browser sends a token as the password of Basic
 * authentication; `Authorization: Bearer TOKEN` is taken as well. */
void console_answer(const struct console_parts *parts, const struct http_request *request,
                    struct http_answer *answer);

#endif
