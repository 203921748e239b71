#include "base/base.h"
#include "base/xalloc.h"
#include "model/gemm.h"
#include "model/principal_components.h"
#include "trainer/sequence/content_input.h"

enum { RANK_MAX = 512 };

struct content_space content_input_wanted(struct content_table *table,
                                          const struct vocabulary *vocabulary)
{
    struct content_space space = content_table_space(table);
    bool enough = space.items > 0 && 2 * space.items >= vocabulary->items.count;
    return enough ? space : (struct content_space){0};
}

/* Calls for each item that has a number and a vector. */
static void each_vector(const struct content_space *space, struct content_table *table,
                        const struct vocabulary *vocabulary,
                        void (*take)(void *arg, int32_t number, const float *vector), void *arg)
{
    _cleanup_(xfreep) int32_t *items = vocabulary_training_items(vocabulary);
    _cleanup_(xfreep) float *vector = xcalloc(space->width + 1, sizeof(*vector));
    for (uint32_t number = 0; number < vocabulary->items.count; number++) {
        if (items[number] == VOCABULARY_NONE) { continue; }
        if (content_table_read(table, items[number], space->id, vector)) {
            take(arg, (int32_t)number, vector);
        }
    }
}

static void add_row(void *arg, int32_t number _unused_, const float *vector)
{
    principal_components_add(arg, vector);
}

void content_input_find(struct content_input *input, struct content_table *table,
                        const struct vocabulary *vocabulary, size_t rank)
{
    content_input_release(input);
    const struct content_space space = content_input_wanted(table, vocabulary);
    if (!space.id || !rank) { return; }
    struct principal_components *components = principal_components_new(space.width);
    each_vector(&space, table, vocabulary, add_row, components);
    if (principal_components_find(components, rank) > 0) {
        const float *matrix = principal_components_matrix(components);
        *input = (struct content_input){
            .space = space,
            .rank = rank,
            .matrix = xmemdup(matrix, space.width * rank * sizeof(*matrix)),
        };
    }
    principal_components_free(components);
}

void content_input_release(struct content_input *input)
{
    free(input->matrix);
    *input = (struct content_input){0};
}

void content_input_shorten(const struct content_input *input, const float *vectors, size_t count,
                           float *ret_content)
{
    gemm_nn((struct gemm_shape){count, input->rank, input->space.width}, 1.0F,
            matrix_of(vectors, input->space.width), matrix_of(input->matrix, input->rank), 0.0F,
            ret_content, input->rank);
}

struct content_rows {
    const struct content_input *input;
    float *rows; /* items x rank */
    int64_t set;
};

static void set_row(void *arg, int32_t number, const float *vector)
{
    struct content_rows *to = arg;
    to->set++;
    content_input_shorten(to->input, vector, 1, to->rows + (size_t)number * to->input->rank);
}

int64_t content_input_apply(const struct content_input *input, struct content_table *table,
                            const struct vocabulary *vocabulary, struct transformer *model)
{
    if (!input->space.id) { return 0; }
    const size_t numbers = vocabulary->items.count * input->rank;
    _cleanup_(xfreep) float *rows = xcalloc(numbers + 1, sizeof(*rows));
    struct content_rows to = {.input = input, .rows = rows};
    each_vector(&input->space, table, vocabulary, set_row, &to);
    transformer_set_content(model, rows);
    return to.set;
}

float *content_input_projection(const struct content_input *input, const float *projection,
                                size_t d)
{
    float *product = xcalloc(input->space.width * d + 1, sizeof(*product));
    gemm_nn((struct gemm_shape){input->space.width, d, input->rank}, 1.0F,
            matrix_of(input->matrix, input->rank), matrix_of(projection, d), 0.0F, product, d);
    return product;
}

/* ---- Bytes ---- */

struct saved {
    uint64_t space, width, rank;
    char model[CONTENT_NAME_BYTES_MAX + 1];
    char unused[7]; /* 0 */
};

void content_input_save(const struct content_input *input, struct buf *buf)
{
    struct saved saved = {
        .space = input->space.id, .width = input->space.width, .rank = input->rank};
    memcpy(saved.model, input->space.model, sizeof(saved.model));
    buf_append(buf, &saved, sizeof(saved));
    buf_append(buf, input->matrix ? (const char *)input->matrix : "",
               saved.width * saved.rank * sizeof(float));
}

static bool saved_valid(const struct saved *saved)
{
    if (!memchr(saved->model, '\0', CONTENT_NAME_BYTES_MAX + 1)) { return false; }
    if (!saved->space) { return saved->width == 0 && saved->rank == 0; }
    return saved->width >= 1 && saved->width <= ITEM_VECTOR_MAX && saved->rank >= 1 &&
           saved->rank <= RANK_MAX;
}

bool content_input_load(struct content_input *input, const char **at, const char *end)
{
    struct saved saved;
    *input = (struct content_input){0};
    if ((size_t)(end - *at) < sizeof(saved)) { return false; }
    memcpy(&saved, *at, sizeof(saved));
    *at += sizeof(saved);
    if (!saved_valid(&saved)) { return false; }
    const size_t count = saved.width * saved.rank;
    if ((size_t)(end - *at) / sizeof(float) < count) { return false; }
    if (!saved.space) { return true; }
    input->space = (struct content_space){.id = saved.space, .width = saved.width};
    memcpy(input->space.model, saved.model, sizeof(saved.model));
    input->rank = saved.rank;
    input->matrix = xmemdup(*at, count * sizeof(float));
    *at += count * sizeof(float);
    bool valid = true;
    for (size_t i = 0; i < count; i++) { valid &= (bool)isfinite(input->matrix[i]); }
    if (!valid) { content_input_release(input); }
    return valid;
}
