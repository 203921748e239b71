/* Why readers never see half a model version:
 *
 *   1. All rows go to `item-vectors`, in the slot that the newest version does not have.
 *   2. The publisher waits until they are acknowledged. If that fails, it starts again at row 0, in
 *      the same slot.
 *   3. The dense weights go to `models` in parts. The last part announces the version.
 *   4. It waits again. If that fails, everything is sent again, weights last.
 *
 * Readers accept a version when they have its last part and all of its rows. A copy that dies
 * between any two of these steps leaves the other slot whole. The next owner finds the newest slot
 * in `models`. Two crash points mark the hazards.
 */
#include "base/base.h"
#include "base/crash.h"
#include "trainer/sequence/publisher.h"

enum { MESSAGE_BYTES_MAX = 1 << 20, SLOT_NONE = -1 };

_Static_assert(MODEL_PART_NUMBERS_MAX * sizeof(float) + 4096 < MESSAGE_BYTES_MAX,
               "a part of the weights fits its message");

void publisher_init(struct publisher *publisher, struct run *run)
{
    publisher->vector_codec = codec_new(&item_vector_contract, run_schemas(run));
    publisher->weights_codec = codec_new(&model_weights_contract, run_schemas(run));
    publisher->newest_slot = SLOT_NONE;
    buf_init(&publisher->message, MESSAGE_BYTES_MAX);
}

void publisher_release(struct publisher *publisher)
{
    publisher_drop(publisher);
    codec_free(publisher->vector_codec);
    codec_free(publisher->weights_codec);
    buf_release(&publisher->message);
}

void publisher_observe(struct publisher *publisher, const struct model_weights *weights)
{
    bool known = weights->slot >= 0 && weights->slot < MODEL_VERSION_SLOTS;
    /* all other parts precede it */
    bool last = weights->parts > 0 && weights->part == weights->parts - 1;
    if (!known || !last || !slice_equal(weights->model, slice_str(MODEL_SEQUENCE))) { return; }
    publisher->newest_slot = weights->slot;
    (void)snprintf(publisher->newest_version, sizeof(publisher->newest_version), "%.*s",
                   SLICE_ARGS(weights->generation));
}

bool publisher_idle(const struct publisher *publisher)
{
    return !publisher->snapshot;
}

static int32_t slot_to_write(const struct publisher *publisher)
{
    if (publisher->newest_slot == SLOT_NONE) { return 0; }
    bool late =
        publisher->own_version[0] && strcmp(publisher->own_version, publisher->newest_version) != 0;
    return late ? publisher->newest_slot : MODEL_VERSION_SLOTS - 1 - publisher->newest_slot;
}

void publisher_begin(struct publisher *publisher, struct model_snapshot *snapshot)
{
    assert(!publisher->snapshot);
    publisher->snapshot = snapshot;
    publisher->slot = slot_to_write(publisher);
    publisher->row = 0;
}

void publisher_restart(struct publisher *publisher)
{
    publisher->row = 0;
}

void publisher_drop(struct publisher *publisher)
{
    publisher->snapshot = model_snapshot_free(publisher->snapshot);
    publisher->published_snapshot = model_snapshot_free(publisher->published_snapshot);
    publisher->own_version[0] = '\0';
    publisher->row = 0;
}

static void send(struct publisher *publisher, struct task *task, struct codec *codec,
                 const void *object, int output, const char *key)
{
    buf_clear(&publisher->message);
    int result = codec_encode(codec, object, &publisher->message);
    assert(result == 0);
    task_emit(task, output, PARTITION_BY_KEY, slice_str(key), buf_slice(&publisher->message));
}

static void send_row(struct publisher *publisher, struct task *task, size_t row)
{
    const struct model_snapshot *snapshot = publisher->snapshot;
    const size_t d = snapshot->shape.d;
    char key[VECTOR_KEY_BYTES_MAX];
    const struct item_vector vector = {
        .item_id = ids_text(publisher->ids, snapshot->items[row]),
        .generation = slice_str(snapshot->name),
        .slot = publisher->slot,
        .row = (int32_t)row,
        .scale = snapshot->scales[row],
        .bytes = slice_of(snapshot->bytes + row * d, d),
    };
    (void)snprintf(key, sizeof(key), "%d/%.*s", vector.slot, SLICE_ARGS(vector.item_id));
    send(publisher, task, publisher->vector_codec, &vector, publisher->vectors_output, key);
}

/* Fills in what makes vectors of searches, where it fits into a message. */
static void set_projection(const struct model_snapshot *snapshot, struct model_weights *weights)
{
    const size_t count = snapshot->content.width * snapshot->shape.d;
    if (!snapshot->projection || count > MODEL_PROJECTION_NUMBERS_MAX) { return; }
    weights->content_model = slice_str(snapshot->content.model);
    weights->content = (int32_t)snapshot->content.width;
    weights->projection = (struct floats){snapshot->projection, count};
}

static void send_part(struct publisher *publisher, struct task *task, int32_t part, int32_t parts)
{
    const struct model_snapshot *snapshot = publisher->snapshot;
    const struct weights_shape *shape = &snapshot->shape;
    const size_t from = (size_t)part * MODEL_PART_NUMBERS_MAX;
    char key[MODEL_KEY_BYTES_MAX];
    struct model_weights weights = {
        .model = slice_str(MODEL_SEQUENCE),
        .generation = slice_str(snapshot->name),
        .slot = publisher->slot,
        .part = part,
        .parts = parts,
        .items = (int32_t)snapshot->rows,
        .d = (int32_t)shape->d,
        .hidden = (int32_t)shape->hidden,
        .blocks = (int32_t)shape->blocks,
        .heads = (int32_t)shape->heads,
        .length = (int32_t)shape->length,
        .masked = shape->masked,
        .steps = (int64_t)snapshot->steps,
        .hr10 = snapshot->hr10,
        .ndcg10 = snapshot->ndcg10,
        .weights = {snapshot->dense + from,
                    MIN_OF(snapshot->dense_count - from, (size_t)MODEL_PART_NUMBERS_MAX)},
    };
    if (part == 0) { set_projection(snapshot, &weights); }
    (void)snprintf(key, sizeof(key), "%s/%d/%d", MODEL_SEQUENCE, weights.slot, part);
    send(publisher, task, publisher->weights_codec, &weights, publisher->models_output, key);
}

static void finish_snapshot(struct publisher *publisher)
{
    model_snapshot_free(publisher->published_snapshot);
    publisher->published_snapshot = publisher->snapshot;
    (void)snprintf(publisher->own_version, sizeof(publisher->own_version), "%s",
                   publisher->snapshot->name);
    publisher->snapshot = NULL;
    publisher->row = 0;
}

struct model_snapshot *publisher_take_published(struct publisher *publisher)
{
    struct model_snapshot *published_snapshot = publisher->published_snapshot;
    publisher->published_snapshot = NULL;
    return published_snapshot;
}

bool publisher_is_newest(const struct publisher *publisher, const struct model_snapshot *snapshot)
{
    return strcmp(publisher->newest_version, snapshot->name) == 0;
}

void publisher_send_cold_start(struct publisher *publisher, struct task *task,
                               const struct cold_start_row *late)
{
    char key[VECTOR_KEY_BYTES_MAX];
    const struct item_vector vector = {
        .item_id = ids_text(publisher->ids, late->item),
        .generation = slice_str(publisher->newest_version),
        .slot = publisher->newest_slot,
        .row = (int32_t)late->row,
        .scale = late->scale,
        .bytes = slice_of(late->bytes, late->width),
    };
    (void)snprintf(key, sizeof(key), "%d/%.*s", vector.slot, SLICE_ARGS(vector.item_id));
    send(publisher, task, publisher->vector_codec, &vector, publisher->vectors_output, key);
    publisher->rows_published++;
}

static void announce(struct publisher *publisher, struct task *task)
{
    const struct model_snapshot *snapshot = publisher->snapshot;
    const size_t each = MODEL_PART_NUMBERS_MAX;
    const int32_t parts = (int32_t)((snapshot->dense_count + each - 1) / each);
    if (!task_commit(task)) {
        publisher_restart(publisher);
        return;
    }
    CRASH_POINT("model_version.announce");
    for (int32_t part = 0; part < parts; part++) { send_part(publisher, task, part, parts); }
    if (!task_commit(task)) {
        publisher_restart(publisher);
        return;
    }
    CRASH_POINT("model_version.announced");
    publisher->newest_slot = publisher->slot;
    (void)snprintf(publisher->newest_version, sizeof(publisher->newest_version), "%s",
                   snapshot->name);
    publisher->published++;
    finish_snapshot(publisher);
}

void publisher_step(struct publisher *publisher, struct task *task)
{
    if (!publisher->snapshot) { return; }
    if (publisher_is_newest(publisher, publisher->snapshot)) {
        finish_snapshot(publisher);
        return;
    }
    size_t end = MIN_OF(publisher->row + publisher->rows_a_step, publisher->snapshot->rows);
    for (; publisher->row < end; publisher->row++, publisher->rows_published++) {
        send_row(publisher, task, publisher->row);
    }
    if (publisher->row == publisher->snapshot->rows) { announce(publisher, task); }
}
