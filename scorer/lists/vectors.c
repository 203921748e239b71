/* The trainer writes all rows of a version, then its dense weights (trainer/sequence/publisher.c).
 * Here they arrive from several partitions in any order, mixed with rows of older versions and of
 * trainers that died. So completeness is checked, not assumed:
 *
 *   - Each row overwrites its item's cell in its slot; a slot counts the rows of each version.
 *   - Each part of the weights is marked in its slot's announcement.
 *   - After each change of an announced version, serve_if_whole() checks it: first cheaply, by the
 *     counts; then row by row, as the counts include rows of cold-start items.
 *
 * The serving copy changes only in serve(), stop_serving() and add_cold_start_rows(), so a list
 * never sees half a version. A cold-start row that arrives before one with a smaller number waits.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "schemas/user_history.h"
#include "scorer/lists/vectors.h"

enum { CELLS_FIRST = 256, ROW_NONE = -1, VERSION_NONE = 0, WIDTH_STEP = 16 };

/* A model version that a slot holds rows of. */
struct version_rows {
    char name[MODEL_VERSION_NAME_BYTES_MAX + 1];
    size_t rows; /* 0: the entry is free */
};

/* An item's newest row in a slot. */
struct cell {
    uint32_t version; /* index + 1 into the slot's versions; VERSION_NONE: no row */
    int32_t row;
    float scale;
    uint32_t d;
};

/* A slot's newest announcement. */
struct announced {
    char name[MODEL_VERSION_NAME_BYTES_MAX + 1];
    struct weights_shape shape;
    float *dense;
    char content_model[MODEL_CONTENT_BYTES_MAX + 1];
    size_t content;
    float *projection; /* content x d; NULL: it reads no searches */
    uint8_t *part_present;
    int32_t parts, parts_held;
    int64_t offset; /* of its newest part */
};

struct slot {
    struct cell *cells; /* by item */
    int8_t *bytes;      /* by item, `stride` each */
    int32_t capacity;
    size_t stride;
    struct version_rows *versions;
    uint32_t versions_count, last_version; /* last_version: of the last row, index + 1 */
    struct announced announced;
};

/* The copy of the serving version that lists are made from. */
struct copy {
    const struct slot *slot; /* whose version it is; NULL: none */
    char name[MODEL_VERSION_NAME_BYTES_MAX + 1];
    int64_t offset;
    size_t d, rows;
    size_t capacity, numbers; /* of `items`, of `table` */
    float *table;
    struct row_scan *scan; /* of the same rows */
    int32_t *items;
    int32_t *row_of;
    int32_t row_of_count, row_of_capacity;
    int32_t *waiting; /* items of rows past `rows`, by row; ID_NONE: not here yet */
    size_t waiting_count, waiting_capacity;
    struct transformer_inference *inference;
    struct vector_index *index;
    char content_model[MODEL_CONTENT_BYTES_MAX + 1];
    size_t content;
    float *projection;
};

struct vectors {
    size_t rows_max, index_from;
    struct slot slots[MODEL_VERSION_SLOTS];
    struct copy copy;
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

static void clear_announced(struct announced *announced)
{
    free(announced->dense);
    free(announced->projection);
    free(announced->part_present);
    *announced = (struct announced){0};
}

struct vectors *vectors_free(struct vectors *vectors)
{
    if (!vectors) { return NULL; }
    for (size_t s = 0; s < MODEL_VERSION_SLOTS; s++) {
        struct slot *slot = &vectors->slots[s];
        clear_announced(&slot->announced);
        free(slot->cells);
        free(slot->bytes);
        free(slot->versions);
    }
    transformer_inference_free(vectors->copy.inference);
    vector_index_free(vectors->copy.index);
    row_scan_free(vectors->copy.scan);
    free(vectors->copy.table);
    free(vectors->copy.items);
    free(vectors->copy.row_of);
    free(vectors->copy.waiting);
    free(vectors->copy.projection);
    free(vectors);
    return NULL;
}

/* ---- The copy ---- */

static void set_row(struct copy *copy, int32_t item, int32_t row)
{
    if (item >= copy->row_of_capacity) {
        int64_t capacity = MAX_OF(2 * (int64_t)item, (int64_t)CELLS_FIRST);
        copy->row_of_capacity = (int32_t)MIN_OF(capacity, (int64_t)INT32_MAX);
        copy->row_of =
            xreallocarray(copy->row_of, (size_t)copy->row_of_capacity, sizeof(*copy->row_of));
    }
    while (copy->row_of_count <= item) { copy->row_of[copy->row_of_count++] = ROW_NONE; }
    copy->row_of[item] = row;
}

static void reserve(struct copy *copy, size_t rows, size_t d)
{
    if (rows <= copy->capacity && rows * d <= copy->numbers) { return; }
    copy->capacity = MAX_OF(rows + rows / 8, (size_t)CELLS_FIRST);
    copy->numbers = copy->capacity * d;
    copy->table = xreallocarray(copy->table, copy->numbers, sizeof(*copy->table));
    copy->items = xreallocarray(copy->items, copy->capacity, sizeof(*copy->items));
}

static void copy_row(struct copy *copy, const struct slot *slot, int32_t item)
{
    const struct cell *cell = &slot->cells[item];
    const int8_t *bytes = slot->bytes + (size_t)item * slot->stride;
    float *to = copy->table + (size_t)cell->row * copy->d;
    for (size_t i = 0; i < copy->d; i++) { to[i] = cell->scale * bytes[i]; }
    row_scan_put(copy->scan, (size_t)cell->row, cell->scale, bytes);
    copy->items[cell->row] = item;
    set_row(copy, item, cell->row);
}

static void update_served(struct vectors *vectors)
{
    const struct copy *copy = &vectors->copy;
    vectors->served = (struct served){
        .version = copy->name,
        .inference = copy->inference,
        .table = copy->table,
        .scan = copy->scan,
        .rows = copy->rows,
        .items = copy->items,
        .row_of = copy->row_of,
        .row_of_count = copy->row_of_count,
        .index = copy->index,
        .content_model = copy->content_model,
        .content = copy->content,
        .projection = copy->projection,
    };
}

/* ---- Completeness of a slot's version ---- */

static bool is_of_version(const struct slot *slot, const struct cell *cell, uint32_t version)
{
    return cell->version == version && cell->d == slot->announced.shape.d;
}

static uint32_t find_version(const struct slot *slot, const char *name)
{
    for (uint32_t i = 0; i < slot->versions_count; i++) {
        if (slot->versions[i].rows && strcmp(slot->versions[i].name, name) == 0) { return i + 1; }
    }
    return VERSION_NONE;
}

/* Lists the items of all announced rows, and of the rows that follow without a gap; NULL when an
 * announced row is missing. The caller frees. */
static int32_t *items_by_row(const struct slot *slot, uint32_t version, size_t *ret_rows)
{
    const size_t announced = slot->announced.shape.items;
    const size_t held = slot->versions[version - 1].rows;
    int32_t *items = xmalloc(held * sizeof(*items));
    for (size_t row = 0; row < held; row++) { items[row] = ID_NONE; }
    for (int32_t item = 0; item < slot->capacity; item++) {
        const struct cell *cell = &slot->cells[item];
        if (is_of_version(slot, cell, version) && (size_t)cell->row < held) {
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

/* Adds the rows of cold-start items to the copy that wait for no other one. */
static void add_cold_start_rows(struct vectors *vectors, const struct slot *slot, uint32_t version)
{
    struct copy *copy = &vectors->copy;
    for (; copy->rows < copy->waiting_count; copy->rows++) {
        int32_t item = copy->waiting[copy->rows];
        if (item == ID_NONE) { break; }
        const struct cell *cell = &slot->cells[item];
        bool there = cell->version == version && cell->d == copy->d &&
                     (size_t)cell->row == copy->rows; /* the item may have another row since */
        if (!there) { break; }
        reserve(copy, copy->rows + 1, copy->d);
        copy_row(copy, slot, item);
    }
    update_served(vectors);
}

/* Notes the row of an item for which the copy has no place yet. */
static void let_wait(struct copy *copy, const struct slot *slot, int32_t item)
{
    size_t row = (size_t)slot->cells[item].row;
    if (row < copy->rows || slot->cells[item].d != copy->d) { return; }
    ARRAY_RESERVE(copy->waiting, copy->waiting_capacity, row + 1, CELLS_FIRST);
    while (copy->waiting_count <= row) { copy->waiting[copy->waiting_count++] = ID_NONE; }
    copy->waiting[row] = item;
}

static void copy_projection(struct copy *copy, const struct announced *announced)
{
    const size_t count = announced->content * announced->shape.d;
    free(copy->projection);
    memcpy(copy->content_model, announced->content_model, sizeof(copy->content_model));
    copy->content = announced->content;
    copy->projection =
        count ? xmemdup(announced->projection, count * sizeof(*copy->projection)) : NULL;
}

static void serve(struct vectors *vectors, const struct slot *slot, uint32_t version,
                  const int32_t *items, size_t rows)
{
    const struct announced *announced = &slot->announced;
    struct copy *copy = &vectors->copy;
    reserve(copy, rows, announced->shape.d);
    copy->slot = slot;
    copy->d = announced->shape.d;
    copy->rows = rows;
    copy->offset = announced->offset;
    copy->row_of_count = 0;
    memcpy(copy->name, announced->name, sizeof(copy->name));
    transformer_inference_free(copy->inference);
    copy->inference = transformer_inference_new(&announced->shape, announced->dense);
    copy_projection(copy, announced);
    row_scan_free(copy->scan);
    copy->scan = row_scan_new(copy->d);
    for (size_t row = 0; row < rows; row++) { copy_row(copy, slot, items[row]); }
    vector_index_free(copy->index);
    bool many = vectors->index_from && rows >= vectors->index_from;
    copy->index = many ? vector_index_new(copy->table, rows, copy->d) : NULL;
    vectors->switches++;
    copy->waiting_count = 0;
    for (int32_t item = 0; item < slot->capacity; item++) {
        if (slot->cells[item].version == version) { let_wait(copy, slot, item); }
    }
    update_served(vectors);
}

/* Makes a slot's version serve if it is whole and was announced last. */
static void serve_if_whole(struct vectors *vectors, const struct slot *slot)
{
    const struct announced *announced = &slot->announced;
    if (!announced->parts || announced->parts_held < announced->parts) { return; }
    if (vectors->served.rows && announced->offset <= vectors->copy.offset) { return; }
    uint32_t version = find_version(slot, announced->name);
    if (version == VERSION_NONE || slot->versions[version - 1].rows < announced->shape.items) {
        return;
    }
    size_t rows;
    int32_t *items = items_by_row(slot, version, &rows);
    if (!items) { return; }
    if (strcmp(vectors->copy.name, announced->name) != 0) {
        serve(vectors, slot, version, items, rows);
    }
    vectors->copy.offset = announced->offset;
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

/* Makes room for an item and a width; moves the rows when either has grown. */
static void reserve_item(struct slot *slot, int32_t item, size_t d)
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

/* Finds or adds a version among those of the slot; returns its index + 1. */
static uint32_t find_or_add_version(struct slot *slot, struct slice name)
{
    uint32_t spare = VERSION_NONE;
    if (slot->last_version &&
        slice_equal(name, slice_str(slot->versions[slot->last_version - 1].name))) {
        return slot->last_version;
    }
    for (uint32_t i = 0; i < slot->versions_count; i++) {
        struct version_rows *one = &slot->versions[i];
        if (one->rows && slice_equal(name, slice_str(one->name))) {
            return slot->last_version = i + 1;
        }
        if (!one->rows) { spare = i + 1; }
    }
    if (spare == VERSION_NONE) {
        slot->versions =
            xreallocarray(slot->versions, slot->versions_count + 1, sizeof(*slot->versions));
        slot->versions[slot->versions_count++] = (struct version_rows){0};
        spare = slot->versions_count;
    }
    (void)snprintf(slot->versions[spare - 1].name, sizeof(slot->versions[0].name), "%.*s",
                   SLICE_ARGS(name));
    return slot->last_version = spare;
}

const char *vectors_put(struct vectors *vectors, struct tables *tables,
                        const struct item_vector *row)
{
    const size_t d = row->bytes.size;
    bool known = row->slot >= 0 && row->slot < MODEL_VERSION_SLOTS;
    bool valid = row->generation.size > 0 && isfinite(row->scale * 128.0F);
    if (!known || !valid || row->row < 0 || !d || d % WIDTH_STEP) { return "bad_row"; }
    if ((size_t)row->row >= vectors->rows_max) { return "over_limit"; }
    int32_t item = tables_number(tables, row->item_id);
    if (item == ID_NONE) { return "over_limit"; }
    struct slot *slot = &vectors->slots[row->slot];
    reserve_item(slot, item, d);
    struct cell *cell = &slot->cells[item];
    uint32_t version = find_or_add_version(slot, row->generation);
    slot->versions[version - 1].rows++;
    if (cell->version != VERSION_NONE) { slot->versions[cell->version - 1].rows--; }
    *cell =
        (struct cell){.version = version, .row = row->row, .scale = row->scale, .d = (uint32_t)d};
    memcpy(slot->bytes + (size_t)item * slot->stride, row->bytes.data, d);
    if (slot == vectors->copy.slot &&
        slice_equal(row->generation, slice_str(vectors->copy.name))) {
        let_wait(&vectors->copy, slot, item);
        add_cold_start_rows(vectors, slot, version);
    } else if (slice_equal(row->generation, slice_str(slot->announced.name))) {
        serve_if_whole(vectors, slot);
    }
    return NULL;
}

/* ---- Removed models ---- */

static void stop_serving(struct vectors *vectors)
{
    struct copy *copy = &vectors->copy;
    copy->slot = NULL;
    copy->name[0] = '\0';
    copy->rows = copy->waiting_count = 0;
    copy->row_of_count = 0;
    copy->offset = 0;
    copy->inference = transformer_inference_free(copy->inference);
    copy->index = vector_index_free(copy->index);
    vectors->switches++;
    update_served(vectors);
}

/* A part or a row of a slot was removed: a scorer that starts now could not serve its version. */
static void reconsider(struct vectors *vectors, const struct slot *slot)
{
    const struct announced *announced = &slot->announced;
    bool serves = vectors->served.rows && slot == vectors->copy.slot &&
                  strcmp(vectors->copy.name, announced->name) == 0;
    if (!serves) { return; }
    uint32_t version = find_version(slot, announced->name);
    size_t rows = 0;
    int32_t *items = NULL;
    if (version != VERSION_NONE && announced->parts_held == announced->parts &&
        slot->versions[version - 1].rows >= announced->shape.items) {
        items = items_by_row(slot, version, &rows);
    }
    bool same = items && rows == vectors->copy.rows;
    if (items && !same) { serve(vectors, slot, version, items, rows); }
    free(items);
    if (items) { return; }
    stop_serving(vectors);
    for (size_t s = 0; s < MODEL_VERSION_SLOTS; s++) {
        serve_if_whole(vectors, &vectors->slots[s]);
    }
}

void vectors_remove(struct vectors *vectors, const struct tables *tables, int32_t slot_number,
                    struct slice item_id)
{
    if (slot_number < 0 || slot_number >= MODEL_VERSION_SLOTS) { return; }
    struct slot *slot = &vectors->slots[slot_number];
    int32_t item = ids_find(tables->ids, item_id);
    if (item == ID_NONE || item >= slot->capacity) { return; }
    struct cell *cell = &slot->cells[item];
    if (cell->version == VERSION_NONE) { return; }
    slot->versions[cell->version - 1].rows--;
    *cell = (struct cell){.version = VERSION_NONE};
    reconsider(vectors, slot);
}

void vectors_remove_weights(struct vectors *vectors, int32_t slot_number, int32_t part)
{
    if (slot_number < 0 || slot_number >= MODEL_VERSION_SLOTS) { return; }
    struct slot *slot = &vectors->slots[slot_number];
    struct announced *announced = &slot->announced;
    if (part < 0 || part >= announced->parts || !announced->part_present[part]) { return; }
    announced->part_present[part] = 0;
    announced->parts_held--;
    reconsider(vectors, slot);
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
        .masked = part->masked,
    };
}

static bool shape_fits(const struct model_weights *part)
{
    const char *why;
    bool sane = part->items > 0 && part->d > 0 && part->d <= VECTOR_NUMBERS_MAX &&
                part->hidden > 0 && part->hidden <= 4 * VECTOR_NUMBERS_MAX && part->blocks > 0 &&
                part->heads > 0 && part->length > (part->masked ? 1 : 0) &&
                part->length <= HISTORY_ACTIONS_MAX;
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

/* Begins a new announcement if the part is of another version or shape. */
static void announce(struct announced *announced, const struct model_weights *part,
                     size_t dense_count)
{
    const struct weights_shape shape = shape_of(part);
    bool same = slice_equal(part->generation, slice_str(announced->name)) &&
                memcmp(&announced->shape, &shape, sizeof(shape)) == 0;
    if (same) { return; }
    clear_announced(announced);
    (void)snprintf(announced->name, sizeof(announced->name), "%.*s",
                   SLICE_ARGS(part->generation));
    announced->shape = shape;
    announced->dense = xcalloc(dense_count, sizeof(*announced->dense));
    announced->parts = part->parts;
    announced->part_present = xcalloc((size_t)part->parts, 1);
}

/* Says whether a part's projection, if it has one, is what it should be. */
static bool projection_fits(const struct model_weights *part)
{
    if (!part->projection.count) { return true; }
    return part->part == 0 && part->content > 0 &&
           part->projection.count == (size_t)part->content * (size_t)part->d;
}

static void take_projection(struct announced *announced, const struct model_weights *part)
{
    const size_t count = part->projection.count;
    if (part->part != 0) { return; }
    free(announced->projection);
    announced->projection =
        count ? xmemdup(part->projection.at, count * sizeof(*part->projection.at)) : NULL;
    announced->content = count ? (size_t)part->content : 0;
    (void)snprintf(announced->content_model, sizeof(announced->content_model), "%.*s",
                   SLICE_ARGS(part->content_model));
}

const char *vectors_put_weights(struct vectors *vectors, const struct model_weights *part,
                                int64_t offset)
{
    bool known = part->slot >= 0 && part->slot < MODEL_VERSION_SLOTS;
    if (!known || !shape_fits(part) || !part->generation.size) { return "bad_shape"; }
    if ((size_t)part->items > vectors->rows_max) { return "bad_shape"; }
    const struct weights_shape shape = shape_of(part);
    const size_t dense_count = transformer_inference_dense_count(&shape);
    if (!part_fits(part, dense_count) || !projection_fits(part)) { return "bad_part"; }
    struct slot *slot = &vectors->slots[part->slot];
    struct announced *announced = &slot->announced;
    announce(announced, part, dense_count);
    take_projection(announced, part);
    memcpy(announced->dense + (size_t)part->part * MODEL_PART_NUMBERS_MAX, part->weights.at,
           part->weights.count * sizeof(*announced->dense));
    announced->parts_held += !announced->part_present[part->part];
    announced->part_present[part->part] = 1;
    announced->offset = MAX_OF(announced->offset, offset);
    serve_if_whole(vectors, slot);
    return NULL;
}
