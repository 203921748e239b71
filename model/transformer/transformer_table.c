/* The table of item vectors that a Transformer works with: each item's own vector, what its
 * attributes add (item_vectors.h), and what the projection makes of its content vector. Only where
 * there is one of the latter two is the table a copy.
 *
 * Work is cut into slices, each of which belongs to one call, so that results do not depend on the
 * number of threads.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "model/transformer/transformer_internal.h"
#include "model/transformer/wide.h"

void transformer_slice(size_t count, size_t slice, size_t *ret_from, size_t *ret_to)
{
    size_t each = (count / TRANSFORMER_SLICES + WIDE_LANES) / WIDE_LANES * WIDE_LANES;
    *ret_from = MIN_OF(slice * each, count);
    *ret_to = slice + 1 == TRANSFORMER_SLICES ? count : MIN_OF((slice + 1) * each, count);
}

static bool is_composed(const struct transformer *model)
{
    return model->has_attributes || model->content;
}

/* ---- Life ---- */

void transformer_table_open(struct transformer *model)
{
    model->table = model->weights.items;
}

void transformer_table_close(struct transformer *model)
{
    if (is_composed(model)) { free(model->table); }
    item_attributes_release(&model->attributes);
    free(model->content);
    free(model->searches);
}

/* Makes room for a table of all items; before the model is given what makes it a copy. */
static void make_table(struct transformer *model)
{
    const struct weights_shape *shape = &model->settings.shape;
    if (is_composed(model)) { free(model->table); }
    model->table = xcalloc((size_t)shape->items * shape->d, sizeof(*model->table));
}

static void take_attributes(struct transformer *model, const size_t *starts, const int32_t *ids)
{
    const struct weights_shape *shape = &model->settings.shape;
    item_attributes_release(&model->attributes);
    item_attributes_init(&model->attributes, shape->items, shape->attributes, starts, ids);
    model->has_attributes = true;
}

void transformer_set_attributes(struct transformer *model, const size_t *starts, const int32_t *ids)
{
    make_table(model);
    take_attributes(model, starts, ids);
    transformer_compose(model);
}

void transformer_set_content(struct transformer *model, const float *vectors)
{
    const struct weights_shape *shape = &model->settings.shape;
    const size_t count = (size_t)shape->items * shape->content;
    assert(shape->content > 0);
    make_table(model);
    free(model->content);
    model->content = xmemdup(vectors, count * sizeof(*vectors));
    transformer_compose(model);
}

/* New items have no attributes: the last start, over and over. */
static void grow_attributes(struct transformer *model, uint32_t before)
{
    const uint32_t items = model->settings.shape.items;
    size_t *starts = xcalloc(items + 1u, sizeof(*starts));
    memcpy(starts, model->attributes.starts, (before + 1u) * sizeof(*starts));
    for (uint32_t i = before + 1; i <= items; i++) { starts[i] = starts[before]; }
    int32_t *ids = xmemdup(model->attributes.ids, starts[before] * sizeof(*ids));
    take_attributes(model, starts, ids);
    free(starts);
    free(ids);
}

void transformer_table_grow(struct transformer *model, uint32_t before)
{
    const struct weights_shape *shape = &model->settings.shape;
    const size_t from = (size_t)before * shape->content;
    const size_t count = (size_t)shape->items * shape->content;
    if (!is_composed(model)) {
        transformer_table_open(model);
        return;
    }
    make_table(model);
    if (model->has_attributes) { grow_attributes(model, before); }
    if (model->content) {
        model->content = xreallocarray(model->content, count, sizeof(*model->content));
        memset(model->content + from, 0, (count - from) * sizeof(*model->content));
    }
    transformer_compose(model);
}

/* ---- Vectors from weights ---- */

/* Adds to `rows` vectors what the projection makes of as many content vectors. */
static void project(const struct transformer *model, const float *content, size_t rows, float *to)
{
    const struct weights_shape *shape = &model->settings.shape;
    gemm_nn((struct gemm_shape){rows, shape->d, shape->content}, 1.0f,
            matrix_of(content, shape->content), matrix_of(model->weights.projection, shape->d),
            1.0f, to, shape->d);
}

static void compose_slice(void *arg, size_t slice)
{
    struct transformer *model = arg;
    const struct weights_shape *shape = &model->settings.shape;
    const size_t d = shape->d;
    size_t from, to;
    transformer_slice(shape->items, slice, &from, &to);
    if (from == to) { return; }
    if (model->has_attributes) {
        item_vectors_compose(&model->attributes, model->weights.items, model->weights.attributes,
                             d, from, to, model->table);
    } else {
        memcpy(model->table + from * d, model->weights.items + from * d,
               (to - from) * d * sizeof(float));
    }
    if (model->content) {
        project(model, model->content + from * shape->content, to - from, model->table + from * d);
    }
}

static void compose_searches(struct transformer *model)
{
    const size_t count = model->search_count * model->settings.shape.d;
    if (!count) { return; }
    memset(model->searches, 0, count * sizeof(*model->searches));
    project(model, model->search_content, model->search_count, model->searches);
}

void transformer_compose(struct transformer *model)
{
    if (is_composed(model)) {
        thread_pool_run(model->pool, TRANSFORMER_SLICES, compose_slice, model);
    }
    compose_searches(model);
}

void transformer_set_searches(struct transformer *model, const float *vectors, size_t count)
{
    const struct weights_shape *shape = &model->settings.shape;
    assert(!count || shape->content > 0);
    if (count > model->search_count || !model->searches) {
        model->searches =
            xreallocarray(model->searches, count * shape->d + 1, sizeof(*model->searches));
    }
    model->search_content = vectors;
    model->search_count = count;
    compose_searches(model);
}

/* ---- Gradients ---- */

void transformer_clear_dsearches(struct transformer *model)
{
    const size_t count = model->search_count * model->settings.shape.d;
    for (size_t l = 0; count && l < model->settings.lanes; l++) {
        struct lane *lane = &model->lanes[l];
        lane->dsearches = xreallocarray(lane->dsearches, count, sizeof(*lane->dsearches));
        memset(lane->dsearches, 0, count * sizeof(*lane->dsearches));
    }
}

static void attribute_slice(void *arg, size_t slice)
{
    struct transformer *model = arg;
    struct weights *grads = &model->lanes[0].grads;
    size_t from, to;
    transformer_slice(model->settings.shape.attributes, slice, &from, &to);
    item_vectors_back(&model->attributes, grads->items, model->settings.shape.d, from, to,
                      grads->attributes);
}

/* Adds the gradient of the projection's rows from .. to - 1, of `rows` content vectors, given
 * that of their vectors. */
static void project_back(struct transformer *model, const float *content, const float *dvectors,
                         size_t rows, size_t from, size_t to)
{
    const struct weights_shape *shape = &model->settings.shape;
    float *at = model->lanes[0].grads.projection + from * shape->d;
    gemm_tn((struct gemm_shape){to - from, shape->d, rows}, 1.0f,
            matrix_of(content + from, shape->content), matrix_of(dvectors, shape->d), 1.0f, at,
            shape->d);
}

static void projection_slice(void *arg, size_t slice)
{
    struct transformer *model = arg;
    const struct weights_shape *shape = &model->settings.shape;
    size_t from, to;
    transformer_slice(shape->content, slice, &from, &to);
    if (from == to) { return; }
    if (model->content) {
        project_back(model, model->content, model->lanes[0].grads.items, shape->items, from, to);
    }
    for (size_t l = 0; model->search_count && l < model->settings.lanes; l++) {
        project_back(model, model->search_content, model->lanes[l].dsearches, model->search_count,
                     from, to);
    }
}

void transformer_table_back(struct transformer *model)
{
    if (model->has_attributes) {
        thread_pool_run(model->pool, TRANSFORMER_SLICES, attribute_slice, model);
    }
    if (model->settings.shape.content) {
        thread_pool_run(model->pool, TRANSFORMER_SLICES, projection_slice, model);
    }
}
