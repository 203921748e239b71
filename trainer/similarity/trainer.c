/* The trainer of item similarities: each record of `pair-deltas` adds numbers to rows, and at each
 * commit the changed rows go to `neighbours`, which is output and changelog at once. What scorers
 * read is sent apart from that, to `serving-rows` (serving_rows.h).
 *
 * Addition is not idempotent, so deltas, rows and offsets are committed in one transaction; after a
 * rollback roll_back() drops the task's cached rows, and they are loaded from the store again. A
 * row is pruned when it exceeds its bound by half, and again before it is published.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/config/option_table.h"
#include "stream/id_room.h"
#include "model/counting/decay.h"
#include "schemas/serving_row.h"
#include "trainer/similarity/delta_reader.h"
#include "trainer/similarity/first_sending.h"
#include "trainer/similarity/serving_rows.h"
#include "trainer/similarity/stored_row.h"
#include "trainer/similarity/trainer.h"

static const struct input inputs[] = {
    {.name = "pair-deltas", .kind = INPUT_PARTITIONED, .cleanup = CLEANUP_LOG},
};

enum { NEIGHBOURS, SERVING_ROWS };
static const struct output outputs[] = {
    [NEIGHBOURS] = {.name = "neighbours",
                    .delivery = DELIVERY_TXN,
                    .cleanup = CLEANUP_TABLE,
                    .contracts = {&item_neighbours_contract}},
    [SERVING_ROWS] = {.name = "serving-rows",
                      .delivery = DELIVERY_AT_ONCE,
                      .cleanup = CLEANUP_TABLE,
                      .contracts = {&serving_row_contract}},
};

enum {
    MESSAGE_BYTES_MAX = 32 << 20,
    ROWS_AHEAD = 4,         /* between the steps in which a row is prefetched */
    SCAN_ARENA_BLOCK = 1 << 16,
    FORGET_MS = 10000, /* `freshet forget` waits until what it read here is committed */
};

struct trainer_settings {
    int64_t neighbours_max;
    int64_t rows_cache_bytes;
    int64_t items_max;
    struct serving_settings serving;
    struct checkpoint_policy checkpoints;
};

#define OPTION_SETTINGS struct trainer_settings

static const struct option options[] = {
    OPTION("neighbours.max", LONG, neighbours_max, "512", OPTION_RANGE(0, NEIGHBOURS_MAX),
           "Most neighbours of an item; 0: as many as the format holds (65536)"),
    OPTION("rows.cache.bytes", BYTES, rows_cache_bytes, "auto",
           OPTION_RANGE(0, 1024 * 1024 * GIB),
           "Memory for the cache of decoded rows, all partitions together", OPTION_PART(CACHE)),
    OPTION("items.max", LONG, items_max, "20000000", OPTION_RANGE(1, 1e9),
           "Most distinct items in memory; beyond, all are dropped from it after a commit"),
    OPTION("checkpoint.replay.ms", DURATION, checkpoints.replay_ms, "5s",
           OPTION_RANGE(0, 3600000),
           "Whole rows are written when so much time was spent on input that a restart would read "
           "again", OPTION_LIVE),
    OPTION("checkpoint.interval.ms", DURATION, checkpoints.interval_ms, "1h",
           OPTION_RANGE(0, 86400000),
           "Longest time before rows that have changed are written", OPTION_LIVE),
    OPTION("checkpoint.rest.ms", DURATION, checkpoints.rest_ms, "10s", OPTION_RANGE(0, 86400000),
           "Rows that have changed are written when no input has come for so long", OPTION_LIVE),
    OPTION("serving.neighbours.max", LONG, serving.neighbours_max, "384",
           OPTION_RANGE(1, NEIGHBOURS_MAX),
           "Most neighbours of an item in serving-rows: the best of its row"),
    OPTION("serving.change", DOUBLE, serving.change, "0.05", OPTION_RANGE(0, 1),
           "A serving row is sent at once when more than this share of it has changed; 0: after "
           "every change"),
    OPTION("serving.staleness.ms", DURATION, serving.staleness_ms, "1h",
           OPTION_RANGE(0, 86400000),
           "Longest time that a serving row may lack smaller changes while input comes"),
};

/* State of the process. */
struct trainer {
    const struct trainer_settings *settings;
    int32_t bound; /* neighbours of a published row */
    struct codec *deltas;
    struct codec *neighbours;
    struct ids *ids;
    struct rows *rows;
    struct delta_reader *delta_reader;
    struct stored_row *stored;
    struct serving_rows *serving;
    struct buf out;
    struct metric *published, *pruned, *pair_updates, *rows_cached;
    struct id_room room;
};

/* State of a task. */
struct task_rows {
    struct changed_rows changed;
    struct serving_queue queue;
    struct first_sending first;
};

static struct trainer *trainer_of(const struct task *task)
{
    return run_state(task_run(task));
}

static const struct checkpoint_policy *checkpoints(const struct run *run)
{
    const struct trainer_settings *settings = run_settings(run);
    return &settings->checkpoints;
}

/* ---- Start and stop ---- */

static int start(struct run *run)
{
    int result = run_check_partitions(run, SERVING_ROWS, NEIGHBOURS);
    if (result < 0) { return result; }
    struct trainer *t = xcalloc(1, sizeof(*t));
    struct metrics *metrics = run_metrics(run);
    t->settings = run_settings(run);
    int64_t bound = t->settings->neighbours_max;
    t->bound = bound > 0 ? (int32_t)bound : NEIGHBOURS_MAX;
    t->deltas = codec_new(&pair_deltas_contract, run_schemas(run));
    t->neighbours = codec_new(&item_neighbours_contract, run_schemas(run));
    t->ids = ids_new(INT32_MAX); /* items.max: make_room() */
    t->rows = rows_new((size_t)t->settings->rows_cache_bytes);
    /* The changelog has as many partitions as pair-deltas. */
    t->delta_reader = delta_reader_new(t->ids, run_output_partitions(run, NEIGHBOURS));
    t->stored = stored_row_new(t->ids);
    t->serving = serving_rows_new(run, SERVING_ROWS, t->ids, &t->settings->serving);
    buf_init(&t->out, MESSAGE_BYTES_MAX);
    t->published = metrics_counter(metrics, "freshet_rows_published_total", "",
                                   "Rows staged for the neighbours topic.");
    t->pruned = metrics_counter(metrics, "freshet_pairs_pruned_total", "",
                                "Neighbours dropped to keep rows within neighbours.max.");
    t->pair_updates = metrics_counter(metrics, "freshet_pair_updates_total", "",
                                      "Additions to neighbours of rows.");
    t->rows_cached = metrics_gauge(metrics, "freshet_rows_cached", "",
                                   "Rows in memory.");
    id_room_init(&t->room, run, t->settings->items_max);
    run_set_state(run, t);
    return 0;
}

static void stop(struct run *run)
{
    struct trainer *t = run_state(run);
    if (!t) { return; }
    codec_free(t->deltas);
    codec_free(t->neighbours);
    delta_reader_free(t->delta_reader);
    stored_row_free(t->stored);
    serving_rows_free(t->serving);
    rows_free(t->rows);
    ids_free(t->ids);
    buf_release(&t->out);
    free(t);
    run_set_state(run, NULL);
}

static int open_task(struct task *task)
{
    struct task_rows *task_rows = xcalloc(1, sizeof(*task_rows));
    serving_queue_open(trainer_of(task)->serving, &task_rows->queue, task);
    first_sending_open(&task_rows->first, task, SERVING_ROWS, outputs[SERVING_ROWS].name);
    task_set_state(task, task_rows);
    return 0;
}

static void roll_back(struct task *task)
{
    struct task_rows *task_rows = task_state(task);
    first_sending_rolled_back(&task_rows->first);
    serving_queue_clear(&task_rows->queue);
    rows_forget(trainer_of(task)->rows, &task_rows->changed);
}

static void close_task(struct task *task)
{
    struct task_rows *task_rows = task_state(task);
    if (!task_rows) { return; }
    roll_back(task);
    serving_queue_close(trainer_of(task)->serving, &task_rows->queue);
    changed_rows_release(&task_rows->changed);
    free(task_rows);
    task_set_state(task, NULL);
}

/* ---- Room for ids ---- */

static bool make_room(struct task *task)
{
    struct trainer *t = trainer_of(task);
    enum id_room_verdict verdict = id_room_ask(&t->room, task, ids_count(t->ids));
    if (verdict == ID_ROOM_DROP) {
        rows_clear(t->rows);
        ids_clear(t->ids);
    }
    return verdict != ID_ROOM_FULL;
}

/* ---- Sending all serving rows ---- */

enum { TELL_ROWS = 20000 };

/* A scan of the store that sends what it finds. It numbers ids of its own, for one row after the
 * other, so that they do not fill the room of those that are in use. */
struct sending {
    struct task *task;
    struct ids *ids;
    struct stored_row *stored;
    struct serving_rows *serving;
    struct arena *arena; /* of one row */
    int64_t rows;
    size_t bytes, most; /* of rows as they are stored: a serving row has no more */
};

/* A row that changed: what is sent is what it will be. */
static void send_changed(struct task *task, struct held_row *held)
{
    struct task_rows *task_rows = task_state(task);
    serving_rows_changed(trainer_of(task)->serving, &task_rows->queue, held, /* forgotten= */ true);
}

static int send_stored(void *arg, struct slice key, struct slice value)
{
    struct sending *sending = arg;
    struct task *task = sending->task;
    struct trainer *t = trainer_of(task);
    struct item_neighbours message;
    struct codec_error error;
    int32_t item = ids_find(t->ids, key);
    if (sending->bytes >= sending->most) {
        first_sending_piece(&((struct task_rows *)task_state(task))->first, key);
        return 1;
    }
    struct held_row *cached = item == ID_NONE ? NULL : rows_find(t->rows, item);
    if (cached && !held_row_committed(cached)) {
        send_changed(task, cached);
        return 0;
    }
    sending->bytes += value.size;
    if (ids_count(sending->ids) >= t->settings->items_max) { ids_clear(sending->ids); }
    struct held_row held = {.item = ids_put(sending->ids, key)};
    row_init(&held.row);
    arena_reset(sending->arena);
    int result = codec_decode(t->neighbours, value, sending->arena, &message, &error);
    if (result == 0) { result = stored_row_load(sending->stored, &message, &held); }
    /* What cannot be read ends the process when the row is needed (load_row()). */
    if (result == 0) { serving_rows_send_stored(sending->serving, task, &held); }
    row_release(&held.row);
    if (++sending->rows % TELL_ROWS == 0) {
        run_log(task_run(task), LOG_INFO, "sending all serving rows",
                "partition=%d rows=%" PRId64, task_partition(task), sending->rows);
    }
    return 0;
}

static void send_uncommitted(void *arg, struct held_row *held)
{
    send_changed(arg, held);
}

/* Sends the next piece of what the store has; false: there is more. */
static bool send_piece(struct task *task)
{
    struct trainer *t = trainer_of(task);
    struct run *run = task_run(task);
    struct first_sending *first = &((struct task_rows *)task_state(task))->first;
    const struct slice from = slice_of(first->next.bytes, first->next.size);
    struct ids *ids = ids_new(INT32_MAX);
    struct sending sending = {.task = task,
                              .ids = ids,
                              .stored = stored_row_new(ids),
                              .serving = serving_rows_new(run, SERVING_ROWS, ids,
                                                          &t->settings->serving),
                              .arena = arena_new(SCAN_ARENA_BLOCK),
                              .most = run_deliverable_bytes(run),
                              .rows = first->rows};
    bool all = task_scan_from(task, from, send_stored, &sending) <= 0;
    first->rows = sending.rows;
    serving_rows_free(sending.serving);
    stored_row_free(sending.stored);
    arena_free(sending.arena);
    ids_free(ids);
    return all;
}

/* Sends all rows, when that is due: from the store what is there as it is, the others from the
 * cache. */
static void send_first(struct task *task)
{
    struct task_rows *task_rows = task_state(task);
    if (!first_sending_ready(&task_rows->first, task) || !send_piece(task)) { return; }
    int64_t rows = task_rows->first.rows;
    rows_uncommitted(trainer_of(task)->rows, &task_rows->changed, send_uncommitted, task);
    serving_rows_send_all(trainer_of(task)->serving, &task_rows->queue, task);
    serving_rows_send_complete(trainer_of(task)->serving, task);
    first_sending_sent(&task_rows->first);
    if (!rows) { return; }
    run_log(task_run(task), LOG_INFO, "all serving rows are sent", "partition=%d rows=%" PRId64,
            task_partition(task), rows);
}

/* ---- One batch of deltas ---- */

static enum verdict items_full(struct task *task)
{
    (void)task_refuse(task, "items_full", "one record brings %d distinct items",
                      ids_count(trainer_of(task)->ids));
    return VERDICT_FATAL;
}

static enum verdict load_row(struct task *task, struct held_row *held)
{
    struct trainer *t = trainer_of(task);
    struct slice id = ids_text(t->ids, held->item), value;
    struct item_neighbours message;
    struct codec_error error = {.reason = "bad_state", .detail = "it is not a valid row"};
    if (task_get(task, id, &value) < 0) { return VERDICT_DONE; }
    int result = codec_decode(t->neighbours, value, task_arena(task), &message, &error);
    if (result == 0) { result = stored_row_load(t->stored, &message, held); }
    if (result == -ENOSPC) { return items_full(task); }
    if (result < 0) {
        char what[ID_BYTES_MAX + 16];
        (void)snprintf(what, sizeof(what), "item '%.*s'", SLICE_ARGS(id));
        row_release(&held->row);
        return task_discard_state(task, id, value, what, &error);
    }
    rows_measure(t->rows, held);
    rows_stored(t->rows, held, value.size);
    serving_rows_loaded(t->serving, held);
    return VERDICT_DONE;
}

static enum verdict find_row(struct task *task, int32_t item, struct held_row **ret_held)
{
    struct trainer *t = trainer_of(task);
    struct task_rows *task_rows = task_state(task);
    struct held_row *held = rows_find(t->rows, item);
    if (!held) {
        held = rows_add(t->rows, &task_rows->changed, item);
        enum verdict verdict = load_row(task, held);
        if (verdict != VERDICT_DONE) {
            rows_drop(t->rows, held);
            return verdict;
        }
    }
    assert(held->changed == &task_rows->changed);
    *ret_held = held;
    return VERDICT_DONE;
}

static void prune(struct trainer *t, struct held_row *held)
{
    int32_t dropped = row_prune(&held->row, t->bound, t->ids);
    held->pruned += dropped;
    if (dropped > 0) { metric_add(t->pruned, dropped); }
}

/* Moves a row, and what was sent of it, to the message's epochs if they are newer. Returns the
 * factor for what is added. */
static double move_epochs(struct row *row, struct served *served, const struct pair_deltas *message)
{
    int64_t epoch = row->epoch, trend_epoch = row->trend_epoch;
    double scale = row_scale(row, message->epoch);
    (void)row_trend_scale(row, message->trend_epoch);
    if (epoch != row->epoch && epoch != ROW_EPOCH_NONE) {
        served_rescale(served, decay_rescale(1.0, epoch, row->epoch));
    }
    if (trend_epoch != row->trend_epoch && trend_epoch != ROW_EPOCH_NONE) {
        served_trend_rescale(served, decay_rescale(1.0, trend_epoch, row->trend_epoch));
    }
    return scale;
}

static void apply(struct task *task, struct held_row *held, const struct delta_row *from,
                  const struct pair_deltas *message)
{
    struct trainer *t = trainer_of(task);
    struct task_rows *task_rows = task_state(task);
    struct row *row = &held->row;
    struct served *served = &held->served;
    double scale = move_epochs(row, served, message);
    double trend_scale = row_trend_scale(row, message->trend_epoch);
    row->mass += from->mass * scale;
    row->actions += from->actions * scale;
    row->trend += from->trend * trend_scale;
    bool newcomer = row_add_all(row, from->terms, from->terms_count, scale, served->mark);
    served_note(served, from->terms, from->terms_count, scale, newcomer);
    held->first_users += from->new_users;
    held->event_time_ms = MAX_OF(held->event_time_ms, message->event_time_ms);
    if (message->forgotten > 0) { row_sweep(row); }
    if (row->count > t->bound + t->bound / 2) { prune(t, held); }
    rows_changed(t->rows, held);
    serving_rows_changed(t->serving, &task_rows->queue, held, message->forgotten > 0);
    metric_add(t->pair_updates, (double)from->terms_count);
}

/* Most rows get few terms from a message. So the memory of a row and of its terms' cells is fetched
 * while the rows before it are changed, in four steps. */
static void prefetch(const struct rows *rows, const struct delta_row *from, size_t count)
{
    enum {
        CELLS = ROWS_AHEAD,
        SLOTS = 2 * ROWS_AHEAD,
        ROW = 3 * ROWS_AHEAD,
        BUCKET = 4 * ROWS_AHEAD,
    };
    if (BUCKET < count) { rows_prefetch_bucket(rows, from[BUCKET].item); }
    if (ROW < count) { rows_prefetch_row(rows, from[ROW].item); }
    if (SLOTS < count) {
        rows_prefetch_slots(rows, from[SLOTS].item, from[SLOTS].terms, from[SLOTS].terms_count);
    }
    if (CELLS < count) {
        rows_prefetch_cells(rows, from[CELLS].item, from[CELLS].terms, from[CELLS].terms_count);
    }
}

static enum verdict process(struct task *task, const struct record *rec)
{
    struct trainer *t = trainer_of(task);
    struct pair_deltas message;
    struct codec_error codec_error;
    struct delta_error error;
    const struct delta_row *from;
    size_t count;
    send_first(task);
    if (!make_room(task)) { return VERDICT_WAIT; }
    if (codec_decode(t->deltas, rec->value, task_arena(task), &message, &codec_error) < 0) {
        return task_refuse_undecoded(task, &codec_error);
    }
    int result =
        delta_reader_read(t->delta_reader, &message, task_partition(task), &from, &count, &error);
    if (result == -ENOSPC) { return items_full(task); }
    if (result < 0) { return task_refuse(task, error.reason, "%s", error.detail); }
    for (size_t i = 0; i < count; i++) {
        struct held_row *held;
        prefetch(t->rows, from + i, count - i);
        enum verdict verdict = find_row(task, from[i].item, &held);
        if (verdict != VERDICT_DONE) { return verdict; }
        apply(task, held, &from[i], &message);
    }
    if (message.forgotten > 0) { task_want_commits(task, FORGET_MS); }
    return VERDICT_DONE;
}

/* ---- Staging ---- */

static void put_row(struct task *task, struct held_row *held)
{
    struct trainer *t = trainer_of(task);
    struct item_neighbours message;
    if (held_row_empty(held)) {
        task_put(task, ids_text(t->ids, held->item), slice_of(NULL, 0));
        return;
    }
    prune(t, held);
    row_order(&held->row, t->ids);
    stored_row_fill(t->stored, held, &message);
    buf_clear(&t->out);
    int result = codec_encode(t->neighbours, &message, &t->out);
    assert(result == 0);
    task_put(task, message.item_id, buf_slice(&t->out));
    rows_stored(t->rows, held, t->out.size);
    metric_add(t->published, 1);
}

static size_t held_bytes(struct task *task)
{
    const struct task_rows *task_rows = task_state(task);
    return task_rows->changed.dirty_bytes;
}

static void flush(struct task *task)
{
    struct task_rows *task_rows = task_state(task);
    ids_rank_all(trainer_of(task)->ids); /* all rows are put into order now */
    send_first(task);
    serving_rows_send_all(trainer_of(task)->serving, &task_rows->queue, task);
    first_sending_closed(&task_rows->first);
    for (size_t i = 0; i < task_rows->changed.dirty_count; i++) {
        put_row(task, task_rows->changed.dirty[i]);
    }
    changed_rows_flushed(&task_rows->changed);
}

static bool at_rest(struct task *task)
{
    const struct task_rows *task_rows = task_state(task);
    return task_rows->queue.count == 0 && !first_sending_due(&task_rows->first);
}

static void trim(struct task *task)
{
    struct trainer *t = trainer_of(task);
    rows_trim(t->rows);
    metric_set(t->rows_cached, (double)rows_count(t->rows));
}

/* Rows that are sent or pruned in a backlog are put into order by ranks, too. */
static void end_poll(struct task *task)
{
    struct task_rows *task_rows = task_state(task);
    ids_rank_often(trainer_of(task)->ids);
    serving_rows_send_due(trainer_of(task)->serving, &task_rows->queue, task);
    trim(task);
}

/* The time decides when rows are sent, not what is in them. */
static void tick(struct task *task, int64_t wall_ms _unused_)
{
    struct task_rows *task_rows = task_state(task);
    first_sending_check(&task_rows->first, task);
    send_first(task);
    serving_rows_send_due(trainer_of(task)->serving, &task_rows->queue, task);
}

static void committed(struct task *task)
{
    struct task_rows *task_rows = task_state(task);
    changed_rows_committed(&task_rows->changed);
    first_sending_committed(&task_rows->first, task);
    trim(task);
}

const struct worker trainer_worker = {
    .name = "trainer",
    .about = "Adds up counts of item pairs into each item's row of neighbours.",
    .inputs = inputs,
    .inputs_count = ARRAY_COUNT(inputs),
    .outputs = outputs,
    .outputs_count = ARRAY_COUNT(outputs),
    .changelog = NEIGHBOURS,
    .options = options,
    .options_count = ARRAY_COUNT(options),
    .settings_size = sizeof(struct trainer_settings),
    .checkpoints = checkpoints,
    .start = start,
    .stop = stop,
    .open = open_task,
    .close = close_task,
    .process = process,
    .goes_on = make_room,
    .end_poll = end_poll,
    .held_bytes = held_bytes,
    .flush = flush,
    .committed = committed,
    .at_rest = at_rest,
    .roll_back = roll_back,
    .tick = tick,
};
