/* Two buffers in turn: one is filled while the other is sent, so that an answer never waits for
 * Kafka. A message is its key's size, its own, then both.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "serve/served_log.h"

#include <pthread.h>

struct served_log {
    pthread_mutex_t lock;
    int output;
    struct codec *codec;
    struct buf message;
    struct buf waiting, sending;
    struct metric *sent, *dropped;
};

struct sizes {
    uint32_t key, message;
};

struct served_log *served_log_new(struct run *run, int output)
{
    struct served_log *log = xcalloc(1, sizeof(*log));
    struct metrics *metrics = run_metrics(run);
    pthread_mutex_init(&log->lock, NULL);
    log->output = output;
    log->codec = codec_new(&served_place_contract, run_schemas(run));
    buf_init(&log->message, SERVED_PLACE_BYTES_MAX);
    buf_init(&log->waiting, SERVED_LOG_BYTES_MAX);
    buf_init(&log->sending, SERVED_LOG_BYTES_MAX);
    log->sent = metrics_counter(metrics, "freshet_served_places_total", "",
                                "Drawn places of lists, sent to served (explore.logged).");
    log->dropped = metrics_counter(metrics, "freshet_served_places_dropped_total", "",
                                   "Drawn places that were not sent: too many waited.");
    return log;
}

struct served_log *served_log_free(struct served_log *log)
{
    if (!log) { return NULL; }
    codec_free(log->codec);
    buf_release(&log->message);
    buf_release(&log->waiting);
    buf_release(&log->sending);
    pthread_mutex_destroy(&log->lock);
    free(log);
    return NULL;
}

static bool put(struct served_log *log, const struct served_place *place)
{
    buf_clear(&log->message);
    if (codec_encode(log->codec, place, &log->message) < 0) { return false; }
    const struct slice key = place->list_id, message = buf_slice(&log->message);
    const struct sizes sizes = {(uint32_t)key.size, (uint32_t)message.size};
    size_t room = SERVED_LOG_BYTES_MAX - log->waiting.size;
    if (sizeof(sizes) + key.size + message.size > room) { return false; }
    buf_append(&log->waiting, &sizes, sizeof(sizes));
    buf_append(&log->waiting, key.data, key.size);
    buf_append(&log->waiting, message.data, message.size);
    return true;
}

void served_log_put(struct served_log *log, const struct served_place *place)
{
    pthread_mutex_lock(&log->lock);
    if (!put(log, place)) { metric_add(log->dropped, 1); }
    pthread_mutex_unlock(&log->lock);
}

void served_log_send(struct served_log *log, struct task *task)
{
    pthread_mutex_lock(&log->lock);
    struct buf full = log->waiting;
    log->waiting = log->sending;
    log->sending = full;
    pthread_mutex_unlock(&log->lock);
    const char *at = log->sending.data, *end = at + log->sending.size;
    while (at != end) {
        struct sizes sizes;
        memcpy(&sizes, at, sizeof(sizes));
        at += sizeof(sizes);
        struct slice key = slice_of(at, sizes.key);
        task_emit(task, log->output, PARTITION_BY_KEY, key,
                  slice_of(at + sizes.key, sizes.message));
        at += sizes.key + sizes.message;
        metric_add(log->sent, 1);
    }
    buf_clear(&log->sending);
}

static struct floats copy_floats(const struct floats *floats, struct arena *arena)
{
    float *at = arena_alloc_array(arena, floats->count + 1, sizeof(*at));
    if (floats->count) { memcpy(at, floats->at, floats->count * sizeof(*at)); }
    return (struct floats){at, floats->count};
}

struct served_place served_place_copy(const struct served_place *place, struct arena *arena)
{
    struct served_place copy = *place;
    copy.items.at = arena_alloc_array(arena, place->items.count + 1, sizeof(struct slice));
    for (size_t k = 0; k < place->items.count; k++) {
        copy.items.at[k] = arena_copy(arena, place->items.at[k]);
    }
    copy.list_id = arena_copy(arena, place->list_id);
    copy.placement = arena_copy(arena, place->placement);
    copy.generation = arena_copy(arena, place->generation);
    copy.item_id = arena_copy(arena, place->item_id);
    copy.scores = copy_floats(&place->scores, arena);
    copy.probabilities = copy_floats(&place->probabilities, arena);
    return copy;
}
