/* List body: a query from the JSON of a request's body.
 *
 *     {"user": ID, "actions": [{"item": ID, "kind": KIND, "weight": N, "time_ms": N}, ...],
 *      "candidates": [ID, ...], "placement": NAME, "exclude": [ID, ...], "offset": N, "limit": N,
 *      "context": {"device": WORD, "channel": WORD, "country": WORD, "region": WORD,
 *                  "geohash": WORD, "hour": N, "weekday": N, "time_zone": ZONE},
 *      "profile": {"country": TEXT, "birth_year": N, "tags": [TEXT, ...]}}
 */
#ifndef FRESHET_SERVE_LIST_BODY_H
#define FRESHET_SERVE_LIST_BODY_H

#include "serve/list_query.h"

enum { LIST_BODY_BYTES_MAX = 1 << 20 };

/* Reads a body. Texts live in the arena. An unknown member is refused, because a misspelt one would
 * show what must not be shown. False with the reason in why, which has QUERY_WHY_BYTES bytes. */
bool list_body_read(struct slice body, struct arena *arena, struct list_query *ret_query,
                    char *why);

#endif
