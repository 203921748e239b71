/* Roll: which of the pool's items and attributes a model knows, and by which numbers.
 *
 * A model's numbers outlive the process, the pool's do not: the roll keeps fingerprints. Items that
 * are new to it get their numbers in the order of their fingerprints, so that numbers do not depend
 * on the order in which the pool got to know them. An item is taken when somebody had it or when
 * it has attributes; an attribute when at least two items have it.
 */
#ifndef FRESHET_SEQUENCE_ROLL_H
#define FRESHET_SEQUENCE_ROLL_H

#include "base/buf.h"
#include "base/hash_index.h"
#include "model/transformer.h"
#include "sequence/pool.h"

enum { ROLL_NONE = -1, ROLL_TRAITS_LEAST = 256 };

/* Fingerprints by the model's numbers, and the way back. */
struct roll_names {
    uint64_t *hashes;
    uint32_t count, capacity;
    struct hash_index index;
};

struct roll {
    struct roll_names items, traits;
    uint32_t items_max, traits_max;
    int32_t *numbers; /* the pool's item -> the model's, or ROLL_NONE */
    size_t numbers_count;
    uint64_t version; /* of the pool, when it was last looked at */
    int64_t over_max; /* items of the pool that found no place */
};

/* Prepares an empty roll for a model that is yet to be made: traits_max follows from what the pool
 * knows now, with room for as many again. */
void roll_init(struct roll *roll, struct pool *pool, uint32_t items_max);
/* Frees the memory. */
void roll_release(struct roll *roll);
/* Takes what is new in the pool; says whether anything is. */
bool roll_call(struct roll *roll, struct pool *pool);
/* Makes the model agree: as many items, and their attributes. */
void roll_teach(const struct roll *roll, struct pool *pool, struct transformer *model);
/* Turns a sequence of the pool's numbers into the model's, in place; items that the model does not
 * know are left out. Returns what is left. */
size_t roll_translate(const struct roll *roll, int32_t *items, size_t count);
/* Finds the place of a fingerprint among names; ROLL_NONE when it is none of them. */
int32_t roll_find(const struct roll_names *names, uint64_t hash);
/* Copies names; release with roll_names_release(). */
void roll_names_copy(const struct roll_names *names, struct roll_names *ret_names);
void roll_names_release(struct roll_names *names);
/* Tells the model's number of a pool's item. */
int32_t roll_number(const struct roll *roll, int32_t item);

/* Appends the roll as bytes. */
void roll_save(const struct roll *roll, struct buf *buf);
/* Fills a roll from what roll_save() wrote at *at, which moves behind it; false: it is not that. */
bool roll_load(struct roll *roll, const char **at, const char *end, uint32_t items_max);

#endif
