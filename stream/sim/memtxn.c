/* Transactions and what readers see of them (KIP-98).
 *
 *   open  --memtxn_decide()-->  committed or aborted  --markers-->  done
 *
 * Entries are appended while the transaction is open and point to it. A transaction is *pending*
 * until its marker (a control record) is written in every partition that it touched and its offsets
 * are applied to the group; each of these happens at a tick of its own when markers are delayed. In
 * a partition a pending transaction hides everything from its first record on (the last stable
 * offset). The next transaction of a producer, and a fence, first write all markers that are left.
 * Transactions are kept until the log is freed; those before `pending_from` are done.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "stream/sim/memlog_internal.h"

struct memproducer *memlog_producer(struct memlog *log, const char *transactional_id)
{
    for (size_t i = 0; i < log->producers_count; i++) {
        struct memproducer *known = log->producers[i];
        if (strcmp(known->transactional_id, transactional_id) == 0) { return known; }
    }
    struct memproducer *producer = xcalloc(1, sizeof(*producer));
    producer->transactional_id = xstrdup(transactional_id);
    log->producers = xreallocarray(log->producers, log->producers_count + 1,
                                   sizeof(struct memproducer *));
    log->producers[log->producers_count++] = producer;
    return producer;
}

/* ---- Markers ---- */

static bool is_marked(const struct memtxn *txn)
{
    if (txn->outcome == MEMTXN_OPEN || !txn->offsets_marked) { return false; }
    for (size_t i = 0; i < txn->touches_count; i++) {
        if (!txn->touches[i].marked) { return false; }
    }
    return true;
}

static void apply_offsets(struct memtxn *txn)
{
    for (size_t i = 0; i < txn->offsets_count && txn->outcome == MEMTXN_COMMITTED; i++) {
        memgroup_store(txn->group, txn->offsets[i].part, txn->offsets[i].offset, /* told= */ 0);
    }
    txn->offsets_marked = true;
}

static void write_marker(struct memlog *log, struct memtxn *txn, struct memtouch *touch)
{
    struct mementry *marker = xcalloc(1, sizeof(*marker));
    marker->control = true;
    marker->txn = txn;
    marker->time_ms = log->now_ms;
    (void)mempart_append(touch->part, marker);
    touch->marked = true;
}

/* Writes the markers of a decided transaction that are due by the tick. */
static void write_markers_due(struct memlog *log, struct memtxn *txn, int64_t tick)
{
    assert(txn->outcome != MEMTXN_OPEN);
    if (!txn->offsets_marked && txn->offsets_due <= tick) { apply_offsets(txn); }
    for (size_t i = 0; i < txn->touches_count; i++) {
        struct memtouch *touch = &txn->touches[i];
        if (!touch->marked && touch->due <= tick) { write_marker(log, txn, touch); }
    }
}

static void skip_marked(struct memlog *log)
{
    while (log->pending_from < log->txns_count && is_marked(log->txns[log->pending_from])) {
        log->pending_from++;
    }
}

void memlog_tick(struct memlog *log)
{
    log->ticks++;
    for (size_t i = log->pending_from; i < log->txns_count; i++) {
        struct memtxn *txn = log->txns[i];
        if (txn->outcome != MEMTXN_OPEN) { write_markers_due(log, txn, log->ticks); }
    }
    skip_marked(log);
}

static int64_t due_tick(struct memlog *log)
{
    if (log->marker_delay == 0) { return log->ticks; }
    uint64_t wait = memlog_random(&log->rng) % (uint64_t)log->marker_delay;
    return log->ticks + 1 + (int64_t)wait;
}

void memtxn_decide(struct memlog *log, struct memtxn *txn, enum memoutcome outcome)
{
    assert(txn->outcome == MEMTXN_OPEN);
    assert(outcome != MEMTXN_OPEN);
    txn->outcome = outcome;
    txn->offsets_due = due_tick(log);
    for (size_t i = 0; i < txn->touches_count; i++) { txn->touches[i].due = due_tick(log); }
    write_markers_due(log, txn, log->ticks);
    skip_marked(log);
}

/* ---- The producer's steps ---- */

/* Writes the markers that the producer's transaction still lacks, due or not. */
static void write_all_markers(struct memlog *log, struct memproducer *producer)
{
    if (producer->txn) { write_markers_due(log, producer->txn, INT64_MAX); }
    skip_marked(log);
}

void memproducer_fence(struct memlog *log, struct memproducer *producer)
{
    if (producer->txn && producer->txn->outcome == MEMTXN_OPEN) {
        memtxn_decide(log, producer->txn, MEMTXN_ABORTED);
    }
    write_all_markers(log, producer);
    producer->epoch++;
}

void memproducer_begin(struct memlog *log, struct memproducer *producer)
{
    write_all_markers(log, producer);
    ARRAY_RESERVE(log->txns, log->txns_capacity, log->txns_count + 1, 64);
    producer->txn = xcalloc(1, sizeof(*producer->txn));
    log->txns[log->txns_count++] = producer->txn;
}

int64_t memtxn_append(struct memtxn *txn, struct mempart *part, struct mementry *entry)
{
    assert(txn->outcome == MEMTXN_OPEN);
    entry->txn = txn;
    int64_t offset = mempart_append(part, entry);
    for (size_t i = 0; i < txn->touches_count; i++) {
        if (txn->touches[i].part == part) { return offset; }
    }
    txn->touches =
        xreallocarray(txn->touches, txn->touches_count + 1, sizeof(struct memtouch));
    txn->touches[txn->touches_count++] = (struct memtouch){.part = part, .first = offset};
    return offset;
}

void memtxn_stage(struct memtxn *txn, struct memgroup *group, struct mempart *part, int64_t offset)
{
    assert(txn->outcome == MEMTXN_OPEN);
    txn->group = group;
    txn->offsets =
        xreallocarray(txn->offsets, txn->offsets_count + 1, sizeof(struct memoffset));
    txn->offsets[txn->offsets_count++] = (struct memoffset){.part = part, .offset = offset};
}

void memlog_txn_expire(struct memlog *log, const char *transactional_id)
{
    memlog_lock(log);
    struct memproducer *producer = memlog_producer(log, transactional_id);
    if (producer->txn && producer->txn->outcome == MEMTXN_OPEN) {
        memproducer_fence(log, producer);
    }
    memlog_unlock(log);
}

/* ---- What readers see ---- */

bool memlog_unstable(struct memlog *log, const struct memgroup *group, const struct mempart *part)
{
    for (size_t i = log->pending_from; i < log->txns_count; i++) {
        const struct memtxn *txn = log->txns[i];
        if (txn->group != group || txn->offsets_marked) { continue; }
        for (size_t k = 0; k < txn->offsets_count; k++) {
            if (txn->offsets[k].part == part) { return true; }
        }
    }
    return false;
}

int64_t mempart_stable_end(struct memlog *log, const struct mempart *part)
{
    int64_t end = part->end;
    for (size_t i = log->pending_from; i < log->txns_count; i++) {
        const struct memtxn *txn = log->txns[i];
        for (size_t k = 0; k < txn->touches_count; k++) {
            const struct memtouch *touch = &txn->touches[k];
            if (touch->part == part && !touch->marked) { end = MIN_OF(end, touch->first); }
        }
    }
    return end;
}

bool mementry_visible(const struct mementry *entry)
{
    if (entry->control) { return false; }
    return !entry->txn || entry->txn->outcome == MEMTXN_COMMITTED;
}

void memlog_free_txns(struct memlog *log)
{
    for (size_t i = 0; i < log->txns_count; i++) {
        free(log->txns[i]->touches);
        free(log->txns[i]->offsets);
        free(log->txns[i]);
    }
    free(log->txns);
    for (size_t i = 0; i < log->producers_count; i++) {
        free(log->producers[i]->transactional_id);
        free(log->producers[i]);
    }
    free(log->producers);
}
