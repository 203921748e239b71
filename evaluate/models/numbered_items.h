/* Numbered items: the ids of a data set's items, whose texts are their numbers, so that what works
 * with ids (model/ids.h) has the numbers of the data set. */
#ifndef FRESHET_EVALUATE_MODELS_NUMBERED_ITEMS_H
#define FRESHET_EVALUATE_MODELS_NUMBERED_ITEMS_H

#include "base/base.h"
#include "model/ids.h"

/* Makes the ids of the items 0 .. count - 1. Free with ids_free(). */
static inline struct ids *numbered_items_new(int32_t count)
{
    struct ids *ids = ids_new(count);
    for (int32_t item = 0; item < count; item++) {
        char text[16];
        int size = snprintf(text, sizeof(text), "%d", item);
        int32_t number = ids_put(ids, slice_of(text, (size_t)size));
        assert(number == item);
        (void)number;
    }
    return ids;
}

#endif
