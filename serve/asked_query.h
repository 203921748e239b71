/* Asked query: the text of a request, or what a user searched for, with its vector and the items
 * that are nearest to it, where there is an encoder. One thread; the encoder is shared.
 */
#ifndef FRESHET_SERVE_ASKED_QUERY_H
#define FRESHET_SERVE_ASKED_QUERY_H

#include "embed/text/query_vectors.h"
#include "serve/live_tables.h"

/* How the items of a list were found. */
#define FOUND_BY_WORDS "words"
#define FOUND_BY_VECTORS "words+vectors"

struct asked_query;

/* Makes it; borrows both; `vectors` NULL: words alone. Free with asked_query_free(). */
struct asked_query *asked_query_new(struct live_tables *live, struct query_vectors *vectors);
/* Takes NULL; returns NULL. */
struct asked_query *asked_query_free(struct asked_query *asked);
/* Prepares a text (at most QUERY_BYTES_MAX bytes, which are borrowed). NULL: its vector comes
 * later, and the waiter (not 0) is woken when it does; else borrowed until the next call. */
const struct live_query *asked_query_prepare(struct asked_query *asked, struct slice text,
                                             uint64_t waiter);
/* The same for a text that a user searched for, of the history. */
const struct live_query *asked_query_prepare_searched(struct asked_query *asked, struct slice text,
                                                      uint64_t waiter);
/* Says how the items of a prepared query are found. */
const char *asked_query_found_by(const struct live_query *query);

#endif
