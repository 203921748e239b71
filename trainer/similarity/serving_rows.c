/* The life of a row here:
 *
 *   EQUAL --changed--> BEHIND --changed in what matters--> DUE
 *     ^                  | too long behind, or a commit     | soon
 *     +------------------+---------- sent ------------------+
 *
 * In a backlog rows change faster than it is useful to send them: nobody reads lists that are
 * overtaken. So sending what is due may take one part in SEND_SHARE of the time; the rows wait
 * meanwhile and are sent with all changes that came until then. Without a backlog time is saved up
 * faster than rows become due.
 *
 * The clock decides only when a row is sent. What is sent is a function of the deltas before the
 * message's version.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "schemas/serving_row.h"
#include "trainer/similarity/serving_rows.h"

enum {
    SERVING_MESSAGE_BYTES_MAX = 32 << 20,
    SEND_SHARE = 10,
    CREDIT_MS_MAX = 100,
    ROWS_BETWEEN_CLOCKS = 16,
    SERVING_LABEL_MAX = 40,
};

struct serving_rows {
    struct run *run;
    int output;
    struct ids *ids;
    const struct serving_settings *settings;
    struct codec *codec;
    struct topk best;
    struct slice *items; /* scratch of one message, neighbours_max each */
    float *co_ratings;
    float *forwards;
    float *backwards;
    struct buf out;
    int64_t now_ms;    /* when any queue was last looked at */
    int64_t credit_ms; /* time that sending may take, times SEND_SHARE; below 0: owed */
    struct metric *sent, *behind;
};

struct serving_rows *serving_rows_new(struct run *run, int output, struct ids *ids,
                                      const struct serving_settings *settings)
{
    struct serving_rows *serving = xcalloc(1, sizeof(*serving));
    struct metrics *metrics = run_metrics(run);
    size_t max = (size_t)settings->neighbours_max;
    serving->run = run;
    serving->output = output;
    serving->ids = ids;
    serving->settings = settings;
    serving->now_ms = run_now_ms(run);
    serving->codec = codec_new(&serving_row_contract, run_schemas(run));
    topk_init(&serving->best, ids_before, ids);
    serving->items = xcalloc(max, sizeof(*serving->items));
    serving->co_ratings = xcalloc(max, sizeof(*serving->co_ratings));
    serving->forwards = xcalloc(max, sizeof(*serving->forwards));
    serving->backwards = xcalloc(max, sizeof(*serving->backwards));
    buf_init(&serving->out, SERVING_MESSAGE_BYTES_MAX);
    serving->sent = metrics_counter(metrics, "freshet_serving_rows_sent_total", "",
                                    "Rows sent to serving-rows.");
    serving->behind = metrics_gauge(metrics, "freshet_serving_rows_behind", "",
                                    "Rows that have changed since they were sent.");
    return serving;
}

struct serving_rows *serving_rows_free(struct serving_rows *serving)
{
    if (!serving) { return NULL; }
    codec_free(serving->codec);
    topk_release(&serving->best);
    free(serving->items);
    free(serving->co_ratings);
    free(serving->forwards);
    free(serving->backwards);
    buf_release(&serving->out);
    free(serving);
    return NULL;
}

/* ---- Queues ---- */

void serving_queue_clear(struct serving_queue *queue)
{
    lru_init(&queue->due);
    lru_init(&queue->behind);
    queue->count = 0;
}

void serving_queue_open(struct serving_rows *serving, struct serving_queue *queue,
                        struct task *task)
{
    char labels[SERVING_LABEL_MAX];
    (void)snprintf(labels, sizeof(labels), "partition=\"%d\"", task_partition(task));
    serving_queue_clear(queue);
    queue->now_ms = run_now_ms(serving->run);
    queue->staleness =
        metrics_gauge(run_metrics(serving->run), "freshet_serving_row_staleness_seconds", labels,
                      "How long the row that waits longest has differed from what was sent.");
}

void serving_queue_close(struct serving_rows *serving, struct serving_queue *queue)
{
    metric_add(serving->behind, -(double)queue->reported);
    queue->reported = 0;
    metrics_drop(run_metrics(serving->run), queue->staleness);
    queue->staleness = NULL;
}

static struct held_row *row_of(struct lru_link *link)
{
    return link ? LRU_ENTRY(link, struct held_row, served.link) : NULL;
}

void serving_rows_loaded(struct serving_rows *serving, struct held_row *held)
{
    served_set(&held->served, &held->row, &serving->best,
               (size_t)serving->settings->neighbours_max);
}

void serving_rows_changed(struct serving_rows *serving, struct serving_queue *queue,
                          struct held_row *held, bool forgotten)
{
    struct served *served = &held->served;
    if (served->state == SERVED_DUE) { return; }
    bool due = forgotten || served_differs(served, &held->row, serving->settings->change);
    if (served->state == SERVED_BEHIND) {
        if (!due) { return; }
        lru_remove(&served->link);
    } else {
        queue->count++;
        served->behind_ms = queue->now_ms;
    }
    served->state = due ? SERVED_DUE : SERVED_BEHIND;
    lru_push(due ? &queue->due : &queue->behind, &served->link);
}

/* ---- Sending ---- */

static size_t fill_best(struct serving_rows *serving, const struct row *row)
{
    for (size_t i = 0; i < serving->best.count; i++) {
        const struct neighbour *neighbour = row_find(row, serving->best.entries[i].item);
        assert(neighbour);
        serving->items[i] = ids_text(serving->ids, neighbour->item);
        serving->co_ratings[i] = (float)neighbour->co;
        serving->forwards[i] = (float)neighbour->forward;
        serving->backwards[i] = (float)neighbour->backward;
    }
    return serving->best.count;
}

static void encode(struct serving_rows *serving, const struct held_row *held, int64_t version)
{
    const struct row *row = &held->row;
    size_t n = fill_best(serving, row);
    const struct serving_row message = {
        .item_id = ids_text(serving->ids, held->item),
        .version = version,
        .epoch = row->epoch,
        .trend_epoch = row->trend_epoch,
        .mass = row->mass,
        .actions = row->actions,
        .trend = row->trend,
        .first_users = held->first_users,
        .event_time_ms = held->event_time_ms,
        .items = {serving->items, n},
        .co_ratings = {serving->co_ratings, n},
        .forwards = {serving->forwards, n},
        .backwards = {serving->backwards, n},
    };
    buf_clear(&serving->out);
    int result = codec_encode(serving->codec, &message, &serving->out);
    assert(result == 0);
}

static void send_row(struct serving_rows *serving, struct serving_queue *queue, struct task *task,
                     struct held_row *held)
{
    struct served *served = &held->served;
    assert(served->state != SERVED_EQUAL);
    lru_remove(&served->link);
    queue->count--;
    served->state = SERVED_EQUAL;
    served_set(served, &held->row, &serving->best, (size_t)serving->settings->neighbours_max);
    struct slice value = slice_of(NULL, 0);
    if (!held_row_empty(held)) {
        encode(serving, held, task_input_offset(task));
        value = buf_slice(&serving->out);
    }
    task_emit(task, serving->output, task_partition(task), ids_text(serving->ids, held->item),
              value);
    metric_add(serving->sent, 1);
}

void serving_rows_send_stored(struct serving_rows *serving, struct task *task,
                              const struct held_row *held)
{
    topk_clear(&serving->best, (size_t)serving->settings->neighbours_max);
    row_best(&held->row, &serving->best);
    encode(serving, held, task_input_offset(task));
    task_emit(task, serving->output, task_partition(task), ids_text(serving->ids, held->item),
              buf_slice(&serving->out));
    metric_add(serving->sent, 1);
}

void serving_rows_send_complete(struct serving_rows *serving, struct task *task)
{
    const struct serving_row message = {.version = task_input_offset(task)};
    buf_clear(&serving->out);
    int result = codec_encode(serving->codec, &message, &serving->out);
    assert(result == 0);
    task_emit(task, serving->output, task_partition(task), slice_str(SERVING_ROWS_COMPLETE_KEY),
              buf_slice(&serving->out));
}

static void earn(struct serving_rows *serving, struct serving_queue *queue)
{
    int64_t now_ms = run_now_ms(serving->run);
    serving->credit_ms += now_ms - serving->now_ms;
    serving->credit_ms = MIN_OF(serving->credit_ms, (int64_t)CREDIT_MS_MAX * SEND_SHARE);
    serving->now_ms = now_ms;
    queue->now_ms = now_ms;
}

/* Pays for the time since a queue was last looked at. */
static void pay(struct serving_rows *serving)
{
    int64_t now_ms = run_now_ms(serving->run);
    serving->credit_ms -= (now_ms - serving->now_ms) * SEND_SHARE;
    serving->now_ms = now_ms;
}

static bool overdue(const struct serving_rows *serving, const struct serving_queue *queue,
                    const struct held_row *held)
{
    return held && queue->now_ms - held->served.behind_ms >= serving->settings->staleness_ms;
}

static void report(struct serving_rows *serving, struct serving_queue *queue)
{
    const struct held_row *due = row_of(lru_oldest(&queue->due));
    const struct held_row *behind = row_of(lru_oldest(&queue->behind));
    int64_t since_ms = queue->now_ms;
    if (due) { since_ms = MIN_OF(since_ms, due->served.behind_ms); }
    if (behind) { since_ms = MIN_OF(since_ms, behind->served.behind_ms); }
    metric_set(queue->staleness, (double)(queue->now_ms - since_ms) / 1000.0);
    metric_add(serving->behind, (double)queue->count - (double)queue->reported);
    queue->reported = queue->count;
}

void serving_rows_send_due(struct serving_rows *serving, struct serving_queue *queue,
                           struct task *task)
{
    struct held_row *held;
    earn(serving, queue);
    for (int n = 1; (held = row_of(lru_oldest(&queue->due))); n++) {
        if (serving->credit_ms <= 0 && !overdue(serving, queue, held)) { break; }
        send_row(serving, queue, task, held);
        if (n % ROWS_BETWEEN_CLOCKS == 0) { pay(serving); }
    }
    while (overdue(serving, queue, held = row_of(lru_oldest(&queue->behind)))) {
        send_row(serving, queue, task, held);
    }
    pay(serving);
    report(serving, queue);
}

void serving_rows_send_all(struct serving_rows *serving, struct serving_queue *queue,
                           struct task *task)
{
    struct held_row *held;
    while ((held = row_of(lru_oldest(&queue->due)))) { send_row(serving, queue, task, held); }
    while ((held = row_of(lru_oldest(&queue->behind)))) { send_row(serving, queue, task, held); }
    report(serving, queue);
}
