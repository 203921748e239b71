#include "base/base.h"
#include "base/crash.h"
#include "sequence/press.h"

enum { MESSAGE_BYTES_MAX = 1 << 20, SLOT_NONE = -1 };

_Static_assert(MODEL_PART_NUMBERS_MAX * sizeof(float) + 4096 < MESSAGE_BYTES_MAX,
               "a part of the weights fits its message");

void press_init(struct press *press, struct run *run)
{
    press->vector_codec = codec_new(&item_vector_contract, run_schemas(run));
    press->weights_codec = codec_new(&model_weights_contract, run_schemas(run));
    press->newest_slot = SLOT_NONE;
    buf_init(&press->message, MESSAGE_BYTES_MAX);
}

void press_release(struct press *press)
{
    press_drop(press);
    codec_free(press->vector_codec);
    codec_free(press->weights_codec);
    buf_release(&press->message);
}

void press_note(struct press *press, const struct model_weights *weights)
{
    bool known = weights->slot >= 0 && weights->slot < GENERATION_SLOTS;
    /* all others stand before it */
    bool last = weights->parts > 0 && weights->part == weights->parts - 1;
    if (!known || !last || !slice_equal(weights->model, slice_str(MODEL_SEQUENCE))) { return; }
    press->newest_slot = weights->slot;
    (void)snprintf(press->newest, sizeof(press->newest), "%.*s", SLICE_ARGS(weights->generation));
}

bool press_idle(const struct press *press)
{
    return !press->graduate;
}

static int32_t slot_to_write(const struct press *press)
{
    if (press->newest_slot == SLOT_NONE) { return 0; }
    bool late = press->own[0] && strcmp(press->own, press->newest) != 0;
    return late ? press->newest_slot : GENERATION_SLOTS - 1 - press->newest_slot;
}

void press_begin(struct press *press, struct graduate *graduate)
{
    assert(!press->graduate);
    press->graduate = graduate;
    press->slot = slot_to_write(press);
    press->row = 0;
}

void press_restart(struct press *press)
{
    press->row = 0;
}

void press_drop(struct press *press)
{
    press->graduate = graduate_free(press->graduate);
    press->done = graduate_free(press->done);
    press->own[0] = '\0';
    press->row = 0;
}

static void send(struct press *press, struct task *task, struct codec *codec, const void *object,
                 int output, const char *key)
{
    buf_clear(&press->message);
    int result = codec_encode(codec, object, &press->message);
    assert(result == 0);
    task_emit(task, output, PARTITION_BY_KEY, slice_str(key), buf_slice(&press->message));
}

static void send_row(struct press *press, struct task *task, size_t row)
{
    const struct graduate *graduate = press->graduate;
    const size_t d = graduate->shape.d;
    char key[VECTOR_KEY_BYTES_MAX];
    const struct item_vector vector = {
        .item_id = ids_text(press->ids, graduate->items[row]),
        .generation = slice_str(graduate->name),
        .slot = press->slot,
        .row = (int32_t)row,
        .scale = graduate->scales[row],
        .bytes = slice_of(graduate->bytes + row * d, d),
    };
    (void)snprintf(key, sizeof(key), "%d/%.*s", vector.slot, SLICE_ARGS(vector.item_id));
    send(press, task, press->vector_codec, &vector, press->vectors_output, key);
}

static void send_part(struct press *press, struct task *task, int32_t part, int32_t parts)
{
    const struct graduate *graduate = press->graduate;
    const struct weights_shape *shape = &graduate->shape;
    const size_t from = (size_t)part * MODEL_PART_NUMBERS_MAX;
    char key[MODEL_KEY_BYTES_MAX];
    const struct model_weights weights = {
        .model = slice_str(MODEL_SEQUENCE),
        .generation = slice_str(graduate->name),
        .slot = press->slot,
        .part = part,
        .parts = parts,
        .items = (int32_t)graduate->rows,
        .d = (int32_t)shape->d,
        .hidden = (int32_t)shape->hidden,
        .blocks = (int32_t)shape->blocks,
        .heads = (int32_t)shape->heads,
        .length = (int32_t)shape->length,
        .steps = (int64_t)graduate->steps,
        .hr10 = graduate->hr10,
        .ndcg10 = graduate->ndcg10,
        .weights = {graduate->dense + from,
                    MIN_OF(graduate->dense_count - from, (size_t)MODEL_PART_NUMBERS_MAX)},
    };
    (void)snprintf(key, sizeof(key), "%s/%d/%d", MODEL_SEQUENCE, weights.slot, part);
    send(press, task, press->weights_codec, &weights, press->models_output, key);
}

static void set_done(struct press *press)
{
    graduate_free(press->done);
    press->done = press->graduate;
    (void)snprintf(press->own, sizeof(press->own), "%s", press->graduate->name);
    press->graduate = NULL;
    press->row = 0;
}

struct graduate *press_take_published(struct press *press)
{
    struct graduate *done = press->done;
    press->done = NULL;
    return done;
}

bool press_is_newest(const struct press *press, const struct graduate *graduate)
{
    return strcmp(press->newest, graduate->name) == 0;
}

void press_send_late(struct press *press, struct task *task, const struct late_row *late)
{
    char key[VECTOR_KEY_BYTES_MAX];
    const struct item_vector vector = {
        .item_id = ids_text(press->ids, late->item),
        .generation = slice_str(press->newest),
        .slot = press->newest_slot,
        .row = (int32_t)late->row,
        .scale = late->scale,
        .bytes = slice_of(late->bytes, late->width),
    };
    (void)snprintf(key, sizeof(key), "%d/%.*s", vector.slot, SLICE_ARGS(vector.item_id));
    send(press, task, press->vector_codec, &vector, press->vectors_output, key);
    press->rows_published++;
}

static void finish(struct press *press, struct task *task)
{
    const struct graduate *graduate = press->graduate;
    const size_t each = MODEL_PART_NUMBERS_MAX;
    const int32_t parts = (int32_t)((graduate->dense_count + each - 1) / each);
    if (!task_settle(task)) {
        press_restart(press);
        return;
    }
    CRASH_POINT("generation.announce");
    for (int32_t part = 0; part < parts; part++) { send_part(press, task, part, parts); }
    if (!task_settle(task)) {
        press_restart(press);
        return;
    }
    CRASH_POINT("generation.announced");
    press->newest_slot = press->slot;
    (void)snprintf(press->newest, sizeof(press->newest), "%s", graduate->name);
    press->published++;
    set_done(press);
}

void press_step(struct press *press, struct task *task)
{
    if (!press->graduate) { return; }
    if (press_is_newest(press, press->graduate)) {
        set_done(press);
        return;
    }
    size_t end = MIN_OF(press->row + press->rows_a_step, press->graduate->rows);
    for (; press->row < end; press->row++, press->rows_published++) {
        send_row(press, task, press->row);
    }
    if (press->row == press->graduate->rows) { finish(press, task); }
}
