#include "base/base.h"
#include "base/xalloc.h"
#include "model/transformer/item_vectors.h"
#include "model/transformer/wide.h"

void item_attributes_init(struct item_attributes *of, uint32_t items, uint32_t attributes,
                          const size_t *starts, const int32_t *ids)
{
    const size_t count = starts[items];
    *of = (struct item_attributes){.items = items, .attributes = attributes};
    of->starts = xmemdup(starts, (items + 1u) * sizeof(*starts));
    of->ids = xmemdup(ids, count * sizeof(*ids));
    of->holder_starts = xcalloc(attributes + 2u, sizeof(*of->holder_starts));
    of->holders = xcalloc(count, sizeof(*of->holders));
    /* Counts one place ahead, so that filling moves each start to where it belongs. */
    for (size_t i = 0; i < count; i++) {
        assert(ids[i] >= 0 && (uint32_t)ids[i] < attributes);
        of->holder_starts[ids[i] + 2]++;
    }
    for (size_t a = 2; a < attributes + 2u; a++) {
        of->holder_starts[a] += of->holder_starts[a - 1];
    }
    for (uint32_t item = 0; item < items; item++) {
        for (size_t i = starts[item]; i < starts[item + 1]; i++) {
            of->holders[of->holder_starts[ids[i] + 1]++] = (int32_t)item;
        }
    }
}

void item_attributes_release(struct item_attributes *of)
{
    free(of->starts);
    free(of->ids);
    free(of->holder_starts);
    free(of->holders);
    *of = (struct item_attributes){0};
}

static float share_of(const struct item_attributes *of, size_t item)
{
    return 1.0f / sqrtf((float)(of->starts[item + 1] - of->starts[item]));
}

WIDE_INLINE void add_scaled(float *y, const float *x, size_t d, float scale)
{
    for (size_t i = 0; i < d; i += WIDE_LANES) {
        wide_store(y + i, wide_load(y + i) + wide_load(x + i) * scale);
    }
}

WIDE
void item_vectors_compose(const struct item_attributes *of, const float *own, const float *shared,
                          size_t d, size_t from, size_t to, float *w)
{
    assert(d % WIDE_LANES == 0 && to <= of->items);
    for (size_t item = from; item < to; item++) {
        memcpy(w + item * d, own + item * d, d * sizeof(*w));
        const float share = share_of(of, item);
        for (size_t i = of->starts[item]; i < of->starts[item + 1]; i++) {
            add_scaled(w + item * d, shared + (size_t)of->ids[i] * d, d, share);
        }
    }
}

WIDE
void item_vectors_back(const struct item_attributes *of, const float *dw, size_t d, size_t from,
                       size_t to, float *dshared)
{
    assert(d % WIDE_LANES == 0 && to <= of->attributes);
    for (size_t a = from; a < to; a++) {
        for (size_t i = of->holder_starts[a]; i < of->holder_starts[a + 1]; i++) {
            const size_t item = (size_t)of->holders[i];
            add_scaled(dshared + a * d, dw + item * d, d, share_of(of, item));
        }
    }
}
