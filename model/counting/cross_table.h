/* Cross table: the counts of cross pairs (cross_rules.h) as a scorer reads them, and how strongly
 * what a user did speaks for other items.
 *
 * A row is an item as the object of a kind: how many users did so, and, of the items that such
 * users did another kind on, those with most. The strength of a pair is the root of its
 * log-likelihood ratio (similarity.h), 0 where the two come together less often than chance: it
 * grows like a number of standard deviations. It is computed when it is read, from the rows as they
 * are then; it does not depend on the order in which they came. Memory: 40 bytes for each kind and
 * item number, 600 a row that says something; none while there are no rows. One thread.
 */
#ifndef FRESHET_MODEL_COUNTING_CROSS_TABLE_H
#define FRESHET_MODEL_COUNTING_CROSS_TABLE_H

#include "base/base.h"
#include "model/counting/cross_rules.h"

enum { CROSS_NEIGHBOURS_MAX = 50 }; /* of a row; the others are left out */

struct cross_neighbour {
    int32_t item;
    int32_t kind; /* what users did on it later */
    float users;
};

/* A row as it arrives; borrowed. */
struct cross_row {
    int64_t version, epoch;
    double users;
    const struct cross_neighbour *neighbours; /* those with most users first */
    size_t count;
};

/* What a row says of an item. */
struct cross_found {
    int32_t item;
    float strength; /* above 0 */
    float users;    /* of the pair */
};

struct cross_table;

/* Makes an empty table; free with cross_table_free(). */
struct cross_table *cross_table_new(void);
/* Frees it; takes NULL; returns NULL. */
struct cross_table *cross_table_free(struct cross_table *table);
/* Replaces a row. */
void cross_table_put(struct cross_table *table, int32_t kind, int32_t item,
                     const struct cross_row *row);
/* Returns the version of a row; 0: there is none. */
int64_t cross_table_version(const struct cross_table *table, int32_t kind, int32_t item);
/* Removes a row. */
void cross_table_remove(struct cross_table *table, int32_t kind, int32_t item);
/* Says whether no row has any neighbour. */
bool cross_table_empty(const struct cross_table *table);
/* Finds what a kind of action on an item says of others; `users` are all. Borrowed until the next
 * call. */
size_t cross_table_find(struct cross_table *table, int32_t kind, int32_t item, double users,
                        const struct cross_found **ret_found);

#endif
