/* Searches: what a user searched for lately, ordered by time and event id.
 *
 * Bounded: the oldest is dropped, and one that would stand before all others where there are as
 * many as may be, too. So the entries do not depend on the order in which searches arrive, nor on
 * how often. Open data; init with zeros. One thread.
 */
#ifndef FRESHET_FEATURES_SEARCHES_H
#define FRESHET_FEATURES_SEARCHES_H

#include "base/base.h"
#include "base/slice.h"

/* What is kept of a text. */
enum { SEARCH_TEXT_BYTES_MAX = 256 };

struct search {
    int64_t time_ms;
    uint64_t id_hash; /* XXH3-64 of the event id */
    uint32_t size;
    char text[SEARCH_TEXT_BYTES_MAX];
};

struct searches {
    struct search *at;
    int32_t count;
    int32_t capacity;
};

/* Returns by what a text counts: its first SEARCH_TEXT_BYTES_MAX bytes, up to a whole character. */
struct slice searches_kept(struct slice text);
/* Adds a search; drops the oldest beyond `most`. Returns whether anything has changed. */
bool searches_add(struct searches *searches, int64_t time_ms, uint64_t id_hash, struct slice text,
                  int32_t most);
/* Takes the search of an event away; returns whether it was there. */
bool searches_take(struct searches *searches, uint64_t id_hash);
/* Takes all searches for a text away, up to a time; returns whether there was one. */
bool searches_take_text(struct searches *searches, struct slice text, int64_t until_ms);
/* Returns the text at a place; borrowed. */
struct slice searches_text(const struct searches *searches, int32_t at);
/* Frees the entries. */
void searches_release(struct searches *searches);

/* Says whether columns of a message, which may be anybody's, are those of searches. */
bool searches_valid(const struct slices *texts, const struct longs *times_ms,
                    const struct longs *event_ids);

#endif
