/* Item vectors with attributes: w_i = e_i + (sum of the vectors of i's attributes) / sqrt(n_i).
 *
 * n_i counts the item's attributes, so that an item with many attributes has no larger vector than
 * one with few. Input and output use the same table (tied weights). A new item gets its vector from
 * its attributes. Functions work on ranges, so that threads can share the work: each row is written
 * by one call only, in a fixed order.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_ITEM_VECTORS_H
#define FRESHET_MODEL_TRANSFORMER_ITEM_VECTORS_H

#include "base/base.h"

/* Which items have which attributes, indexed by item and by attribute. */
struct item_attributes {
    uint32_t items, attributes;
    size_t *starts; /* items + 1 */
    int32_t *ids;   /* attributes of item i: starts[i] .. starts[i + 1] - 1 */
    size_t *holder_starts; /* attributes + 1 */
    int32_t *holders;      /* items that have the attribute */
};

/* Takes the attribute ids (0 .. attributes - 1, each at most once an item) of `items` items; copies
 * them. */
void item_attributes_init(struct item_attributes *of, uint32_t items, uint32_t attributes,
                          const size_t *starts, const int32_t *ids);
/* Frees the memory. */
void item_attributes_release(struct item_attributes *of);
/* Writes w for the items from .. to - 1. own and w: items x d; shared: attributes x d. */
void item_vectors_compose(const struct item_attributes *of, const float *own, const float *shared,
                          size_t d, size_t from, size_t to, float *w);
/* Adds the gradients of the attributes from .. to - 1 to dshared, given dw, the gradient of w. The
 * gradient of e is dw itself. */
void item_vectors_back(const struct item_attributes *of, const float *dw, size_t d, size_t from,
                       size_t to, float *dshared);

#endif
