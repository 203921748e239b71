/* Writing through the wire.
 *
 * At-once messages wait in the outbox until `due`, counted in the wire's own polls. They reach the
 * log in order; one with an injected fault stays in the outbox until wire_unacked() reports it.
 *
 * A transaction is one call, but each step enters the log on its own (enter_step()), so that hooks,
 * faults and other wires can come between. A fenced producer is refused before any other fault.
 * After WIRE_ABORTED the transaction is rolled back; after WIRE_FATAL it is left open, as by a dead
 * process, until the next owner of the transactional id fences it or it expires.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/crash.h"
#include "base/xalloc.h"
#include "stream/sim/memlog_internal.h"

/* ---- Sending at once ---- */

void memwire_send_first(struct memwire *wire, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct memsend *send = &wire->outbox[i];
        if (send->fails) { continue; }
        (void)mempart_append(send->part, send->entry);
        send->entry = NULL;
    }
}

/* Appends and acknowledges. */
static struct memacked *acked_of(struct memwire *wire, struct mempart *part)
{
    for (size_t i = 0; i < wire->acked_count; i++) {
        if (wire->acked[i].part == part) { return &wire->acked[i]; }
    }
    wire->acked = xreallocarray(wire->acked, wire->acked_count + 1, sizeof(*wire->acked));
    wire->acked[wire->acked_count] = (struct memacked){.part = part, .newest = OFFSET_NONE};
    return &wire->acked[wire->acked_count++];
}

static void deliver(struct memwire *wire, struct mempart *part, struct mementry *entry)
{
    int64_t offset = mempart_append(part, entry);
    struct memacked *acked = acked_of(wire, part);
    acked->others += acked->newest != OFFSET_NONE && offset != acked->newest + 1;
    acked->newest = offset;
}

void memwire_drop_outbox(struct memwire *wire)
{
    for (size_t i = 0; i < wire->outbox_count; i++) { free(wire->outbox[i].entry); }
    wire->outbox_count = 0;
}

void memwire_tick_outbox(struct memwire *wire)
{
    wire->polls++;
    size_t kept = 0;
    for (size_t i = 0; i < wire->outbox_count; i++) {
        struct memsend send = wire->outbox[i];
        if (send.due <= wire->polls && !send.fails) {
            deliver(wire, send.part, send.entry);
            continue;
        }
        send.failed = send.due <= wire->polls;
        wire->outbox[kept++] = send;
    }
    wire->outbox_count = kept;
}

static void put_outbox(struct memwire *wire, struct memsend send)
{
    ARRAY_RESERVE(wire->outbox, wire->outbox_capacity, wire->outbox_count + 1, 16);
    /* Messages stay in order when the delay becomes shorter. */
    if (wire->outbox_count) {
        send.due = MAX_OF(send.due, wire->outbox[wire->outbox_count - 1].due);
    }
    wire->outbox[wire->outbox_count++] = send;
}

/* Finds the partition of a message, or refuses the message. */
static int route(struct memwire *wire, const struct message *message, int too_large,
                 struct mempart **ret_part)
{
    struct mempart *part = memlog_route(wire->log, message);
    if (!part) {
        return memwire_refuse(wire, WIRE_REFUSED, "no partition %s[%" PRId32 "]", message->topic,
                              message->partition);
    }
    if (memlog_too_large(message)) {
        return memwire_refuse(wire, too_large, "%s: a message of more than %d bytes",
                              message->topic, MEMLOG_MESSAGE_BYTES_MAX);
    }
    *ret_part = part;
    return 0;
}

int memwire_produce(struct wire *base, const struct message *message, uint64_t ack_group)
{
    struct memwire *wire = memwire_of(base);
    int error = memwire_enter_at(wire, MEMLOG_PRODUCE);
    assert(ack_group >= wire->ack_group_last);
    if (error && error != WIRE_ABORTED) { return memwire_leave(wire, error); }
    wire->ack_group_last = ack_group;
    struct mempart *part = NULL;
    int refused = route(wire, message, WIRE_TOO_LARGE, &part);
    if (refused) { return memwire_leave(wire, refused); }
    struct memsend send = {.entry = memlog_entry(wire->log, message),
                           .part = part,
                           .ack_group = ack_group,
                           .due = wire->polls + wire->log->ack_delay,
                           .fails = error == WIRE_ABORTED};
    if (!send.fails && wire->log->ack_delay == 0 && wire->outbox_count == 0) {
        deliver(wire, part, send.entry);
    } else {
        send.failed = send.fails && wire->log->ack_delay == 0;
        put_outbox(wire, send);
    }
    return memwire_leave(wire, 0);
}

/* Removes the failed messages of groups up to this one from the outbox; true when there were
 * any. */
static bool take_failed(struct memwire *wire, uint64_t ack_group)
{
    size_t kept = 0;
    bool any = false;
    for (size_t i = 0; i < wire->outbox_count; i++) {
        struct memsend send = wire->outbox[i];
        if (send.failed && send.ack_group <= ack_group) {
            free(send.entry);
            any = true;
        } else {
            wire->outbox[kept++] = send;
        }
    }
    wire->outbox_count = kept;
    return any;
}

int memwire_unacked(struct wire *base, uint64_t ack_group, size_t *ret_count)
{
    struct memwire *wire = memwire_of(base);
    int error = memwire_enter(wire);
    if (error) { return memwire_leave(wire, error); }
    if (!wire->polled) { memwire_tick_outbox(wire); }
    wire->polled = false;
    if (take_failed(wire, ack_group)) {
        error = memwire_refuse(wire, WIRE_ABORTED, "an at-once message could not be delivered");
        return memwire_leave(wire, error);
    }
    size_t count = 0;
    for (size_t i = 0; i < wire->outbox_count; i++) {
        count += wire->outbox[i].ack_group <= ack_group;
    }
    *ret_count = count;
    return memwire_leave(wire, 0);
}

/* Under the mutex; a copy. */
static struct memacked find_acked(const struct memwire *wire, const char *topic, int32_t partition)
{
    const struct mempart *part = memlog_find_part(wire->log, topic, partition);
    for (size_t i = 0; i < wire->acked_count; i++) {
        if (wire->acked[i].part == part) { return wire->acked[i]; }
    }
    return (struct memacked){.newest = OFFSET_NONE};
}

int64_t memwire_appended(struct wire *base, const char *topic, int32_t partition)
{
    struct memwire *wire = memwire_of(base);
    memlog_lock(wire->log);
    int64_t newest = find_acked(wire, topic, partition).newest;
    memlog_unlock(wire->log);
    return newest;
}

void memwire_watch_log(struct wire *base, const char *topic, int32_t partition)
{
    struct memwire *wire = memwire_of(base);
    memlog_lock(wire->log);
    struct mempart *part = memlog_find_part(wire->log, topic, partition);
    if (part) { *acked_of(wire, part) = (struct memacked){.part = part, .newest = OFFSET_NONE}; }
    memlog_unlock(wire->log);
}

uint64_t memwire_others(struct wire *base, const char *topic, int32_t partition)
{
    struct memwire *wire = memwire_of(base);
    memlog_lock(wire->log);
    uint64_t others = find_acked(wire, topic, partition).others;
    memlog_unlock(wire->log);
    return others;
}

bool memwire_quiet(struct wire *base)
{
    return memwire_of(base)->outbox_count == 0;
}

/* ---- Transactions ---- */

/* Enters one step of a transaction. */
static int enter_step(struct memwire *wire, enum memlog_point point)
{
    int error = memwire_enter_at(wire, point);
    if (wire->dead) { return error; }
    if (wire->txn_over) {
        return memwire_refuse(wire, WIRE_FATAL, "an earlier transaction ended fatally");
    }
    if (wire->epoch != wire->producer->epoch) {
        return memwire_refuse(wire, WIRE_FATAL, "fenced: transactional id %s has a newer owner",
                              wire->producer->transactional_id);
    }
    return error;
}

static int txn_begin(struct memwire *wire)
{
    int error = enter_step(wire, MEMLOG_TXN_BEGIN);
    if (!error) { memproducer_begin(wire->log, wire->producer); }
    error = memwire_leave(wire, error);
    CRASH_POINT("txn.begun");
    return error;
}

static int txn_produce(struct memwire *wire, const struct message *message, int64_t *ret_offset)
{
    int error = enter_step(wire, MEMLOG_TXN_PRODUCE);
    if (error) { return memwire_leave(wire, error); }
    struct mempart *part = NULL;
    error = route(wire, message, WIRE_TOO_LARGE, &part);
    if (error) { return memwire_leave(wire, error); }
    *ret_offset = memtxn_append(wire->producer->txn, part, memlog_entry(wire->log, message));
    return memwire_leave(wire, 0);
}

static int txn_offsets(struct memwire *wire, const struct txn *txn)
{
    int error = enter_step(wire, MEMLOG_TXN_OFFSETS);
    if (!error && memgroup_check(wire)) {
        error = memwire_refuse(wire, WIRE_ABORTED,
                               "%s is no longer a member of generation %" PRId32,
                               wire->instance_id, wire->group->generation);
    }
    for (size_t i = 0; i < txn->offsets_count && !error; i++) {
        struct mempart *part = NULL;
        error = memwire_find_part(wire, txn->offsets[i].topic, txn->offsets[i].partition, &part);
        if (error) { break; }
        memtxn_stage(wire->producer->txn, wire->group, part, txn->offsets[i].offset);
    }
    return memwire_leave(wire, error);
}

static int txn_commit(struct memwire *wire)
{
    int error = enter_step(wire, MEMLOG_TXN_COMMIT);
    if (!error) { memtxn_decide(wire->log, wire->producer->txn, MEMTXN_COMMITTED); }
    return memwire_leave(wire, error);
}

/* The commit has taken effect; only its answer can be lost. */
static int txn_done(struct memwire *wire)
{
    return memwire_leave(wire, memwire_enter_at(wire, MEMLOG_TXN_DONE));
}

/* Rolls back after WIRE_ABORTED; leaves the transaction as it is after WIRE_FATAL. */
static int txn_undo(struct memwire *wire, int error)
{
    memlog_lock(wire->log);
    if (wire_is_final(error)) {
        wire->txn_over = true;
    } else {
        assert(error == WIRE_ABORTED || error == WIRE_TOO_LARGE);
        struct memproducer *producer = wire->producer;
        bool mine = wire->epoch == producer->epoch && producer->txn;
        if (mine && producer->txn->outcome == MEMTXN_OPEN) {
            memtxn_decide(wire->log, producer->txn, MEMTXN_ABORTED);
        }
    }
    return memwire_leave(wire, error);
}

int memwire_txn_run(struct wire *base, const struct txn *txn)
{
    struct memwire *wire = memwire_of(base);
    assert(wire->producer);
    if (wire->txn_offsets_capacity < txn->messages_count) {
        wire->txn_offsets_capacity = txn->messages_count;
        wire->txn_offsets =
            xreallocarray(wire->txn_offsets, txn->messages_count, sizeof(*wire->txn_offsets));
    }
    int error = txn_begin(wire);
    for (size_t i = 0; i < txn->messages_count && !error; i++) {
        CRASH_POINT("txn.produce");
        error = txn_produce(wire, &txn->messages[i], &wire->txn_offsets[i]);
    }
    CRASH_POINT("txn.offsets");
    if (!error && txn->offsets_count) { error = txn_offsets(wire, txn); }
    CRASH_POINT("txn.commit");
    if (!error) { error = txn_commit(wire); }
    CRASH_POINT("txn.committed");
    if (!error) { error = txn_done(wire); }
    if (error) {
        CRASH_POINT("txn.abort");
        return txn_undo(wire, error);
    }
    if (txn->ret_offsets && txn->messages_count) {
        memcpy(txn->ret_offsets, wire->txn_offsets,
               txn->messages_count * sizeof(*txn->ret_offsets));
    }
    return 0;
}

int memwire_offsets_commit(struct wire *base, const struct topic_partition *at,
                           const int64_t *told, size_t count)
{
    struct memwire *wire = memwire_of(base);
    assert(wire->group);
    struct mempart *part = NULL;
    CRASH_POINT("offsets.commit");
    int error = memwire_enter_at(wire, MEMLOG_OFFSETS_COMMIT);
    if (!error) {
        error = memgroup_check(wire);
        if (error) {
            error = memwire_refuse(wire, error, "%s is no longer a member of generation %" PRId32,
                                   wire->instance_id, wire->group->generation);
        }
    }
    for (size_t i = 0; i < count && !error; i++) {
        error = memwire_find_part(wire, at[i].topic, at[i].partition, &part);
    }
    for (size_t i = 0; i < count && !error; i++) {
        part = memlog_find_part(wire->log, at[i].topic, at[i].partition);
        memgroup_store(wire->group, part, at[i].offset, told ? told[i] : 0);
    }
    error = memwire_leave(wire, error);
    CRASH_POINT("offsets.committed");
    return error;
}
