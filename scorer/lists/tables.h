/* Tables: the scorer's data on items, built from the broadcast topics.
 *
 * Ids and their numbers, the catalogue and the item-item table; one of each for the process. A
 * record with values over a limit changes nothing. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_TABLES_H
#define FRESHET_SCORER_LISTS_TABLES_H

#include "model/counting/context_table.h"
#include "model/counting/cross_table.h"
#include "model/counting/item_table.h"
#include "schemas/item.h"
#include "schemas/serving_row.h"
#include "rules/item_columns.h"
#include "scorer/lists/admission.h"
#include "scorer/lists/catalogue.h"
#include "scorer/lists/item_search.h"
#include "scorer/lists/list_settings.h"

/* Limits of valid input: of the absolute value of a count, and of an epoch. */
#define TABLES_COUNT_MAX 1e12
#define TABLES_EPOCH_MAX ((int64_t)1 << 40)
/* And of the users that are counted on an item: their sum over all items fits an int64_t. */
#define TABLES_USERS_MAX 4e9

struct tables_row {
    int64_t version; /* of the newest message; 0 without a row */
};

struct tables {
    struct admission admission;
    struct ids *ids; /* of the admission */
    struct item_table *items;
    struct cross_table *cross;
    struct context_table *contexts; /* NULL: not used */
    struct catalogue catalogue;
    struct item_columns columns; /* attributes, for rules of placements */
    struct item_search *search;  /* NULL: not used */
    size_t neighbours_used;
    struct tables_row *rows; /* what the table does not hold of the rows, by item number */
    size_t rows_capacity;
    int32_t *numbers;        /* scratch of neighbours_used; so are the columns */
    double *co_ratings;
    double *forwards;
    double *backwards;
    struct context_count *context_counts; /* as well; NULL: not used */
    /* A clock that goes on with each change, and what it was at the newest change of each kind. */
    uint64_t clock;
    uint64_t rows_changed, catalogue_changed, model_changed, rules_changed, brought_changed;
    int64_t over_max; /* times that an item was left out by its admission */
};

/* Prepares empty tables. */
void tables_init(struct tables *tables, const struct list_settings *settings);
/* Frees the memory; takes half-built tables. */
void tables_release(struct tables *tables);
/* Lets the tables keep counts of contexts; before the first row. */
void tables_use_contexts(struct tables *tables);
/* Moves the clock on: something has changed that lists are made of. Returns the new time. */
static inline uint64_t tables_change(struct tables *tables)
{
    return ++tables->clock;
}
/* Finds or adds an item's number, which may have no slot: it is barred then. ID_NONE: none is left,
 * which is counted. */
int32_t tables_number(struct tables *tables, struct slice id);
/* Adds or replaces a catalogue entry. */
void tables_put_item(struct tables *tables, const struct item *item);
/* Sets the time by which items are valid or not: before entries are added, and again and again. */
void tables_set_clock(struct tables *tables, int64_t now_ms);
/* Removes a catalogue entry. */
void tables_remove_item(struct tables *tables, struct slice id);
/* Adds or replaces a row of an item, or of an item as the object of a kind of action
 * (model/counting/cross_rules.h), or of a context (context_text.h); ignores one that is older than
 * the table's. Returns NULL, or the reason why the row was refused: "columns_differ",
 * "over_limit". */
const char *tables_put_row(struct tables *tables, const struct serving_row *row);
/* Returns the version of an item's row; 0: there is none. */
int64_t tables_version(const struct tables *tables, int32_t item);
/* Says whether the catalogue has an item, or somebody has acted on it: an id may have a number for
 * less, as that of a row that has gone since. */
bool tables_know(const struct tables *tables, int32_t item);
/* Removes a row. */
void tables_remove_row(struct tables *tables, struct slice id);

#endif
