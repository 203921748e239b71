/* Slots: the two model versions in `models` and `item-vectors`, read as from compacted topics: the
 * newest record of each key. */
#ifndef FRESHET_TESTS_TOPOLOGY_SLOTS_H
#define FRESHET_TESTS_TOPOLOGY_SLOTS_H

#include "model/ids.h"
#include "schemas/item_vector.h"
#include "schemas/model_weights.h"
#include "schemas/user_history.h"
#include "tests/topology/rig.h"

enum { SLOT_ROWS_MAX = 256, SLOT_TEXT_MAX = 1 << 20 };

struct slots {
    const struct rig *rig;
    struct schema_cache *schemas;
    struct codec *vectors, *weights, *histories;
    struct arena *arena;
};

/* The model version announced last in a slot, and how much of it is there. */
struct slot_content {
    char version[MODEL_VERSION_NAME_BYTES_MAX + 1];
    int32_t items; /* as announced; 0: nothing was */
    int32_t parts, parts_here;
    int64_t offset; /* of its newest part */
    size_t rows;    /* of those announced, each counted once */
    uint64_t dense; /* fingerprint of its parts */
    double ndcg10;
};

static inline void slots_init(struct slots *slots, const struct rig *rig)
{
    *slots = (struct slots){.rig = rig, .schemas = schema_cache_new(), .arena = arena_new(1 << 16)};
    slots->vectors = codec_new(&item_vector_contract, slots->schemas);
    slots->weights = codec_new(&model_weights_contract, slots->schemas);
    slots->histories = codec_new(&user_history_contract, slots->schemas);
}

static inline void slots_release(struct slots *slots)
{
    codec_free(slots->vectors);
    codec_free(slots->weights);
    codec_free(slots->histories);
    schema_cache_free(slots->schemas);
    arena_free(slots->arena);
}

static inline void slots_decode(struct slots *slots, struct codec *codec, struct slice value,
                                void *ret_object)
{
    arena_reset(slots->arena);
    assert(codec_decode(codec, value, slots->arena, ret_object, NULL) == 0);
}

static inline void slots_read_part(struct slot_content *content, const struct model_weights *part,
                                   int64_t offset)
{
    if (strncmp(content->version, part->generation.data, part->generation.size) != 0 ||
        strlen(content->version) != part->generation.size) {
        *content = (struct slot_content){0};
        (void)snprintf(content->version, sizeof(content->version), "%.*s",
                       SLICE_ARGS(part->generation));
    }
    content->parts_here++;
    content->parts = part->parts;
    content->items = part->items;
    content->offset = offset;
    content->ndcg10 = part->ndcg10;
    content->dense ^= ids_fingerprint(
        slice_of((const char *)part->weights.at, part->weights.count * sizeof(float)));
}

/* Reads a slot. */
static inline struct slot_content slots_read(struct slots *slots, int32_t slot)
{
    struct slot_content content = {0};
    struct model_weights part;
    struct item_vector vector;
    struct record rec;
    bool seen[SLOT_ROWS_MAX] = {false};
    for (int64_t at = 0; memlog_read(slots->rig->log, "models", 0, at, &rec) == 0;
         at = rec.offset + 1) {
        struct record newest;
        if (memlog_newest(slots->rig->log, "models", rec.key, &newest) < 0 ||
            newest.offset != rec.offset) {
            continue;
        }
        slots_decode(slots, slots->weights, rec.value, &part);
        if (part.slot == slot) { slots_read_part(&content, &part, rec.offset); }
    }
    struct fold *rows = rig_fold(slots->rig, "item-vectors");
    for (size_t i = 0; i < rows->count; i++) {
        slots_decode(slots, slots->vectors, rows->at[i].value, &vector);
        bool ours = vector.slot == slot && vector.row < content.items &&
                    slice_equal(vector.generation, slice_str(content.version));
        if (!ours || seen[vector.row]) { continue; }
        assert(vector.row < SLOT_ROWS_MAX);
        seen[vector.row] = true;
        content.rows++;
    }
    free(rows);
    return content;
}

/* Finds an item's row in either slot; false: there is none. */
static inline bool slots_find_row(struct slots *slots, const char *id,
                                  struct item_vector *ret_vector)
{
    bool found = false;
    struct fold *rows = rig_fold(slots->rig, "item-vectors");
    for (size_t i = 0; i < rows->count && !found; i++) {
        slots_decode(slots, slots->vectors, rows->at[i].value, ret_vector);
        found = slice_equal(ret_vector->item_id, slice_str(id));
    }
    free(rows);
    return found;
}

static inline bool slot_whole(const struct slot_content *content)
{
    return content->items > 0 && content->rows == (size_t)content->items &&
           content->parts_here == content->parts;
}

/* Says whether one of the slots is whole, or nothing was announced yet. */
static inline bool slots_whole(struct slots *slots)
{
    const struct slot_content content[MODEL_VERSION_SLOTS] = {slots_read(slots, 0),
                                                              slots_read(slots, 1)};
    if (!content[0].items && !content[1].items) { return true; }
    return slot_whole(&content[0]) || slot_whole(&content[1]);
}

static inline void slots_print_rows(struct slots *slots, int32_t slot,
                                    const struct slot_content *content, bool numbers,
                                    struct buf *text)
{
    struct item_vector vector;
    struct fold *rows = rig_fold(slots->rig, "item-vectors");
    for (size_t i = 0; i < rows->count; i++) {
        slots_decode(slots, slots->vectors, rows->at[i].value, &vector);
        bool ours = slice_equal(vector.generation, slice_str(content->version));
        if (vector.slot != slot || !ours) { continue; }
        buf_printf(text, "item %.*s row=%d", SLICE_ARGS(vector.item_id), vector.row);
        if (numbers) { buf_printf(text, " scale=%a", (double)vector.scale); }
        for (size_t k = 0; numbers && k < vector.bytes.size; k++) {
            buf_printf(text, " %d", (int8_t)vector.bytes.data[k]);
        }
        buf_printf(text, "\n");
    }
    free(rows);
}

/* Prints a rig's newest model version: its items and, with `numbers`, its name and all its numbers.
 * The caller frees. */
static inline char *slots_text(const struct rig *rig, bool numbers)
{
    struct slots slots;
    slots_init(&slots, rig);
    const struct slot_content content[MODEL_VERSION_SLOTS] = {slots_read(&slots, 0),
                                                              slots_read(&slots, 1)};
    int32_t newest = content[1].items && content[1].offset > content[0].offset;
    struct buf text;
    buf_init(&text, SLOT_TEXT_MAX);
    buf_printf(&text, "generation whole=%d items=%d", slot_whole(&content[newest]),
               content[newest].items);
    if (numbers) {
        buf_printf(&text, " name=%s dense=%" PRIx64, content[newest].version,
                   content[newest].dense);
    }
    buf_printf(&text, "\n");
    slots_print_rows(&slots, newest, &content[newest], numbers, &text);
    slots_release(&slots);
    assert(!buf_failed(&text));
    char *copied = xprintf("%.*s", SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
    return copied;
}

/* ---- The trainer ---- */

static inline double trainer_metric(const struct copy *copy, const char *name)
{
    return metric_value(metrics_gauge(copy->metrics, name, "", ""));
}

/* Says whether a copy is the one that trains and has trained on and published everything. */
static inline bool trainer_idle(const struct copy *copy)
{
    return copy->run && trainer_metric(copy, "freshet_training") > 0 &&
           trainer_metric(copy, "freshet_training_idle") > 0;
}

/* Says whether the training copy has counted the users and actions of `histories`, each once. */
static inline bool trainer_counts(struct slots *slots, const struct copy *copy)
{
    struct user_history hist;
    double users = 0, actions = 0;
    struct fold *fold = rig_fold(slots->rig, "histories");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        slots_decode(slots, slots->histories, fold->at[i].value, &hist);
        users++;
        actions += (double)hist.events_total;
    }
    free(fold);
    double users_has = trainer_metric(copy, "freshet_training_users");
    double actions_has = trainer_metric(copy, "freshet_training_actions");
    if (users == users_has && actions == actions_has) { return true; }
    fprintf(stderr, "it has counted %g users and %g actions, histories hold %g and %g\n", users_has,
            actions_has, users, actions);
    return false;
}

#endif
