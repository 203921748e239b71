/* Shown items: what a user was shown and did not take counts less in the user's lists. */
#ifndef FRESHET_MODEL_SHOWN_ITEMS_H
#define FRESHET_MODEL_SHOWN_ITEMS_H

#include "base/base.h"

struct shown_item {
    int32_t item;
    float factor; /* of its score: above 0, below 1 */
};

/* Each item once; borrowed. */
struct shown_items {
    const struct shown_item *at;
    size_t count;
};

#endif
