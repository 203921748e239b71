/* A record is decoded as its writer wrote it, put into the live tables, and stored in this
 * program's own schema, which the next start reads without a registry. What the live tables refuse
 * is not stored.
 */
#include "base/base.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "serve/table_reader.h"
#include "stream/stored_table.h"

#include <endian.h>

enum { READER_ARENA_BYTES = 1 << 16, READER_ROW_BYTES_MAX = 64 << 20,
       FAULTS_BYTES_MAX = 16 << 10 };

/* How a stored table is kept. */
struct kept {
    struct codec *writer; /* in our own schema */
    struct table_store *store; /* NULL: the table is not kept */
};

struct table_reader {
    struct live_tables *live;
    struct schema_cache *schemas; /* our own */
    struct codec *codecs[TABLES_COUNT];
    struct kept kept[TABLES_COUNT];
    struct arena *arena;
    struct buf row;
    struct buf faults; /* of rules */
};

static const struct contract *const table_contracts[TABLES_COUNT] = {
    [TABLE_ROWS] = &serving_row_contract,
    [TABLE_ITEMS] = &item_contract,
    [TABLE_VECTORS] = &item_vector_contract,
    [TABLE_MODELS] = &model_weights_contract,
    [TABLE_CONTENT] = &content_vectors_contract,
    [TABLE_RULES] = &applied_rules_contract,
    [TABLE_CANDIDATES] = &candidate_list_contract,
    [TABLE_PROFILES] = &user_profile_contract,
    [TABLE_GROUPS] = &group_profile_contract,
};

static int keep(struct table_reader *reader, struct run *run, enum table_kind kind,
                const char *path, const char *name)
{
    _cleanup_(xfreep) char *below = xprintf("%s/%s", path, name);
    int result = directory_make(below);
    if (result < 0) {
        run_refuse(run, "cannot make the directory %s: %s; hint: set state.dir", below,
                   strerror(-result));
        return result;
    }
    reader->kept[kind] = (struct kept){codec_new(table_contracts[kind], reader->schemas),
                                       table_store_new(below)};
    return 0;
}

int table_reader_new(struct run *run, struct live_tables *live, const char *path,
                     struct table_reader **ret_reader)
{
    struct table_reader *reader = xcalloc(1, sizeof(*reader));
    reader->live = live;
    reader->schemas = schema_cache_new();
    for (int kind = 0; kind < TABLES_COUNT; kind++) {
        reader->codecs[kind] = codec_new(table_contracts[kind], run_schemas(run));
    }
    reader->arena = arena_new(READER_ARENA_BYTES);
    buf_init(&reader->row, READER_ROW_BYTES_MAX);
    buf_init(&reader->faults, FAULTS_BYTES_MAX);
    int result = keep(reader, run, TABLE_ROWS, path, "rows");
    if (result == 0) { result = keep(reader, run, TABLE_ITEMS, path, "items"); }
    if (result < 0) {
        table_reader_free(reader);
        return result;
    }
    *ret_reader = reader;
    return 0;
}

struct table_reader *table_reader_free(struct table_reader *reader)
{
    if (!reader) { return NULL; }
    (void)table_reader_flush(reader);
    for (int kind = 0; kind < TABLES_COUNT; kind++) {
        codec_free(reader->codecs[kind]);
        codec_free(reader->kept[kind].writer);
        table_store_free(reader->kept[kind].store);
    }
    schema_cache_free(reader->schemas);
    arena_free(reader->arena);
    buf_release(&reader->row);
    buf_release(&reader->faults);
    free(reader);
    return NULL;
}

int table_reader_flush(struct table_reader *reader)
{
    int result = 0;
    for (int kind = 0; kind < TABLES_COUNT && result == 0; kind++) {
        if (reader->kept[kind].store) { result = table_store_flush(reader->kept[kind].store); }
    }
    return result;
}

/* ---- Into the live tables ---- */

union table_object {
    struct serving_row row;
    struct item item;
    struct item_vector vector;
    struct model_weights weights;
    struct content_vectors content;
    struct applied_rules rules;
    struct candidate_list candidates;
    struct user_profile profile;
    struct group_profile group;
};

static const char *put_rules(struct table_reader *reader, struct slice text, int64_t offset)
{
    buf_clear(&reader->faults);
    return live_tables_put_rules(reader->live, text, offset, &reader->faults) ? NULL : "bad_rules";
}

/* Puts an object; NULL, or the reason why it is refused. `since_ms`: the time of its record; it
 * becomes that of the first one of the item. */
static const char *put(struct table_reader *reader, enum table_kind kind,
                       const union table_object *object, int64_t offset, int64_t *since_ms)
{
    switch (kind) {
    case TABLE_ROWS: return live_tables_put_row(reader->live, &object->row);
    case TABLE_ITEMS:
        *since_ms = live_tables_put_item(reader->live, &object->item, *since_ms);
        return NULL;
    case TABLE_VECTORS: return live_tables_put_vector(reader->live, &object->vector);
    case TABLE_MODELS: return live_tables_put_weights(reader->live, &object->weights, offset);
    case TABLE_CONTENT: return live_tables_put_content(reader->live, &object->content);
    case TABLE_RULES: return put_rules(reader, object->rules.text, offset);
    case TABLE_CANDIDATES: return live_tables_put_brought(reader->live, &object->candidates);
    case TABLE_PROFILES: return live_tables_put_profile(reader->live, &object->profile);
    case TABLE_GROUPS: return live_tables_put_group(reader->live, &object->group);
    case TABLES_COUNT: break;
    }
    return NULL;
}

static void remove_key(struct table_reader *reader, enum table_kind kind, struct slice key)
{
    if (kind == TABLE_ROWS) { live_tables_remove_row(reader->live, key); }
    if (kind == TABLE_ITEMS) { live_tables_remove_item(reader->live, key); }
    if (kind == TABLE_CONTENT && key.data) { live_tables_remove_content(reader->live, key); }
    if (kind == TABLE_RULES) { (void)put_rules(reader, (struct slice){0}, /* offset= */ -1); }
    struct slice source, user;
    if (kind == TABLE_CANDIDATES && candidate_list_key(key, &source, &user)) {
        live_tables_remove_brought(reader->live, source, user);
    }
    if (kind == TABLE_PROFILES) { live_tables_remove_profile(reader->live, key); }
    if (kind == TABLE_GROUPS) { live_tables_remove_group(reader->live, key); }
    if (kind == TABLE_VECTORS) { live_tables_remove_vector(reader->live, key); }
    if (kind == TABLE_MODELS) { live_tables_remove_weights(reader->live, key); }
}

/* ---- From the disk ---- */

/* A row of an item is kept with the time of the item's first record before it: a mark, with which
 * no row begins, and 8 bytes. Those of earlier releases are rows alone. */
enum { SINCE_MARK = 'S', SINCE_BYTES = 1 + sizeof(uint64_t) };

static void begin_kept_row(struct buf *row, enum table_kind kind, int64_t since_ms)
{
    char head[SINCE_BYTES] = {SINCE_MARK};
    buf_clear(row);
    if (kind != TABLE_ITEMS) { return; }
    const uint64_t bytes = htole64((uint64_t)since_ms);
    memcpy(head + 1, &bytes, sizeof(bytes));
    buf_append(row, head, sizeof(head));
}

/* Takes that time off a kept row; -1: it has none. */
static int64_t take_since(struct slice *row)
{
    uint64_t bytes;
    if (row->size < SINCE_BYTES || row->data[0] != SINCE_MARK) { return -1; }
    memcpy(&bytes, row->data + 1, sizeof(bytes));
    *row = slice_of(row->data + SINCE_BYTES, row->size - SINCE_BYTES);
    return (int64_t)le64toh(bytes);
}

struct resumed {
    struct table_reader *reader;
    enum table_kind kind;
};

static int take_stored(void *arg, struct slice key _unused_, struct slice value)
{
    const struct resumed *resumed = arg;
    struct table_reader *reader = resumed->reader;
    union table_object object;
    arena_reset(reader->arena);
    int64_t since_ms = take_since(&value);
    if (codec_decode(reader->kept[resumed->kind].writer, value, reader->arena, &object, NULL) < 0) {
        return -EBADMSG;
    }
    (void)put(reader, resumed->kind, &object, 0, &since_ms);
    return 0;
}

int64_t table_reader_resume(struct table_reader *reader, struct run *run, enum table_kind kind,
                            int input, int32_t partition, int64_t low, int64_t end)
{
    struct resumed resumed = {reader, kind};
    if (!reader->kept[kind].store) { return OFFSET_NONE; }
    return stored_table_resume(run, reader->kept[kind].store, input, partition, low, end,
                               take_stored, &resumed);
}

/* ---- From the topic ---- */

static enum verdict store(struct table_reader *reader, struct run *run, enum table_kind kind,
                          const struct record *rec, struct slice row)
{
    struct table_store *at = reader->kept[kind].store;
    if (!at) { return VERDICT_DONE; }
    if (table_store_put(at, rec->partition, rec->key, row, rec->offset) < 0) {
        (void)run_refuse_record(run, "state", "%s", table_store_why(at));
        return VERDICT_FATAL;
    }
    table_store_stamp(at, rec->partition, rec->time_ms);
    return VERDICT_DONE;
}

void table_reader_pass(struct table_reader *reader, enum table_kind kind, const struct record *rec)
{
    struct table_store *at = reader->kept[kind].store;
    if (at) { table_store_pass(at, rec->partition, rec->offset, rec->time_ms); }
}

enum verdict table_reader_take(struct table_reader *reader, struct run *run, enum table_kind kind,
                               const struct record *rec)
{
    union table_object object;
    struct codec_error error;
    if (kind == TABLE_ROWS && slice_equal(rec->key, slice_str(SERVING_ROWS_COMPLETE_KEY))) {
        return VERDICT_DONE;
    }
    if (reader->kept[kind].store && (!rec->key.data || rec->key.size > ID_BYTES_MAX)) {
        return run_refuse_record(run, "bad_key", "want an item id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    if (kind == TABLE_RULES && !slice_equal(rec->key, slice_str(APPLIED_RULES_KEY))) {
        return run_refuse_record(run, "bad_key", "want the key %s", APPLIED_RULES_KEY);
    }
    if (kind == TABLE_PROFILES && (!rec->key.data || rec->key.size > ID_BYTES_MAX)) {
        return run_refuse_record(run, "bad_key", "want a user id of at most %d bytes",
                                 ID_BYTES_MAX);
    }
    if (kind == TABLE_GROUPS && (!rec->key.data || rec->key.size > GROUP_KEY_BYTES_MAX)) {
        return run_refuse_record(run, "bad_key", "want a key of at most %d bytes",
                                 GROUP_KEY_BYTES_MAX);
    }
    if (!rec->value.data) {
        remove_key(reader, kind, rec->key);
        return store(reader, run, kind, rec, rec->value);
    }
    arena_reset(reader->arena);
    if (codec_decode(reader->codecs[kind], rec->value, reader->arena, &object, &error) < 0) {
        return run_refuse_undecoded(run, &error);
    }
    const char *reason = NULL;
    if (kind == TABLE_ITEMS) { item_bound_created(&object.item, rec->time_ms); }
    if (kind == TABLE_CANDIDATES) { reason = candidate_list_fault(&object.candidates, rec->key); }
    if (kind == TABLE_PROFILES && !slice_equal(object.profile.user_id, rec->key)) {
        reason = "key_mismatch";
    }
    if (kind == TABLE_GROUPS) { reason = group_profile_fault(&object.group, rec->key); }
    int64_t since_ms = MAX_OF(rec->time_ms, (int64_t)0);
    if (!reason) { reason = put(reader, kind, &object, rec->offset, &since_ms); }
    if (reason && kind == TABLE_RULES) {
        return run_refuse_record(run, reason, "the former rules stay: %.*s",
                                 SLICE_ARGS(buf_slice(&reader->faults)));
    }
    if (reason) {
        return run_refuse_record(run, reason, "%s", table_contracts[kind]->name);
    }
    if (!reader->kept[kind].store) { return VERDICT_DONE; }
    begin_kept_row(&reader->row, kind, since_ms);
    if (codec_encode(reader->kept[kind].writer, &object, &reader->row) < 0) {
        return run_refuse_record(run, "over_limit", "%s", table_contracts[kind]->name);
    }
    return store(reader, run, kind, rec, buf_slice(&reader->row));
}
