/* Three threads meet here under one lock: the server's looks, the reading thread fills the queues
 * of the slots, the worker's empties them into the boards. Readers belong to the reading thread
 * alone; it closes one when the slot has another generation than the reader was opened for, which
 * it sees by the slot's number of times that it was taken.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/thread.h"
#include "base/xalloc.h"
#include "serve/console/quality_beside.h"
#include "stream/generation.h"


enum { POLL_MS = 100, POLL_RECORDS = 1000, QUEUE_MAX = 20000, PUT_RECORDS = 500,
       KEY_VALUE_BYTES_MAX = 1 << 16, AGAIN_MS = 5000 };

/* A record that was read: key, then value. */
struct read_record {
    int64_t time_ms;
    size_t key_size, value_size;
    char *bytes;
};

/* What the reading thread has of a slot. */
struct slot_reader {
    uint64_t taken; /* for which it was opened; 0: there is none */
    struct reader *reader;
    char *topic;
    int32_t partitions;
    int64_t *ends; /* at the opening */
};

struct slot {
    bool used;
    char generation[GENERATION_BYTES_MAX + 1];
    uint64_t taken; /* the number of this use of it */
    int64_t looked_ms, failed_ms;
    enum beside_state state;
    char why[BESIDE_WHY_BYTES];
    struct quality_board *board; /* NULL: not yet */
    struct read_record *queue;
    size_t queue_count, queue_capacity, queue_put; /* put: the first ones, which are gone */
    bool complete; /* all that there was is read: known once the queue is empty */
};

struct quality_beside {
    struct run *run;
    pthread_mutex_t lock;
    pthread_cond_t changed; /* it shall end, or somebody looks */
    bool end, started;
    pthread_t thread;
    struct slot slots[BESIDE_GENERATIONS];
    uint64_t taken;
    /* The reading thread's own. */
    struct wire *wire;
    struct slot_reader readers[BESIDE_GENERATIONS];
};

/* ---- Slots, under the lock ---- */

static void empty_queue(struct slot *slot)
{
    for (size_t i = slot->queue_put; i < slot->queue_count; i++) { free(slot->queue[i].bytes); }
    slot->queue_count = slot->queue_put = 0;
}

static void release_slot(struct slot *slot)
{
    empty_queue(slot);
    free(slot->queue);
    quality_board_free(slot->board);
    *slot = (struct slot){.used = false};
}

static bool is_looked_at(const struct slot *slot)
{
    return slot->used && clock_monotonic_ms() - slot->looked_ms < BESIDE_AWAKE_MS;
}

static bool some_is_looked_at(const struct quality_beside *beside)
{
    for (size_t i = 0; i < BESIDE_GENERATIONS; i++) {
        if (is_looked_at(&beside->slots[i])) { return true; }
    }
    return false;
}

/* Returns the slot of a generation, taken for it if one is free; NULL: none is. */
static struct slot *find_slot(struct quality_beside *beside, const char *generation)
{
    struct slot *free_one = NULL;
    for (size_t i = 0; i < BESIDE_GENERATIONS; i++) {
        struct slot *slot = &beside->slots[i];
        if (slot->used && strcmp(slot->generation, generation) == 0) { return slot; }
        if (!is_looked_at(slot)) { free_one = slot; }
    }
    if (!free_one) { return NULL; }
    release_slot(free_one);
    free_one->used = true;
    free_one->taken = ++beside->taken;
    (void)snprintf(free_one->generation, sizeof(free_one->generation), "%s", generation);
    return free_one;
}

enum beside_state quality_beside_look(struct quality_beside *beside, const char *generation,
                                      struct quality_view *ret_view,
                                      char ret_why[BESIDE_WHY_BYTES])
{
    enum beside_state state = BESIDE_FULL;
    *ret_view = (struct quality_view){0};
    ret_why[0] = '\0';
    pthread_mutex_lock(&beside->lock);
    struct slot *slot = find_slot(beside, generation);
    if (slot) {
        slot->looked_ms = clock_monotonic_ms();
        state = slot->state;
        memcpy(ret_why, slot->why, sizeof(slot->why));
        if (slot->board) { quality_board_look(slot->board, ret_view); }
        pthread_cond_signal(&beside->changed);
    }
    pthread_mutex_unlock(&beside->lock);
    return state;
}

const char *quality_beside_own(const struct quality_beside *beside)
{
    return run_generation(beside->run);
}

/* ---- The worker's thread ---- */

/* Puts some records: the others wait for the next time, so that pages need not. */
static void put_queue(struct quality_beside *beside, struct slot *slot, int64_t now_ms)
{
    struct codec_error error;
    size_t end = MIN_OF(slot->queue_count, slot->queue_put + PUT_RECORDS);
    if (!slot->board) { slot->board = quality_board_new(run_schemas(beside->run), 1); }
    for (; slot->queue_put < end; slot->queue_put++) {
        struct read_record *of = &slot->queue[slot->queue_put];
        const struct record rec = {.time_ms = of->time_ms,
                                   .key = slice_of(of->bytes, of->key_size),
                                   .value = slice_of(of->bytes + of->key_size, of->value_size)};
        /* What cannot be read is a dead letter of that generation's own server. */
        (void)quality_board_put(slot->board, &rec, now_ms, &error);
        free(of->bytes);
    }
    if (end < slot->queue_count) { return; }
    slot->queue_count = slot->queue_put = 0;
    if (slot->complete) { slot->state = BESIDE_KNOWN; }
}

void quality_beside_take(struct quality_beside *beside, int64_t now_ms)
{
    pthread_mutex_lock(&beside->lock);
    for (size_t i = 0; i < BESIDE_GENERATIONS; i++) {
        struct slot *slot = &beside->slots[i];
        bool news = slot->queue_count || (slot->complete && slot->state == BESIDE_READING);
        if (slot->used && news) { put_queue(beside, slot, now_ms); }
    }
    pthread_mutex_unlock(&beside->lock);
}

/* ---- The reading thread ---- */

static void close_reader(struct slot_reader *reader)
{
    reader_close(reader->reader);
    free(reader->topic);
    free(reader->ends);
    *reader = (struct slot_reader){.taken = 0};
}

static void fail(struct quality_beside *beside, const struct slot_reader *reader, size_t at,
                 const char *why)
{
    pthread_mutex_lock(&beside->lock);
    struct slot *slot = &beside->slots[at];
    if (slot->used && slot->taken == reader->taken) {
        slot->state = BESIDE_FAILED;
        slot->failed_ms = clock_monotonic_ms();
        (void)snprintf(slot->why, sizeof(slot->why), "%s", why);
    }
    pthread_mutex_unlock(&beside->lock);
}

static int open_partitions(struct wire *wire, struct slot_reader *reader)
{
    size_t count = (size_t)reader->partitions;
    _cleanup_(xfreep) struct log_bounds *bounds = xcalloc(count, sizeof(*bounds));
    _cleanup_(xfreep) struct topic_partition *from = xcalloc(count, sizeof(*from));
    int result = wire_bounds_of(wire, reader->topic, 0, reader->partitions, bounds);
    if (result < 0) { return result; }
    reader->ends = xcalloc(count, sizeof(*reader->ends));
    for (size_t p = 0; p < count; p++) {
        reader->ends[p] = bounds[p].end > bounds[p].low ? bounds[p].end : 0;
        from[p] = (struct topic_partition){
            reader->topic, (int32_t)p, MAX_OF(bounds[p].low, bounds[p].end - BESIDE_READ_MAX)};
    }
    return wire_reader(wire, from, count, &reader->reader);
}

/* All is read from the beginning: what an earlier reader had read counts no more. */
static void begin_slot(struct quality_beside *beside, size_t at, uint64_t taken)
{
    pthread_mutex_lock(&beside->lock);
    struct slot *slot = &beside->slots[at];
    if (slot->used && slot->taken == taken) {
        empty_queue(slot);
        slot->board = quality_board_free(slot->board);
        slot->complete = false;
        slot->state = BESIDE_READING;
    }
    pthread_mutex_unlock(&beside->lock);
}

/* Opens a reader of a generation's topic: 0, or negative with the failure told. */
static int open_reader(struct quality_beside *beside, size_t at, const char *generation,
                       uint64_t taken)
{
    _cleanup_(xfreep) char *why = NULL;
    struct slot_reader *reader = &beside->readers[at];
    reader->taken = taken;
    if (!beside->wire && run_connect(beside->run, &beside->wire, &why) < 0) {
        beside->wire = NULL;
        fail(beside, reader, at, why ? why : "");
        return -EIO;
    }
    reader->topic = run_topic_of(beside->run, "quality", generation);
    int result = wire_partitions(beside->wire, reader->topic, &reader->partitions);
    if (result == 0) { result = open_partitions(beside->wire, reader); }
    if (result < 0) {
        fail(beside, reader, at, wire_why(beside->wire));
    } else {
        begin_slot(beside, at, taken);
    }
    return result;
}

static bool is_complete(const struct slot_reader *reader)
{
    for (int32_t p = 0; p < reader->partitions; p++) {
        int64_t position = reader_position(reader->reader, reader->topic, p);
        if (reader->ends[p] > 0 && position < reader->ends[p]) { return false; }
    }
    return true;
}

static void queue(struct slot *slot, const struct record *rec)
{
    size_t size = rec->key.size + rec->value.size;
    if (!rec->key.data || !rec->value.data || size > KEY_VALUE_BYTES_MAX) { return; }
    ARRAY_RESERVE(slot->queue, slot->queue_capacity, slot->queue_count + 1, 64);
    struct read_record *to = &slot->queue[slot->queue_count++];
    *to = (struct read_record){rec->time_ms, rec->key.size, rec->value.size, xmalloc(size + 1)};
    memcpy(to->bytes, rec->key.data, rec->key.size);
    memcpy(to->bytes + rec->key.size, rec->value.data, rec->value.size);
}

/* Reads on; false: the reader is of no use any more. */
static bool read_on(struct quality_beside *beside, size_t at, int timeout_ms)
{
    size_t count = 0;
    const struct record *records;
    struct slot *slot = &beside->slots[at];
    struct slot_reader *reader = &beside->readers[at];
    int result = reader_poll(reader->reader, timeout_ms, POLL_RECORDS, &records, &count);
    if (result < 0 && result != WIRE_RETRY) {
        fail(beside, reader, at, wire_why(beside->wire));
        return false;
    }
    pthread_mutex_lock(&beside->lock);
    bool same = slot->used && slot->taken == reader->taken;
    for (size_t i = 0; same && result == 0 && i < count; i++) { queue(slot, &records[i]); }
    if (result == 0) { reader_release(reader->reader); }
    if (same && is_complete(reader)) { slot->complete = true; }
    pthread_mutex_unlock(&beside->lock);
    return same;
}

/* What one slot wants of the reading thread, looked up under the lock. */
struct wanted {
    bool read, waits; /* waits: the worker's thread is behind */
    uint64_t taken;
    char generation[GENERATION_BYTES_MAX + 1];
};

static struct wanted look_at_slot(struct quality_beside *beside, size_t at)
{
    struct wanted wanted = {.read = false};
    pthread_mutex_lock(&beside->lock);
    const struct slot *slot = &beside->slots[at];
    bool failed = slot->state == BESIDE_FAILED &&
                  clock_monotonic_ms() - slot->failed_ms < AGAIN_MS;
    wanted.read = is_looked_at(slot) && !failed;
    wanted.waits = slot->queue_count >= QUEUE_MAX;
    wanted.taken = slot->taken;
    memcpy(wanted.generation, slot->generation, sizeof(slot->generation));
    pthread_mutex_unlock(&beside->lock);
    return wanted;
}

/* One round of one slot; false: nothing is read for it. */
static bool serve_slot(struct quality_beside *beside, size_t at)
{
    struct slot_reader *reader = &beside->readers[at];
    struct wanted wanted = look_at_slot(beside, at);
    if (reader->taken && (!wanted.read || reader->taken != wanted.taken)) { close_reader(reader); }
    if (!wanted.read) { return false; }
    if (!reader->taken && open_reader(beside, at, wanted.generation, wanted.taken) < 0) {
        close_reader(reader);
        return false;
    }
    if (!wanted.waits && !read_on(beside, at, POLL_MS)) { close_reader(reader); }
    return true;
}

static bool ends(struct quality_beside *beside)
{
    pthread_mutex_lock(&beside->lock);
    bool end = beside->end;
    pthread_mutex_unlock(&beside->lock);
    return end;
}

/* Waits until somebody looks; a slot that failed is tried again after a while. */
static void rest(struct quality_beside *beside, bool busy)
{
    pthread_mutex_lock(&beside->lock);
    while (!beside->end && !some_is_looked_at(beside)) {
        pthread_cond_wait(&beside->changed, &beside->lock);
    }
    if (!busy && !beside->end) {
        struct timespec until = thread_deadline((int64_t)POLL_MS * 1000);
        (void)pthread_cond_timedwait(&beside->changed, &beside->lock, &until);
    }
    pthread_mutex_unlock(&beside->lock);
}

static void *work(void *arg)
{
    struct quality_beside *beside = arg;
    bool busy = true;
    for (rest(beside, busy); !ends(beside); rest(beside, busy)) {
        busy = false;
        for (size_t i = 0; i < BESIDE_GENERATIONS && !ends(beside); i++) {
            if (serve_slot(beside, i)) { busy = true; }
        }
    }
    return NULL;
}

/* ---- Begin and end ---- */

struct quality_beside *quality_beside_new(struct run *run)
{
    struct quality_beside *beside = xcalloc(1, sizeof(*beside));
    beside->run = run;
    pthread_mutex_init(&beside->lock, NULL);
    thread_cond_init(&beside->changed);
    if (run_connects(run)) {
        beside->started = thread_start(&beside->thread, "quality", work, beside) == 0;
    }
    return beside;
}

struct quality_beside *quality_beside_free(struct quality_beside *beside)
{
    if (!beside) { return NULL; }
    pthread_mutex_lock(&beside->lock);
    beside->end = true;
    pthread_cond_signal(&beside->changed);
    pthread_mutex_unlock(&beside->lock);
    if (beside->started) { thread_join(beside->thread); }
    for (size_t i = 0; i < BESIDE_GENERATIONS; i++) {
        close_reader(&beside->readers[i]);
        release_slot(&beside->slots[i]);
    }
    wire_close(beside->wire);
    pthread_cond_destroy(&beside->changed);
    pthread_mutex_destroy(&beside->lock);
    free(beside);
    return NULL;
}
