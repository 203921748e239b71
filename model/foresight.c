#include "base/base.h"
#include "base/xalloc.h"
#include "model/encoder.h"
#include "model/foresight.h"
#include "model/gemm.h"

enum { PACK_TOKENS = 512 };

struct foresight {
    struct weights_shape shape;
    float *dense;
    struct weights weights;
    struct encoder *encoder;
    struct pack pack;
};

static struct weights_shape without_tables(const struct weights_shape *shape)
{
    struct weights_shape dense = *shape;
    dense.items = 0;
    dense.attributes = 0;
    return dense;
}

size_t foresight_dense_count(const struct weights_shape *shape)
{
    const struct weights_shape dense = without_tables(shape);
    return weights_count(&dense);
}

struct foresight *foresight_new(const struct weights_shape *shape, const float *dense)
{
    struct foresight *foresight = xcalloc(1, sizeof(*foresight));
    foresight->shape = without_tables(shape);
    const size_t count = foresight_dense_count(shape);
    foresight->dense = xmemdup(dense, count * sizeof(*dense));
    foresight->weights = weights_view(&foresight->shape, foresight->dense);
    foresight->shape.items = INT32_MAX; /* the table says how many */
    const size_t tokens = MAX_OF((size_t)PACK_TOKENS, (size_t)shape->length);
    pack_init(&foresight->pack, tokens);
    foresight->encoder = encoder_new(&foresight->shape, tokens);
    return foresight;
}

struct foresight *foresight_free(struct foresight *foresight)
{
    if (!foresight) { return NULL; }
    encoder_free(foresight->encoder);
    pack_release(&foresight->pack);
    free(foresight->dense);
    free(foresight);
    return NULL;
}

size_t foresight_width(const struct foresight *foresight)
{
    return foresight->shape.d;
}

void foresight_encode(struct foresight *foresight, const float *table,
                      const struct sequence *histories, size_t count, float *hidden)
{
    const size_t d = foresight->shape.d;
    const struct encoder_job job = {
        .weights = &foresight->weights,
        .table = table,
        .pack = &foresight->pack,
        .causal = true,
    };
    for (size_t next = 0; next < count;) {
        const size_t first = next;
        pack_clear(&foresight->pack);
        while (next < count && pack_add_history(&foresight->pack, &histories[next],
                                                foresight->shape.length, /* masked= */ false)) {
            next++;
        }
        memcpy(hidden + first * d, encoder_run_last(foresight->encoder, &job),
               (next - first) * d * sizeof(*hidden));
    }
}

void foresight_scores(const struct foresight *foresight, const float *table, size_t rows,
                      const float *hidden, size_t count, float *scores)
{
    const size_t d = foresight->shape.d;
    gemm_nt((struct gemm_shape){count, rows, d}, 1.0F, matrix_of(hidden, d), matrix_of(table, d),
            0.0F, scores, rows);
}
