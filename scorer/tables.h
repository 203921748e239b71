/* Tables: all that the scorer knows of items, built from the broadcast topics.
 *
 * Ids and their numbers, the catalogue, and the item-item table; one of each for the process.
 * A record that cannot be believed changes nothing.
 */
#ifndef FRESHET_SCORER_TABLES_H
#define FRESHET_SCORER_TABLES_H

#include "model/counting/item_table.h"
#include "schemas/item.h"
#include "schemas/item_neighbours.h"
#include "scorer/catalogue.h"
#include "scorer/scorer_settings.h"

/* Largest count, user number and epoch (of either sign) that is believed. */
#define TABLES_COUNT_MAX 1e12
#define TABLES_EPOCH_MAX ((int64_t)1 << 40)

struct tables {
    struct ids *ids;
    struct item_table *items;
    struct catalogue catalogue;
    size_t neighbours_used;
    int32_t *numbers; /* scratch of neighbours_used */
    int64_t over_max; /* items that found no place under items.max, so far */
};

/* Prepares empty tables. */
void tables_init(struct tables *tables, const struct scorer_settings *settings);
/* Frees what the tables own; takes half-built ones. */
void tables_release(struct tables *tables);
/* Finds or adds an item's number; ID_NONE past items.max, which is counted. */
int32_t tables_number(struct tables *tables, struct slice id);
/* Takes a catalogue entry. */
void tables_put_item(struct tables *tables, const struct item *item);
/* Takes the tombstone of a catalogue entry. */
void tables_remove_item(struct tables *tables, struct slice id);
/* Takes a row. The row's columns are used as
 * scratch. Returns NULL, or the reason why the row was refused: "columns_differ", "over_limit". */
const char *tables_put_row(struct tables *tables, struct item_neighbours *row);
/* Takes the tombstone of a row. */
void tables_remove_row(struct tables *tables, struct slice id);

#endif
