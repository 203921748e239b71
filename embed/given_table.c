#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "embed/given_table.h"
#include "stream/stored_table.h"

enum { GIVEN_ARENA_BYTES = 1 << 16, GIVEN_ROW_BYTES_MAX = 1 << 17 };

struct given_table {
    struct run *run;
    struct table_store *store;
    struct codec *record_codec;
    struct codec *row_codec; /* rows are stored by this program's own schemas */
    struct schema_cache *schemas;
    struct arena *arena; /* of a record, or of an item */
    struct buf message;
    struct vector_row row;
    bool any;
    const char *why;
};

int given_table_new(struct run *run, struct given_table **ret_given)
{
    int64_t copy = MAX_OF(run_slot(run), (int64_t)0);
    _cleanup_(xfreep) char *path =
        xprintf("%s/%" PRId64 "/given-vectors", run_state_path(run), copy);
    int result = directory_make(path);
    if (result < 0) {
        run_refuse(run, "cannot make the directory %s: %s; hint: set state.dir", path,
                   strerror(-result));
        return result;
    }
    struct given_table *given = xcalloc(1, sizeof(*given));
    given->run = run;
    given->store = table_store_new(path);
    given->schemas = schema_cache_new();
    given->record_codec = codec_new(&given_vector_contract, run_schemas(run));
    given->row_codec = codec_new(&content_vectors_contract, given->schemas);
    given->arena = arena_new(GIVEN_ARENA_BYTES);
    buf_init(&given->message, GIVEN_ROW_BYTES_MAX);
    *ret_given = given;
    return 0;
}

void given_table_flush(struct given_table *given)
{
    if (table_store_flush(given->store) < 0) { given->why = table_store_why(given->store); }
}

struct given_table *given_table_free(struct given_table *given)
{
    if (!given) { return NULL; }
    (void)table_store_flush(given->store);
    table_store_free(given->store);
    codec_free(given->record_codec);
    codec_free(given->row_codec);
    schema_cache_free(given->schemas);
    arena_free(given->arena);
    buf_release(&given->message);
    free(given);
    return NULL;
}

bool given_table_any(const struct given_table *given)
{
    return given->any;
}

const char *given_table_why(const struct given_table *given)
{
    return given->why;
}

/* Reads an item's row of a partition into the arena; false: there is none. */
static bool read_row(struct given_table *given, int32_t partition, struct slice item,
                     struct content_vectors *ret_row)
{
    struct slice value;
    int result = table_store_get(given->store, partition, item, &value);
    if (result < 0 && result != -ENOENT) { given->why = table_store_why(given->store); }
    if (result < 0) { return false; }
    value = arena_copy(given->arena, value);
    return codec_decode(given->row_codec, value, given->arena, ret_row, NULL) == 0 &&
           content_vectors_agree(ret_row);
}

/* ---- Taking ---- */

/* Makes the item's new row: the former one without the vector of this name, and with `vector`
 * (NULL: taken back) in its place, in the order of the names. False: there are too many. */
static bool replace(struct given_table *given, const struct content_vectors *former,
                    struct slice name, const struct floats *vector)
{
    struct vector_row *row = &given->row;
    bool due = vector != NULL, fits = true;
    vector_row_clear(row);
    struct content_vector one;
    for (size_t place = 0; content_vectors_next(former, &place, &one);) {
        int order = slice_compare(name, one.name);
        if (due && order <= 0) {
            fits &= vector_row_add(row, name, vector->at, vector->count);
            due = false;
        }
        if (order != 0) {
            fits &= vector_row_add_bytes(row, one.name, one.scale, one.numbers, one.width);
        }
    }
    return (!due || vector_row_add(row, name, vector->at, vector->count)) && fits;
}

static enum verdict put(struct given_table *given, const struct record *rec, struct slice name,
                        struct slice item, const struct floats *vector)
{
    struct content_vectors row = {0};
    struct run *run = given->run;
    bool found = read_row(given, rec->partition, item, &row);
    if (!found) { row = (struct content_vectors){0}; }
    if (!found && !vector) { return VERDICT_DONE; }
    if (!replace(given, &row, name, vector)) {
        if (given->row.count < CONTENT_VECTORS_MAX) {
            return run_refuse_record(run, "bad_vectors", "its numbers are too small");
        }
        return run_refuse_record(run, "over_limit", "an item has at most %d given vectors",
                                 CONTENT_VECTORS_MAX);
    }
    struct content_vectors message = {.item_id = item, .model = slice_str(""),
                                      .content = slice_str("")};
    vector_row_fill(&given->row, &message);
    buf_clear(&given->message);
    int result = codec_encode(given->row_codec, &message, &given->message);
    assert(result == 0);
    struct slice value = given->row.count ? buf_slice(&given->message) : (struct slice){0};
    if (table_store_put(given->store, rec->partition, item, value, rec->offset) < 0) {
        (void)run_refuse_record(run, "state", "%s", table_store_why(given->store));
        return VERDICT_FATAL;
    }
    table_store_stamp(given->store, rec->partition, rec->time_ms);
    given->any = true;
    return VERDICT_DONE;
}

enum verdict given_table_take(struct given_table *given, const struct record *rec,
                                struct slice *ret_item)
{
    struct given_vector vector;
    struct codec_error error;
    struct slice name;
    arena_reset(given->arena);
    if (!given_vector_key(rec->key, &name, ret_item)) {
        return run_refuse_record(given->run, "bad_key", "want the key name/item_id");
    }
    if (!rec->value.data) { return put(given, rec, name, *ret_item, NULL); }
    if (codec_decode(given->record_codec, rec->value, given->arena, &vector, &error) < 0) {
        return run_refuse_undecoded(given->run, &error);
    }
    const char *fault = given_vector_fault(&vector, rec->key);
    if (fault) {
        return run_refuse_record(given->run, fault, "%s", strcmp(fault, "bad_vectors") == 0
                                 ? "want 1 to 4096 numbers, not all 0"
                                 : "want name and item_id as in the key");
    }
    return put(given, rec, name, *ret_item, &vector.vector);
}

/* ---- Joining ---- */

/* The vector with the least name that is greater than `after`, of several rows; false: none. */
static bool next_vector(const struct content_vectors *rows, size_t count, struct slice after,
                        struct content_vector *ret_vector)
{
    bool found = false;
    for (size_t k = 0; k < count; k++) {
        struct content_vector one;
        for (size_t place = 0; content_vectors_next(&rows[k], &place, &one);) {
            if (slice_compare(one.name, after) <= 0) { continue; }
            if (found && slice_compare(one.name, ret_vector->name) >= 0) { continue; }
            *ret_vector = one;
            found = true;
        }
    }
    return found;
}

size_t given_table_join(struct given_table *given, struct slice item, struct vector_row *row)
{
    int32_t partitions = table_store_partitions(given->store);
    struct content_vector vector = {0};
    size_t count = 0, own = row->count;
    if (!given->any) { return 0; }
    arena_reset(given->arena);
    struct content_vectors *rows =
        arena_alloc_array(given->arena, (size_t)partitions + 1, sizeof(*rows));
    for (int32_t partition = 0; partition < partitions; partition++) {
        count += read_row(given, partition, item, &rows[count]);
    }
    while (next_vector(rows, count, vector.name, &vector)) {
        if (vector_row_has(row, vector.name)) { continue; }
        if (!vector_row_add_bytes(row, vector.name, vector.scale, vector.numbers, vector.width)) {
            break;
        }
    }
    return row->count - own;
}

/* ---- Reading ---- */

int64_t given_table_resume(struct given_table *given, int input, int32_t partition,
                             int64_t low, int64_t end)
{
    int64_t from =
        stored_table_resume(given->run, given->store, input, partition, low, end, NULL, NULL);
    given->any |= from > 0;
    return from;
}

void given_table_passed(struct given_table *given, const struct record *rec)
{
    table_store_pass(given->store, rec->partition, rec->offset, rec->time_ms);
}
