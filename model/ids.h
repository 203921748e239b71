/* Ids: numbers for id strings, within one process.
 *
 * Every id gets the next number, 0, 1, 2 ..., and keeps it until the table is freed or cleared.
 * Numbers never leave the process. An id can also be found by its XXH3-64 fingerprint, which
 * messages use, or by its first 24 bits, the prefix
 * (UserHistory.had_prefixes). The table owns copies of the texts,
 * which never move, except in ids_retain().
 */
#ifndef FRESHET_MODEL_IDS_H
#define FRESHET_MODEL_IDS_H

#include "base/base.h"
#include "base/slice.h"

enum { ID_NONE = -1, IDS_PREFIX_BITS = 24, IDS_PREFIXED_MAX = 16 };

struct ids;

/* Makes an empty table for at most max ids; free with ids_free(). */
struct ids *ids_new(int32_t max);
/* Frees the table; takes NULL; returns NULL. */
struct ids *ids_free(struct ids *ids);
/* Forgets all ids: the next one gets 0. No number or text of before may be in use. */
void ids_clear(struct ids *ids);
/* Forgets the ids of which `keeps` says false, and frees the memory of their texts. The others keep
 * their numbers, but their texts move; later ids get the numbers of the forgotten ones. Only for a
 * table that is neither ranked nor searched by fingerprints or prefixes. */
void ids_retain(struct ids *ids, bool (*keeps)(const void *arg, int32_t number), const void *arg);
/* Calls ids_retain() where that frees much: the ids that `keeps` does not keep are more than the
 * others, which are `used`, and than 65,536; or, where the table is nearly full, a 16th of it. */
void ids_forget_unused(struct ids *ids, size_t used,
                       bool (*keeps)(const void *arg, int32_t number), const void *arg);
/* Returns how many more ids there is room for. */
int32_t ids_room(const struct ids *ids);
/* Finds or adds an id; ID_NONE when the table is full. */
int32_t ids_put(struct ids *ids, struct slice id);
/* Finds an id; ID_NONE when it is unknown. */
int32_t ids_find(const struct ids *ids, struct slice id);
/* Finds many ids, which costs less than one by one where they are anywhere in memory. */
void ids_find_many(const struct ids *ids, const struct slice *texts, size_t count,
                   int32_t *ret_numbers);
/* Finds an id by its fingerprint; ID_NONE when it is unknown. Of several ids that have it, the one
 * with the lowest number. The first call of this or the next makes a table, which takes 4 to 8
 * bytes an id. */
int32_t ids_find_hash(struct ids *ids, uint64_t hash);
/* Finds the ids with a prefix and returns how many there are, at most IDS_PREFIXED_MAX. Among
 * 1,000,000 ids one in 17 shares its prefix with another one. */
size_t ids_find_prefix(struct ids *ids, uint32_t prefix,
                       int32_t ret_numbers[static IDS_PREFIXED_MAX]);
/* Returns the text of a number; borrowed for the life of the table, NUL-terminated beyond its
 * size. */
struct slice ids_text(const struct ids *ids, int32_t number);
/* Returns the fingerprint of a number. */
uint64_t ids_hash(const struct ids *ids, int32_t number);
/* Returns the number of ids, with those that ids_retain() has forgotten: numbers are below it. */
int32_t ids_count(const struct ids *ids);
/* Ranks all ids by their texts. Until more ids are added, numbers are then compared without their
 * texts, which are spread over memory. Costs little when few ids are new. */
void ids_rank_all(struct ids *ids);
/* The same where an eighth of the ids or more has none: so it costs little, however they come. */
void ids_rank_often(struct ids *ids);
/* Counts the ids that have no rank. */
int32_t ids_unranked(const struct ids *ids);
/* Returns the place of a number's text among those that are ranked; ID_NONE: the id is newer. */
int32_t ids_rank(const struct ids *ids, int32_t number);
/* Says whether the text of a comes before that of b: a strict total order of the numbers that does
 * not depend on them, for topk_init(). `ids` is a struct ids. */
bool ids_before(const void *ids, int32_t a, int32_t b);

/* The fingerprint of a text: XXH3 64 bits, seed 0 (github.com/Cyan4973/xxHash). */
uint64_t ids_fingerprint(struct slice id);

/* The prefix of a fingerprint: its upper IDS_PREFIX_BITS. */
static inline uint32_t ids_prefix(uint64_t fingerprint)
{
    return (uint32_t)(fingerprint >> (64 - IDS_PREFIX_BITS));
}

/* Returns which of `count` partitions has the row of an item with this fingerprint. Every writer
 * and reader of item rows uses this function. */
static inline int32_t ids_partition(uint64_t hash, int32_t count)
{
    assert(count > 0);
    return (int32_t)(hash % (uint64_t)count);
}

#endif
