/* Catalogue: what may be recommended, item by item, by the process's item numbers.
 *
 * The `items` topic lists items and says which are available; a tombstone takes an item out again,
 * and it is then barred until it is listed anew. Where the catalogue is required, only what it
 * lists may be recommended; else items that were never listed may be, too.
 */
#ifndef FRESHET_SCORER_CATALOGUE_H
#define FRESHET_SCORER_CATALOGUE_H

#include "model/counting/ranking.h"

struct catalogue {
    uint8_t *flags; /* ITEM_LISTED, ITEM_BARRED */
    int32_t count;
    int32_t capacity;
    bool required;
    uint64_t version;
};

/* Prepares an empty catalogue. */
void catalogue_init(struct catalogue *catalogue, bool required);
/* Frees the memory. */
void catalogue_release(struct catalogue *catalogue);
/* Takes note that items up to this number exist. */
void catalogue_reach(struct catalogue *catalogue, int32_t count);
/* Lists an item. */
void catalogue_put(struct catalogue *catalogue, int32_t item, bool available);
/* Takes an item out. */
void catalogue_remove(struct catalogue *catalogue, int32_t item);
/* Shows the flags to the ranking; borrowed until the next change. */
struct item_flags catalogue_flags(const struct catalogue *catalogue);

#endif
