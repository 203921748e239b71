/* Validity: between which dates items of the catalogue may be recommended.
 *
 * An item is valid from `from_ms` on, and before `until_ms`; 0: without that end. Only items that
 * have a date are kept here. When a date is reached, validities_due() says so; the catalogue then
 * passes over all of them. With many items it passes once a second at most (a pass over a million
 * takes milliseconds). One thread.
 */
#ifndef FRESHET_SCORER_LISTS_VALIDITY_H
#define FRESHET_SCORER_LISTS_VALIDITY_H

#include "base/hash_index.h"

struct validity {
    int32_t item;
    bool available; /* apart from its dates */
    int64_t from_ms, until_ms;
};

struct validities {
    struct validity *at; /* in no order */
    size_t count, capacity;
    struct hash_index index; /* by item */
    int64_t now_ms;          /* when it was last asked whether a pass is due */
    int64_t next_ms;         /* when the next pass is due */
};

/* Prepares an empty table in place. */
void validities_init(struct validities *validities);
/* Frees the memory. */
void validities_release(struct validities *validities);
/* Keeps an item's dates, in place of former ones. */
void validities_put(struct validities *validities, const struct validity *validity);
/* Drops an item's dates, if it has any. */
void validities_drop(struct validities *validities, int32_t item);
/* Says whether some item may have become valid or invalid by now; then all must be passed over, and
 * the time of the next pass is set. */
bool validities_due(struct validities *validities, int64_t now_ms);
/* Says whether an item may be recommended at a time. */
bool validity_holds(const struct validity *validity, int64_t now_ms);

#endif
