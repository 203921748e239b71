#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/user_history.h"
#include "scorer/vectors.h"

enum { CELLS_FIRST = 256, ROW_NONE = -1, NAME_NONE = 0, WIDTH_STEP = 16 };

/* A generation of which a slot holds rows. */
struct gathered {
    char name[MODEL_VERSION_NAME_BYTES_MAX + 1];
    size_t rows; /* 0: the place is free */
};

/* An item's newest row in a slot. */
struct cell {
    uint32_t name; /* index + 1 into the slot's gathered generations; NAME_NONE: no row */
    int32_t row;
    float scale;
    uint32_t d;
};

/* What the newest announcement of a slot says. */
struct announced {
    char name[MODEL_VERSION_NAME_BYTES_MAX + 1];
    struct weights_shape shape;
    float *dense;
    uint8_t *parts_here;
    int32_t parts, parts_held;
    int64_t offset; /* of its newest part */
};

struct slot {
    struct cell *cells; /* by item */
    int8_t *bytes;      /* stride a cell */
    int32_t capacity;
    size_t stride;
    struct gathered *gathered;
    uint32_t gathered_count, last; /* the one that the last row was of */
    struct announced announced;
};

/* The copy that lists are made from. */
struct copied {
    char name[MODEL_VERSION_NAME_BYTES_MAX + 1];
    int64_t offset;
    size_t d, rows;
    size_t capacity, numbers; /* of items, of the table */
    float *table;
    int32_t *items;
    int32_t *places;
    int32_t places_count, places_capacity;
    struct transformer_inference *inference;
    struct vector_index *index;
};

struct vectors {
    size_t rows_max, index_from;
    struct slot slots[MODEL_VERSION_SLOTS];
    struct copied copied;
    struct served served;
    int64_t switches;
};

struct vectors *vectors_new(size_t rows_max)
{
    struct vectors *vectors = xcalloc(1, sizeof(*vectors));
    vectors->rows_max = rows_max;
    return vectors;
}

void vectors_index_from(struct vectors *vectors, size_t rows)
{
    vectors->index_from = rows;
}

static void withdraw(struct announced *announced)
{
    free(announced->dense);
    free(announced->parts_here);
    *announced = (struct announced){0};
}

struct vectors *vectors_free(struct vectors *vectors)
{
    if (!vectors) { return NULL; }
    for (size_t s = 0; s < MODEL_VERSION_SLOTS; s++) {
        struct slot *slot = &vectors->slots[s];
        withdraw(&slot->announced);
        free(slot->cells);
        free(slot->bytes);
        free(slot->gathered);
    }
    transformer_inference_free(vectors->copied.inference);
    vector_index_free(vectors->copied.index);
    free(vectors->copied.table);
    free(vectors->copied.items);
    free(vectors->copied.places);
    free(vectors);
    return NULL;
}

/* ---- The copy ---- */

static void place(struct copied *copied, int32_t item, int32_t row)
{
    if (item >= copied->places_capacity) {
        int64_t capacity = MAX_OF(2 * (int64_t)item, (int64_t)CELLS_FIRST);
        copied->places_capacity = (int32_t)MIN_OF(capacity, (int64_t)INT32_MAX);
        copied->places = xreallocarray(copied->places, (size_t)copied->places_capacity,
                                       sizeof(*copied->places));
    }
    while (copied->places_count <= item) { copied->places[copied->places_count++] = ROW_NONE; }
    copied->places[item] = row;
}

static void reserve(struct copied *copied, size_t rows, size_t d)
{
    if (rows <= copied->capacity && rows * d <= copied->numbers) { return; }
    copied->capacity = MAX_OF(rows + rows / 8, (size_t)CELLS_FIRST);
    copied->numbers = copied->capacity * d;
    copied->table = xreallocarray(copied->table, copied->numbers, sizeof(*copied->table));
    copied->items = xreallocarray(copied->items, copied->capacity, sizeof(*copied->items));
}

static void copy_row(struct copied *copied, const struct slot *slot, int32_t item)
{
    const struct cell *cell = &slot->cells[item];
    const int8_t *bytes = slot->bytes + (size_t)item * slot->stride;
    float *to = copied->table + (size_t)cell->row * copied->d;
    for (size_t i = 0; i < copied->d; i++) { to[i] = cell->scale * bytes[i]; }
    copied->items[cell->row] = item;
    place(copied, item, cell->row);
}

static void show(struct vectors *vectors)
{
    const struct copied *copied = &vectors->copied;
    vectors->served = (struct served){
        .generation = copied->name,
        .inference = copied->inference,
        .table = copied->table,
        .rows = copied->rows,
        .items = copied->items,
        .places = copied->places,
        .places_count = copied->places_count,
        .index = copied->index,
    };
}

/* ---- Is a slot's generation whole? ---- */

static bool cell_is_of(const struct slot *slot, const struct cell *cell, uint32_t name)
{
    return cell->name == name && cell->d == slot->announced.shape.d;
}

static uint32_t find_name(const struct slot *slot, const char *name)
{
    for (uint32_t i = 0; i < slot->gathered_count; i++) {
        if (slot->gathered[i].rows && strcmp(slot->gathered[i].name, name) == 0) { return i + 1; }
    }
    return NAME_NONE;
}

/* Finds whose row each is: the item of each announced row and of those behind without a gap, or
 * NULL when one is missing. The caller frees. */
static int32_t *items_by_row(const struct slot *slot, uint32_t name, size_t *ret_rows)
{
    const size_t announced = slot->announced.shape.items;
    const size_t held = slot->gathered[name - 1].rows;
    int32_t *items = xmalloc(held * sizeof(*items));
    for (size_t row = 0; row < held; row++) { items[row] = ID_NONE; }
    for (int32_t item = 0; item < slot->capacity; item++) {
        const struct cell *cell = &slot->cells[item];
        if (cell_is_of(slot, cell, name) && (size_t)cell->row < held) {
            items[cell->row] = item;
        }
    }
    size_t rows = 0;
    while (rows < held && items[rows] != ID_NONE) { rows++; }
    *ret_rows = rows;
    if (rows >= announced) { return items; }
    free(items);
    return NULL;
}

static void serve(struct vectors *vectors, const struct slot *slot, const int32_t *items,
                  size_t rows)
{
    const struct announced *announced = &slot->announced;
    struct copied *copied = &vectors->copied;
    reserve(copied, rows, announced->shape.d);
    copied->d = announced->shape.d;
    copied->rows = rows;
    copied->offset = announced->offset;
    copied->places_count = 0;
    memcpy(copied->name, announced->name, sizeof(copied->name));
    transformer_inference_free(copied->inference);
    copied->inference = transformer_inference_new(&announced->shape, announced->dense);
    for (size_t row = 0; row < rows; row++) { copy_row(copied, slot, items[row]); }
    vector_index_free(copied->index);
    bool many = vectors->index_from && rows >= vectors->index_from;
    copied->index = many ? vector_index_new(copied->table, rows, copied->d) : NULL;
    vectors->switches++;
    show(vectors);
}

/* Lets a slot's generation serve if it is whole and was announced last. */
static void consider(struct vectors *vectors, const struct slot *slot)
{
    const struct announced *announced = &slot->announced;
    if (!announced->parts || announced->parts_held < announced->parts) { return; }
    if (vectors->served.rows && announced->offset <= vectors->copied.offset) { return; }
    uint32_t name = find_name(slot, announced->name);
    if (name == NAME_NONE || slot->gathered[name - 1].rows < announced->shape.items) { return; }
    size_t rows;
    int32_t *items = items_by_row(slot, name, &rows);
    if (!items) { return; }
    if (strcmp(vectors->copied.name, announced->name) != 0) { serve(vectors, slot, items, rows); }
    vectors->copied.offset = announced->offset;
    free(items);
}

const struct served *vectors_served(const struct vectors *vectors)
{
    return vectors->served.rows ? &vectors->served : NULL;
}

int64_t vectors_switches(const struct vectors *vectors)
{
    return vectors->switches;
}

/* ---- Rows ---- */

/* Lays the rows out anew where items or widths have grown. */
static void reach(struct slot *slot, int32_t item, size_t d)
{
    size_t stride = MAX_OF(slot->stride, d);
    int64_t capacity = slot->capacity;
    if (item >= capacity) { capacity = MAX_OF(2 * (int64_t)item, (int64_t)CELLS_FIRST); }
    capacity = MIN_OF(capacity, (int64_t)INT32_MAX);
    if (stride == slot->stride && capacity == slot->capacity) { return; }
    int8_t *bytes = xcalloc((size_t)capacity, stride);
    for (int32_t i = 0; i < slot->capacity; i++) {
        memcpy(bytes + (size_t)i * stride, slot->bytes + (size_t)i * slot->stride, slot->stride);
    }
    slot->cells = xreallocarray(slot->cells, (size_t)capacity, sizeof(*slot->cells));
    memset(slot->cells + slot->capacity, 0,
           (size_t)(capacity - slot->capacity) * sizeof(*slot->cells));
    free(slot->bytes);
    slot->bytes = bytes;
    slot->stride = stride;
    slot->capacity = (int32_t)capacity;
}

/* The generation's place among those that the slot holds rows of. */
static uint32_t gather(struct slot *slot, struct slice name)
{
    uint32_t spare = NAME_NONE;
    if (slot->last && slice_equal(name, slice_str(slot->gathered[slot->last - 1].name))) {
        return slot->last;
    }
    for (uint32_t i = 0; i < slot->gathered_count; i++) {
        struct gathered *one = &slot->gathered[i];
        if (one->rows && slice_equal(name, slice_str(one->name))) { return slot->last = i + 1; }
        if (!one->rows) { spare = i + 1; }
    }
    if (spare == NAME_NONE) {
        slot->gathered = xreallocarray(slot->gathered, slot->gathered_count + 1,
                                       sizeof(*slot->gathered));
        slot->gathered[slot->gathered_count++] = (struct gathered){0};
        spare = slot->gathered_count;
    }
    (void)snprintf(slot->gathered[spare - 1].name, sizeof(slot->gathered[0].name), "%.*s",
                   SLICE_ARGS(name));
    return slot->last = spare;
}

/* Takes a late row into the copy. */
static void take_late(struct vectors *vectors, const struct slot *slot, int32_t item)
{
    struct copied *copied = &vectors->copied;
    const struct cell *cell = &slot->cells[item];
    if ((size_t)cell->row != copied->rows || cell->d != copied->d) { return; }
    reserve(copied, copied->rows + 1, copied->d);
    copy_row(copied, slot, item);
    copied->rows++;
    show(vectors);
}

const char *vectors_put(struct vectors *vectors, struct tables *tables,
                        const struct item_vector *row)
{
    const size_t d = row->bytes.size;
    bool known = row->slot >= 0 && row->slot < MODEL_VERSION_SLOTS;
    bool sound = row->generation.size > 0 && isfinite(row->scale * 128.0F);
    if (!known || !sound || row->row < 0 || !d || d % WIDTH_STEP) {
        return "bad_row";
    }
    if ((size_t)row->row >= vectors->rows_max) { return "over_limit"; }
    int32_t item = tables_number(tables, row->item_id);
    if (item == ID_NONE) { return "over_limit"; }
    struct slot *slot = &vectors->slots[row->slot];
    reach(slot, item, d);
    struct cell *cell = &slot->cells[item];
    uint32_t name = gather(slot, row->generation);
    slot->gathered[name - 1].rows++;
    if (cell->name != NAME_NONE) { slot->gathered[cell->name - 1].rows--; }
    *cell = (struct cell){
        .name = name, .row = row->row, .scale = row->scale, .d = (uint32_t)d};
    memcpy(slot->bytes + (size_t)item * slot->stride, row->bytes.data, d);
    if (slice_equal(row->generation, slice_str(vectors->copied.name))) {
        take_late(vectors, slot, item);
    } else if (slice_equal(row->generation, slice_str(slot->announced.name))) {
        consider(vectors, slot);
    }
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

/* Another generation's first part takes the announcement over. */
static void announce(struct announced *announced, const struct model_weights *part,
                     size_t dense_count)
{
    const struct weights_shape shape = shape_of(part);
    bool same = slice_equal(part->generation, slice_str(announced->name)) &&
                memcmp(&announced->shape, &shape, sizeof(shape)) == 0;
    if (same) { return; }
    withdraw(announced);
    (void)snprintf(announced->name, sizeof(announced->name), "%.*s",
                   SLICE_ARGS(part->generation));
    announced->shape = shape;
    announced->dense = xcalloc(dense_count, sizeof(*announced->dense));
    announced->parts = part->parts;
    announced->parts_here = xcalloc((size_t)part->parts, 1);
}

const char *vectors_put_weights(struct vectors *vectors, const struct model_weights *part,
                                int64_t offset)
{
    bool known = part->slot >= 0 && part->slot < MODEL_VERSION_SLOTS;
    if (!known || !shape_fits(part) || !part->generation.size) { return "bad_shape"; }
    if ((size_t)part->items > vectors->rows_max) { return "bad_shape"; }
    const struct weights_shape shape = shape_of(part);
    const size_t dense_count = transformer_inference_dense_count(&shape);
    if (!part_fits(part, dense_count)) { return "bad_part"; }
    struct slot *slot = &vectors->slots[part->slot];
    struct announced *announced = &slot->announced;
    announce(announced, part, dense_count);
    memcpy(announced->dense + (size_t)part->part * MODEL_PART_NUMBERS_MAX, part->weights.at,
           part->weights.count * sizeof(*announced->dense));
    announced->parts_held += !announced->parts_here[part->part];
    announced->parts_here[part->part] = 1;
    announced->offset = MAX_OF(announced->offset, offset);
    consider(vectors, slot);
    return NULL;
}
