/* Catalogue: which items may be recommended, by the process's item numbers.
 *
 * The `items` topic lists items and says which are available. A tombstone removes an item, which is
 * then barred until it is listed again. If the catalogue is required (items.required), only listed
 * items may be recommended; otherwise items that were never listed may be, too. An item with dates
 * is barred outside of them, by the clock of catalogue_set_clock(). One thread.
 */
#ifndef FRESHET_SCORER_LISTS_CATALOGUE_H
#define FRESHET_SCORER_LISTS_CATALOGUE_H

#include "model/counting/item_flags.h"
#include "scorer/lists/validity.h"

struct catalogue {
    uint8_t *flags; /* ITEM_LISTED, ITEM_BARRED */
    int32_t count;
    int32_t capacity;
    bool required;
    uint64_t barred; /* how often an item was barred that had not been */
    struct change_log changes;
    struct validities validities;
};

/* Prepares an empty catalogue. */
void catalogue_init(struct catalogue *catalogue, bool required);
/* Frees the memory. */
void catalogue_release(struct catalogue *catalogue);
/* Makes room for item numbers below count. */
void catalogue_reach(struct catalogue *catalogue, int32_t count);
/* Lists an item. */
void catalogue_put(struct catalogue *catalogue, int32_t item, bool available);
/* Lists an item with dates between which it may be recommended; 0: without that end. */
void catalogue_put_dated(struct catalogue *catalogue, int32_t item, bool available,
                         int64_t from_ms, int64_t until_ms);
/* Sets the time: items whose dates begin or end are barred, or not any more. */
void catalogue_set_clock(struct catalogue *catalogue, int64_t now_ms);
/* Removes an item: it is barred. */
void catalogue_remove(struct catalogue *catalogue, int32_t item);
/* Treats an item as one that was never listed. */
void catalogue_forget(struct catalogue *catalogue, int32_t item);
/* Returns the flags for the ranking; borrowed until the next change. */
struct item_flags catalogue_flags(const struct catalogue *catalogue);

#endif
