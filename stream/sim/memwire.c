/* The wire's functions on the in-process log.
 *
 * Each call enters (memwire_enter() locks the log's mutex and refuses a killed wire), works, and
 * leaves. A call with a fault point passes the point first, without the mutex, because its hook may
 * call anything. mem_poll() also unlocks the mutex around the listener, so the group may change
 * meanwhile: tell_change() reports one change at a time and is called until there is none.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/message.h"
#include "base/xalloc.h"
#include "stream/kafka/member_name.h"
#include "stream/sim/memlog_internal.h"

#include <sched.h>

static const struct wire_class memwire_class;

struct memwire *memwire_of(struct wire *base)
{
    assert(base->class == &memwire_class);
    return (struct memwire *)base;
}

/* ---- Entering and leaving ---- */

int memwire_refuse(struct memwire *wire, int error, const char *format, ...)
{
    va_list args;
    va_start(args, format);
    message_write(wire->why, sizeof(wire->why), format, args);
    va_end(args);
    return error;
}

int memwire_enter(struct memwire *wire)
{
    memlog_lock(wire->log);
    if (!wire->dead) { return 0; }
    return memwire_refuse(wire, WIRE_FATAL, "the process of the wire is dead");
}

int memwire_leave(struct memwire *wire, int error)
{
    memlog_unlock(wire->log);
    return error;
}

int memwire_enter_at(struct memwire *wire, enum memlog_point point)
{
    int fault = memlog_pass(wire->log, point);
    int error = memwire_enter(wire);
    if (error || !fault) { return error; }
    if (fault == MEMLOG_KILL) {
        memwire_kill(wire);
        fault = WIRE_FATAL;
    }
    return memwire_refuse(wire, fault, "injected fault: %s", memlog_point_name(point));
}

static const char *mem_why(struct wire *base)
{
    struct memwire *wire = memwire_of(base);
    memlog_lock(wire->log);
    memcpy(wire->why_lent, wire->why, sizeof(wire->why_lent));
    memlog_unlock(wire->log);
    return wire->why_lent;
}

/* ---- Opening and closing ---- */

struct wire *memlog_wire(struct memlog *log, const char *group, const char *instance_id,
                         const char *transactional_id)
{
    struct memwire *wire = xcalloc(1, sizeof(*wire));
    wire->wire.class = &memwire_class;
    wire->log = log;
    memlog_lock(log);
    uint64_t number = log->wires_opened++;
    log->wires_count++;
    wire->rng = log->seed ^ (number << 32);
    wire->is_static = instance_id != NULL;
    wire->instance_id =
        instance_id ? xstrdup(instance_id) : xprintf("dynamic-%08" PRIu64, number);
    wire->group = group ? memlog_group(log, group) : NULL;
    if (transactional_id) {
        wire->producer = memlog_producer(log, transactional_id);
        memproducer_fence(log, wire->producer);
        wire->epoch = wire->producer->epoch;
    }
    memlog_unlock(log);
    return &wire->wire;
}

void memwire_kill(struct memwire *wire)
{
    if (wire->dead) { return; }
    wire->dead = true;
    memwire_send_first(wire, (size_t)(memlog_random(&wire->rng) % (wire->outbox_count + 1)));
    memwire_drop_outbox(wire);
    if (wire->member) {
        wire->member->wire = NULL;
        wire->member = NULL;
    }
}

void memlog_kill(struct memlog *log, struct wire *base)
{
    memlog_lock(log);
    memwire_kill(memwire_of(base));
    memlog_unlock(log);
}

static void mem_close(struct wire *base)
{
    struct memwire *wire = memwire_of(base);
    struct memlog *log = wire->log;
    assert(!wire->polling);
    assert(wire->readers_count == 0);
    memlog_lock(log);
    memwire_send_first(wire, wire->outbox_count);
    memwire_drop_outbox(wire);
    if (wire->member && wire->is_static && log->static_stay) {
        wire->member->wire = NULL;
    } else {
        memgroup_leave(log, wire);
    }
    log->wires_count--;
    memlog_unlock(log);
    free(wire->batch.records);
    free(wire->outbox);
    free(wire->acked);
    free(wire->txn_offsets);
    free(wire->held);
    free(wire->topics);
    free(wire->instance_id);
    free(wire->missing_topic);
    free(wire);
}

/* ---- Requests ---- */

static int mem_partitions(struct wire *base, const char *topic_name, int32_t *ret_count)
{
    struct memwire *wire = memwire_of(base);
    int error = memwire_enter_at(wire, MEMLOG_PARTITIONS);
    const struct memtopic *topic = memlog_find_topic(wire->log, topic_name);
    bool missing = error == WIRE_REFUSED || (!error && !topic);
    free(wire->missing_topic);
    wire->missing_topic = missing ? xstrdup(topic_name) : NULL;
    if (error) { return memwire_leave(wire, error); }
    if (missing) {
        error = memwire_refuse(wire, WIRE_REFUSED,
                               "no topic %s; hint: deploy/topics apply makes topics", topic_name);
        return memwire_leave(wire, error);
    }
    *ret_count = topic->parts_count;
    return memwire_leave(wire, 0);
}

int memwire_find_part(struct memwire *wire, const char *topic, int32_t partition,
                      struct mempart **ret_part)
{
    struct mempart *part = memlog_find_part(wire->log, topic, partition);
    if (!part) {
        return memwire_refuse(wire, WIRE_REFUSED, "no partition %s[%" PRId32 "]", topic, partition);
    }
    *ret_part = part;
    return 0;
}

static int mem_topics(struct wire *base, const char **ret_missing, struct buf *out)
{
    struct memwire *wire = memwire_of(base);
    int error = memwire_enter(wire);
    if (!error && !wire->missing_topic) { error = WIRE_RETRY; }
    *ret_missing = wire->missing_topic;
    for (size_t i = 0; i < wire->log->topics_count && !error; i++) {
        const struct memtopic *topic = wire->log->topics[i];
        if (!topic->deleted) { buf_printf(out, "%s\n", topic->name); }
    }
    return memwire_leave(wire, error);
}

static int mem_describe(struct wire *base, const char *const *topics, size_t count,
                        struct topic_settings *ret_settings)
{
    struct memwire *wire = memwire_of(base);
    int error = memwire_enter(wire);
    for (size_t i = 0; i < count && !error; i++) {
        const struct memtopic *topic = memlog_find_topic(wire->log, topics[i]);
        ret_settings[i] = topic ? topic->settings : (struct topic_settings){0};
    }
    return memwire_leave(wire, error);
}

/* Enters a question about a partition: 0 with the partition, or the error. Leave after either. */
static int enter_question(struct memwire *wire, const char *topic, int32_t partition,
                          struct mempart **ret_part)
{
    int error = memwire_enter_at(wire, MEMLOG_BOUNDS);
    return error ? error : memwire_find_part(wire, topic, partition, ret_part);
}

static int mem_bounds(struct wire *base, const char *topic, int32_t partition, int64_t *ret_low,
                      int64_t *ret_end)
{
    struct memwire *wire = memwire_of(base);
    struct mempart *part = NULL;
    int error = enter_question(wire, topic, partition, &part);
    if (!error) {
        *ret_low = part->low;
        *ret_end = part->end;
    }
    return memwire_leave(wire, error);
}

static int mem_offset_at(struct wire *base, const char *topic, int32_t partition, int64_t time_ms,
                         int64_t *ret_offset)
{
    struct memwire *wire = memwire_of(base);
    struct mempart *part = NULL;
    int error = enter_question(wire, topic, partition, &part);
    if (!error) { *ret_offset = mempart_offset_at(part, time_ms); }
    return memwire_leave(wire, error);
}

static int mem_stable_end(struct wire *base, const char *topic, int32_t partition,
                          int64_t *ret_end)
{
    struct memwire *wire = memwire_of(base);
    struct mempart *part = NULL;
    int error = enter_question(wire, topic, partition, &part);
    if (!error) { *ret_end = mempart_stable_end(wire->log, part); }
    return memwire_leave(wire, error);
}

static int mem_committed(struct wire *base, const char *topic, int32_t partition,
                         int64_t *ret_offset)
{
    struct memwire *wire = memwire_of(base);
    assert(wire->group);
    struct mempart *part = NULL;
    int error = memwire_enter_at(wire, MEMLOG_COMMITTED);
    if (!error) { error = memwire_find_part(wire, topic, partition, &part); }
    if (!error && memlog_unstable(wire->log, wire->group, part)) {
        error = memwire_refuse(wire, WIRE_RETRY, "the offset of %s[%" PRId32 "] is held", topic,
                               partition);
    }
    if (error) { return memwire_leave(wire, error); }
    *ret_offset = memgroup_offset(wire->group, part);
    return memwire_leave(wire, 0);
}

static int mem_told(struct wire *base, const char *topic, int32_t partitions,
                    struct told_offset *ret_at)
{
    struct memwire *wire = memwire_of(base);
    struct mempart *part = NULL;
    int error = memwire_enter_at(wire, MEMLOG_COMMITTED);
    for (int32_t i = 0; i < partitions && !error; i++) {
        error = memwire_find_part(wire, topic, i, &part);
        if (error) { break; }
        ret_at[i] = (struct told_offset){
            .offset = memgroup_offset(wire->group, part),
            .told = memgroup_told(wire->group, part),
        };
    }
    return memwire_leave(wire, error);
}

/* ---- Membership ---- */

static int mem_subscribe(struct wire *base, const char *const *topics, size_t count,
                         const struct wire_listener *listener)
{
    struct memwire *wire = memwire_of(base);
    assert(wire->group);
    assert(count > 0);
    assert(wire->topics_count == 0);
    int error = memwire_enter_at(wire, MEMLOG_SUBSCRIBE);
    for (size_t i = 0; i < count && !error; i++) {
        if (memlog_find_topic(wire->log, topics[i])) { continue; }
        error = memwire_refuse(wire, WIRE_REFUSED, "no topic %s", topics[i]);
    }
    if (error) { return memwire_leave(wire, error); }
    wire->topics = xcalloc(count, sizeof(struct memtopic *));
    wire->topics_count = count;
    for (size_t i = 0; i < count; i++) {
        wire->topics[i] = memlog_find_topic(wire->log, topics[i]);
    }
    if (wire->is_static) {
        char *copy = wire->instance_id;
        _cleanup_(xfreep) int32_t *partitions = xcalloc(count, sizeof(*partitions));
        for (size_t i = 0; i < count; i++) { partitions[i] = wire->topics[i]->parts_count; }
        wire->instance_id = member_name(copy, topics, partitions, count);
        free(copy);
    }
    wire->listener = *listener;
    memgroup_join(wire->log, wire);
    return memwire_leave(wire, 0);
}

static struct topic_partition *list_held(const struct memwire *wire)
{
    struct topic_partition *list = xcalloc(wire->held_count, sizeof(*list));
    for (size_t i = 0; i < wire->held_count; i++) {
        const struct mempart *part = wire->held[i].part;
        list[i] = (struct topic_partition){
            .topic = part->topic->name, .partition = part->number, .offset = OFFSET_NONE};
    }
    return list;
}

static void tell_revoked(struct memwire *wire, bool lost)
{
    if (wire->held_count == 0) { return; }
    _cleanup_(xfreep) struct topic_partition *list = list_held(wire);
    size_t count = wire->held_count;
    memlog_unlock(wire->log);
    if (wire->listener.revoked) { wire->listener.revoked(wire->listener.arg, list, count, lost); }
    memlog_lock(wire->log);
    wire->held_count = 0;
}

static void tell_assigned(struct memwire *wire)
{
    const struct memmember *member = wire->member;
    wire->must_assign = false;
    wire->generation = wire->group->generation;
    wire->held_count = member->parts_count;
    wire->held = xreallocarray(wire->held, wire->held_count, sizeof(*wire->held));
    for (size_t i = 0; i < wire->held_count; i++) {
        wire->held[i] = (struct memcursor){
            .part = member->parts[i], .position = OFFSET_NONE, .paused = true};
    }
    _cleanup_(xfreep) struct topic_partition *list = list_held(wire);
    size_t count = wire->held_count;
    memlog_unlock(wire->log);
    if (wire->listener.assigned) { wire->listener.assigned(wire->listener.arg, list, count); }
    memlog_lock(wire->log);
}

/* Calls the listener for one change of the group; false when there is none. */
static bool tell_change(struct memwire *wire)
{
    if (wire->dead || (wire->fenced && wire->held_count == 0)) { return false; }
    if (wire->fenced || wire->lost) {
        tell_revoked(wire, /* lost= */ true);
        wire->fenced = wire->fenced || memgroup_taken(wire);
        if (wire->lost && !wire->dead && !wire->fenced) {
            wire->lost = false;
            memgroup_join(wire->log, wire);
        }
        return true;
    }
    if (!wire->member) { return false; }
    if (wire->group->preparing && !wire->member->joined) {
        tell_revoked(wire, /* lost= */ false);
        memgroup_joined(wire->log, wire);
        return true;
    }
    if (!wire->must_assign) { return false; }
    tell_assigned(wire);
    return true;
}

static struct memcursor *find_held(struct memwire *wire, const char *topic, int32_t partition)
{
    for (size_t i = 0; i < wire->held_count; i++) {
        struct memcursor *cursor = &wire->held[i];
        const struct mempart *part = cursor->part;
        if (part->number == partition && strcmp(part->topic->name, topic) == 0) { return cursor; }
    }
    return NULL;
}

/* Pauses at OFFSET_NONE, resumes at any other offset. */
static int move_held(struct memwire *wire, const char *topic, int32_t partition, int64_t offset)
{
    int error = memwire_enter(wire);
    if (error) { return memwire_leave(wire, error); }
    struct memcursor *cursor = find_held(wire, topic, partition);
    if (!cursor) {
        error = memwire_refuse(wire, WIRE_FATAL, "%s[%" PRId32 "] is not assigned", topic,
                               partition);
        return memwire_leave(wire, error);
    }
    cursor->paused = offset == OFFSET_NONE;
    cursor->fetched = cursor->fetched && cursor->paused;
    if (!cursor->paused) { cursor->position = offset; }
    return memwire_leave(wire, 0);
}

static int mem_resume(struct wire *base, const char *topic, int32_t partition, int64_t offset)
{
    assert(offset >= 0);
    return move_held(memwire_of(base), topic, partition, offset);
}

static int mem_pause(struct wire *base, const char *topic, int32_t partition)
{
    return move_held(memwire_of(base), topic, partition, OFFSET_NONE);
}

static int64_t mem_position(struct wire *base, const char *topic, int32_t partition)
{
    struct memwire *wire = memwire_of(base);
    memlog_lock(wire->log);
    const struct memcursor *cursor = find_held(wire, topic, partition);
    int64_t position = cursor ? cursor->position : OFFSET_NONE;
    memlog_unlock(wire->log);
    return position;
}

static int64_t mem_lag_end(struct wire *base, const char *topic, int32_t partition)
{
    struct memwire *wire = memwire_of(base);
    memlog_lock(wire->log);
    const struct memcursor *cursor = find_held(wire, topic, partition);
    int64_t end = cursor && cursor->fetched ? cursor->part->end : OFFSET_NONE;
    memlog_unlock(wire->log);
    return end;
}

static int mem_rank(struct wire *base, size_t *ret_rank, size_t *ret_count)
{
    struct memwire *wire = memwire_of(base);
    int error = memwire_enter(wire);
    assert(wire->group);
    if (!error) { error = memgroup_rank(wire, ret_rank, ret_count); }
    return memwire_leave(wire, error);
}

/* ---- Polling ---- */

static int mem_poll(struct wire *base, int timeout_ms, size_t max, const struct record **ret_at,
                    size_t *ret_count)
{
    struct memwire *wire = memwire_of(base);
    assert(!wire->polling);
    assert(wire->batch.count == 0);
    int error = memwire_enter_at(wire, MEMLOG_POLL);
    if (error) { return memwire_leave(wire, error); }
    wire->polling = true;
    memlog_tick(wire->log);
    memwire_tick_outbox(wire);
    wire->polled = true;
    while (tell_change(wire)) {}
    wire->polling = false;
    if (wire->dead) {
        error = memwire_refuse(wire, WIRE_FATAL, "the process of the wire is dead");
    } else if (wire->fenced) {
        error = memwire_refuse(wire, WIRE_FATAL, "fenced: instance id %s was taken over",
                               wire->instance_id);
    } else {
        error = memwire_fetch(wire, NULL, wire->held, wire->held_count, max, &wire->rng,
                              &wire->batch);
    }
    memlog_unlock(wire->log);
    if (error) { return error; }
    if (wire->batch.count == 0 && timeout_ms != 0) { (void)sched_yield(); }
    *ret_at = wire->batch.records;
    *ret_count = wire->batch.count;
    return 0;
}

static void mem_release(struct wire *base)
{
    membatch_release(&memwire_of(base)->batch);
}

static const struct wire_class memwire_class = {
    .close = mem_close,
    .why = mem_why,
    .partitions = mem_partitions,
    .topics = mem_topics,
    .describe = mem_describe,
    .bounds = mem_bounds,
    .offset_at = mem_offset_at,
    .stable_end = mem_stable_end,
    .subscribe = mem_subscribe,
    .poll = mem_poll,
    .release = mem_release,
    .committed = mem_committed,
    .told = mem_told,
    .resume = mem_resume,
    .pause = mem_pause,
    .produce = memwire_produce,
    .unacked = memwire_unacked,
    .appended = memwire_appended,
    .watch_log = memwire_watch_log,
    .others = memwire_others,
    .quiet = memwire_quiet,
    .txn_run = memwire_txn_run,
    .offsets_commit = memwire_offsets_commit,
    .position = mem_position,
    .lag_end = mem_lag_end,
    .rank = mem_rank,
    .reader_open = memreader_open,
};
