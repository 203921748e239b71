/* Brought items: the candidates that a platform brings itself (topic `candidates`), by user.
 *
 * Items stand as texts: one counts for a list as soon as the tables know it. A prior says how much
 * an item is wanted by who brings it: its score as a part of the record's greatest, or by its
 * place, 1 for the first. Of several sources that bring one item, that with the greatest prior
 * counts; of equal ones the first by name; a source's items for the user go before its items for
 * all. So a list depends on the newest records and the clock alone, not on the order in which they
 * came.
 *
 * Memory is bounded: beyond it, records are refused. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_BROUGHT_ITEMS_H
#define FRESHET_SCORER_LISTS_BROUGHT_ITEMS_H

#include "model/ids.h"
#include "schemas/candidate_list.h"

enum {
    BROUGHT_MAX = 300,        /* items that count for a list */
    BROUGHT_SOURCES_MAX = 16, /* of one user, and of all users */
};

struct brought_item {
    int32_t item;
    int32_t source; /* for brought_items_source() */
    float prior;    /* above 0, at most 1 */
};

struct brought_items;

/* Makes an empty table of at most so many bytes; free with brought_items_free(). */
struct brought_items *brought_items_new(size_t bytes_max);
/* Takes NULL; returns NULL. */
struct brought_items *brought_items_free(struct brought_items *brought);
/* Puts a record that is right (candidate_list_fault()), in place of the one with its key. NULL, or
 * the reason why it is refused, and the former one is gone: "over_memory", "too_many_sources". */
const char *brought_items_put(struct brought_items *brought, const struct candidate_list *list);
/* Removes a record, if it is there. */
void brought_items_remove(struct brought_items *brought, struct slice source, struct slice user);
/* Sets the time by which records expire. */
void brought_items_set_clock(struct brought_items *brought, int64_t now_ms);
/* Finds the items that count for a user now, of those that `ids` has, each once. Returns how many,
 * at most BROUGHT_MAX; in *ret_until_ms until when that holds if no record comes. */
size_t brought_items_find(struct brought_items *brought, struct slice user, const struct ids *ids,
                          struct brought_item *ret_items, int64_t *ret_until_ms);
/* Returns a source's name; borrowed for the table's life. */
struct slice brought_items_source(const struct brought_items *brought, int32_t source);
/* Counts records, and bytes. */
size_t brought_items_count(const struct brought_items *brought);
size_t brought_items_bytes(const struct brought_items *brought);

#endif
