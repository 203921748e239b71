/* Item flags: what the catalogue says of each item, by item number (model/ids.h). */
#ifndef FRESHET_MODEL_COUNTING_ITEM_FLAGS_H
#define FRESHET_MODEL_COUNTING_ITEM_FLAGS_H

#include "model/change_log.h"

enum {
    ITEM_LISTED = 1, /* it is in the catalogue */
    ITEM_BARRED = 2, /* it must not be recommended */
};

/* Borrowed from the catalogue; items from `count` on have no flags. All zeros: no catalogue. */
struct item_flags {
    const uint8_t *at;
    int32_t count;
    const struct change_log *changes; /* of flags; NULL: they never change */
};

/* Returns an item's flags. */
static inline uint8_t item_flags_of(const struct item_flags *flags, int32_t item)
{
    return item < flags->count ? flags->at[item] : 0;
}

/* Says whether the item must not be recommended. */
static inline bool item_flags_barred(const struct item_flags *flags, int32_t item)
{
    return item_flags_of(flags, item) & ITEM_BARRED;
}

#endif
