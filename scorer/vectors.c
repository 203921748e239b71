#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/user_history.h"
#include "scorer/vectors.h"

enum { ROWS_FIRST = 256, ROW_NONE = -1, SERVES_NONE = -1 };

/* A generation in the making, or the one that serves. */
struct gathering {
    char name[GENERATION_NAME_BYTES_MAX + 1]; /* empty: free */
    uint64_t touched;
    size_t d; /* 0: not known yet */
    float *table;
    int32_t *items; /* ID_NONE: the row is not here */
    size_t capacity, held;
    struct weights_shape shape; /* as announced; d 0: not yet */
    size_t announced_rows;
    float *dense;
    size_t dense_count;
    uint8_t *parts_here;
    int32_t parts, parts_held;
    int64_t offset; /* of the newest part */
    struct foresight *foresight;
};

struct vectors {
    size_t rows_max;
    struct gathering at[VECTORS_GATHERED];
    int serving;
    struct served served;
    int32_t *places;
    int32_t places_count, places_capacity;
    uint64_t clock;
    int64_t switches;
};

struct vectors *vectors_new(size_t rows_max)
{
    struct vectors *vectors = xcalloc(1, sizeof(*vectors));
    vectors->rows_max = rows_max;
    vectors->serving = SERVES_NONE;
    return vectors;
}

static void drop(struct gathering *gathering)
{
    free(gathering->table);
    free(gathering->items);
    free(gathering->dense);
    free(gathering->parts_here);
    foresight_free(gathering->foresight);
    *gathering = (struct gathering){0};
}

struct vectors *vectors_free(struct vectors *vectors)
{
    if (!vectors) { return NULL; }
    for (size_t i = 0; i < VECTORS_GATHERED; i++) { drop(&vectors->at[i]); }
    free(vectors->places);
    free(vectors);
    return NULL;
}

/* Finds a generation, or makes room for it. */
static struct gathering *gather(struct vectors *vectors, struct slice name)
{
    struct gathering *oldest = NULL;
    for (int i = 0; i < VECTORS_GATHERED; i++) {
        struct gathering *one = &vectors->at[i];
        if (one->name[0] && slice_equal(name, slice_str(one->name))) {
            one->touched = ++vectors->clock;
            return one;
        }
        if (i == vectors->serving) { continue; }
        if (!oldest || one->touched < oldest->touched) { oldest = one; }
    }
    drop(oldest);
    (void)snprintf(oldest->name, sizeof(oldest->name), "%.*s", SLICE_ARGS(name));
    oldest->touched = ++vectors->clock;
    return oldest;
}

/* ---- Serving ---- */

static void place(struct vectors *vectors, int32_t item, int32_t row)
{
    if (item >= vectors->places_capacity) {
        int64_t capacity = MAX_OF(2 * (int64_t)item, (int64_t)ROWS_FIRST);
        capacity = MIN_OF(capacity, (int64_t)INT32_MAX);
        vectors->places =
            xreallocarray(vectors->places, (size_t)capacity, sizeof(*vectors->places));
        vectors->places_capacity = (int32_t)capacity;
    }
    while (vectors->places_count <= item) { vectors->places[vectors->places_count++] = ROW_NONE; }
    vectors->places[item] = row;
}

static bool whole(const struct gathering *one)
{
    if (!one->parts || one->parts_held < one->parts || one->d != one->shape.d) { return false; }
    if (one->held < one->announced_rows || one->capacity < one->announced_rows) { return false; }
    for (size_t row = 0; row < one->announced_rows; row++) {
        if (one->items[row] == ID_NONE) { return false; }
    }
    return true;
}

/* Rows up to the first that is missing: those behind the announced ones come one by one. */
static size_t rows_without_gap(const struct gathering *one)
{
    size_t rows = one->announced_rows;
    while (rows < one->capacity && one->items[rows] != ID_NONE) { rows++; }
    return rows;
}

static void show(struct vectors *vectors)
{
    const struct gathering *one = &vectors->at[vectors->serving];
    vectors->served = (struct served){
        .generation = one->name,
        .foresight = one->foresight,
        .table = one->table,
        .rows = rows_without_gap(one),
        .items = one->items,
        .places = vectors->places,
        .places_count = vectors->places_count,
    };
}

static void serve(struct vectors *vectors, int index)
{
    struct gathering *one = &vectors->at[index];
    one->foresight = foresight_new(&one->shape, one->dense);
    vectors->serving = index;
    vectors->switches++;
    for (int i = 0; i < VECTORS_GATHERED; i++) {
        if (i != index && vectors->at[i].foresight) { drop(&vectors->at[i]); }
    }
    vectors->places_count = 0;
    size_t rows = rows_without_gap(one);
    for (size_t row = 0; row < rows; row++) { place(vectors, one->items[row], (int32_t)row); }
    show(vectors);
}

/* Lets a generation serve if it is whole and the newest; drops it if it is whole and older. */
static void consider(struct vectors *vectors, struct gathering *one)
{
    int index = (int)(one - vectors->at);
    bool newer = vectors->serving == SERVES_NONE ||
                 one->offset > vectors->at[vectors->serving].offset;
    if (index == vectors->serving || !whole(one)) { return; }
    if (newer) {
        serve(vectors, index);
    } else {
        drop(one);
    }
}

const struct served *vectors_served(const struct vectors *vectors)
{
    return vectors->serving == SERVES_NONE ? NULL : &vectors->served;
}

int64_t vectors_switches(const struct vectors *vectors)
{
    return vectors->switches;
}

/* ---- Rows ---- */

static void reach(struct gathering *one, size_t row)
{
    if (row < one->capacity) { return; }
    size_t capacity = MAX_OF(MAX_OF(one->capacity * 2, row + 1), (size_t)ROWS_FIRST);
    one->table = xreallocarray(one->table, capacity * one->d, sizeof(*one->table));
    one->items = xreallocarray(one->items, capacity, sizeof(*one->items));
    for (size_t i = one->capacity; i < capacity; i++) { one->items[i] = ID_NONE; }
    one->capacity = capacity;
}

const char *vectors_put(struct vectors *vectors, struct tables *tables,
                        const struct item_vector *row)
{
    const size_t d = row->bytes.size;
    if (row->row < 0 || !d || d % 16 || !row->generation.size) { return "bad_row"; }
    if ((size_t)row->row >= vectors->rows_max) { return "over_limit"; }
    int32_t item = tables_number(tables, row->item_id);
    if (item == ID_NONE) { return "over_limit"; }
    struct gathering *one = gather(vectors, row->generation);
    if (one->d && one->d != d) { return "bad_row"; }
    one->d = d;
    reach(one, (size_t)row->row);
    float *to = one->table + (size_t)row->row * d;
    const int8_t *bytes = (const int8_t *)row->bytes.data;
    for (size_t i = 0; i < d; i++) { to[i] = row->scale * bytes[i]; }
    one->held += one->items[row->row] == ID_NONE;
    one->items[row->row] = item;
    if (vectors->serving != SERVES_NONE && one == &vectors->at[vectors->serving]) {
        if ((size_t)row->row < rows_without_gap(one)) { place(vectors, item, row->row); }
        show(vectors);
        return NULL;
    }
    consider(vectors, one);
    return NULL;
}

/* ---- Dense weights ---- */

static struct weights_shape shape_of(const struct model_weights *part)
{
    return (struct weights_shape){
        .items = (uint32_t)part->items,
        .d = (uint32_t)part->d,
        .hidden = (uint32_t)part->hidden,
        .blocks = (uint32_t)part->blocks,
        .heads = (uint32_t)part->heads,
        .length = (uint32_t)part->length,
    };
}

static bool shape_fits(const struct model_weights *part)
{
    const char *why;
    bool sane = part->items > 0 && part->d > 0 && part->d <= VECTOR_NUMBERS_MAX &&
                part->hidden > 0 && part->hidden <= 4 * VECTOR_NUMBERS_MAX && part->blocks > 0 &&
                part->heads > 0 && part->length > 0 && part->length <= HISTORY_ACTIONS_MAX;
    const struct weights_shape shape = shape_of(part);
    return sane && weights_shape_fits(&shape, &why);
}

static bool part_fits(const struct model_weights *part, size_t dense_count)
{
    const size_t each = MODEL_PART_NUMBERS_MAX;
    if (part->parts != (int32_t)((dense_count + each - 1) / each)) { return false; }
    if (part->part < 0 || part->part >= part->parts) { return false; }
    return part->weights.count == MIN_OF(dense_count - (size_t)part->part * each, each);
}

const char *vectors_put_weights(struct vectors *vectors, const struct model_weights *part,
                                int64_t offset)
{
    if (!shape_fits(part) || !part->generation.size) { return "bad_shape"; }
    if ((size_t)part->items > vectors->rows_max) { return "bad_shape"; }
    const struct weights_shape shape = shape_of(part);
    const size_t dense_count = foresight_dense_count(&shape);
    if (!part_fits(part, dense_count)) { return "bad_part"; }
    struct gathering *one = gather(vectors, part->generation);
    if (!one->dense) {
        one->shape = shape;
        one->announced_rows = shape.items;
        one->dense_count = dense_count;
        one->dense = xcalloc(dense_count, sizeof(*one->dense));
        one->parts = part->parts;
        one->parts_here = xcalloc((size_t)part->parts, 1);
    } else if (memcmp(&one->shape, &shape, sizeof(shape)) != 0) {
        return "bad_shape";
    }
    memcpy(one->dense + (size_t)part->part * MODEL_PART_NUMBERS_MAX, part->weights.at,
           part->weights.count * sizeof(*one->dense));
    one->parts_held += !one->parts_here[part->part];
    one->parts_here[part->part] = 1;
    one->offset = MAX_OF(one->offset, offset);
    consider(vectors, one);
    return NULL;
}
