/* Slots: what `models` and `item-vectors` say of the generations that the sequence trainer has
 * published, read as a compacted topic is read: the newest record of each key. */
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

/* A slot's newest announcement, and what is there of it. */
struct shown {
    char generation[GENERATION_NAME_BYTES_MAX + 1];
    int32_t items; /* as announced; 0: nothing is */
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

static inline void slots_show_part(struct shown *shown, const struct model_weights *part,
                                   int64_t offset)
{
    if (strncmp(shown->generation, part->generation.data, part->generation.size) != 0 ||
        strlen(shown->generation) != part->generation.size) {
        *shown = (struct shown){0};
        (void)snprintf(shown->generation, sizeof(shown->generation), "%.*s",
                       SLICE_ARGS(part->generation));
    }
    shown->parts_here++;
    shown->parts = part->parts;
    shown->items = part->items;
    shown->offset = offset;
    shown->ndcg10 = part->ndcg10;
    shown->dense ^= ids_fingerprint(slice_of((const char *)part->weights.at,
                                             part->weights.count * sizeof(float)));
}

/* Shows a slot. */
static inline struct shown slots_show(struct slots *slots, int32_t slot)
{
    struct shown shown = {0};
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
        if (part.slot == slot) { slots_show_part(&shown, &part, rec.offset); }
    }
    struct fold *rows = rig_fold(slots->rig, "item-vectors");
    for (size_t i = 0; i < rows->count; i++) {
        slots_decode(slots, slots->vectors, rows->at[i].value, &vector);
        bool ours = vector.slot == slot && vector.row < shown.items &&
                    slice_equal(vector.generation, slice_str(shown.generation));
        if (!ours || seen[vector.row]) { continue; }
        assert(vector.row < SLOT_ROWS_MAX);
        seen[vector.row] = true;
        shown.rows++;
    }
    free(rows);
    return shown;
}

static inline bool shown_whole(const struct shown *shown)
{
    return shown->items > 0 && shown->rows == (size_t)shown->items &&
           shown->parts_here == shown->parts;
}

/* Says whether, since a generation was announced, one of the slots is whole. */
static inline bool slots_whole(struct slots *slots)
{
    const struct shown shown[GENERATION_SLOTS] = {slots_show(slots, 0), slots_show(slots, 1)};
    if (!shown[0].items && !shown[1].items) { return true; }
    return shown_whole(&shown[0]) || shown_whole(&shown[1]);
}

static inline void slots_tell_rows(struct slots *slots, int32_t slot, const struct shown *shown,
                                   bool numbers, struct buf *text)
{
    struct item_vector vector;
    struct fold *rows = rig_fold(slots->rig, "item-vectors");
    for (size_t i = 0; i < rows->count; i++) {
        slots_decode(slots, slots->vectors, rows->at[i].value, &vector);
        bool ours = slice_equal(vector.generation, slice_str(shown->generation));
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

/* Tells a rig's newest generation: its items and, with `numbers`, its name and all its numbers.
 * The caller frees. */
static inline char *slots_text(const struct rig *rig, bool numbers)
{
    struct slots slots;
    slots_init(&slots, rig);
    const struct shown shown[GENERATION_SLOTS] = {slots_show(&slots, 0), slots_show(&slots, 1)};
    int32_t newest = shown[1].items && shown[1].offset > shown[0].offset;
    struct buf text;
    buf_init(&text, SLOT_TEXT_MAX);
    buf_printf(&text, "generation whole=%d items=%d", shown_whole(&shown[newest]),
               shown[newest].items);
    if (numbers) {
        buf_printf(&text, " name=%s dense=%" PRIx64, shown[newest].generation,
                   shown[newest].dense);
    }
    buf_printf(&text, "\n");
    slots_tell_rows(&slots, newest, &shown[newest], numbers, &text);
    slots_release(&slots);
    assert(!buf_failed(&text));
    char *told = xprintf("%.*s", SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
    return told;
}

/* ---- The trainer ---- */

static inline double trainer_metric(const struct copy *copy, const char *name)
{
    return metric_value(metrics_gauge(copy->metrics, name, "", ""));
}

/* Says whether a copy is the one that trains and has learned and published all. */
static inline bool trainer_rests(const struct copy *copy)
{
    return copy->run && trainer_metric(copy, "freshet_training") > 0 &&
           trainer_metric(copy, "freshet_training_resting") > 0;
}

/* Says whether what the one that trains has counted is what `histories` hold, each once. */
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
    fprintf(stderr, "it has counted %g users and %g actions, histories hold %g and %g\n",
            users_has, actions_has, users, actions);
    return false;
}

#endif
