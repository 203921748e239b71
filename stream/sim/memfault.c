/* Fault points. Each pass of a point calls its hook (without the mutex, because the hook may call
 * anything), counts, and then returns an armed fault for this pass, or a random one.
 */
#include "base/base.h"
#include "stream/sim/memlog_internal.h"

static const char *const point_names[MEMLOG_POINTS_COUNT] = {
    [MEMLOG_PRODUCE] = "produce",
    [MEMLOG_TXN_BEGIN] = "begin of the transaction",
    [MEMLOG_TXN_PRODUCE] = "produce in the transaction",
    [MEMLOG_TXN_OFFSETS] = "offsets of the transaction",
    [MEMLOG_TXN_COMMIT] = "commit of the transaction",
    [MEMLOG_TXN_DONE] = "answer to the commit",
    [MEMLOG_OFFSETS_COMMIT] = "commit of offsets",
    [MEMLOG_COMMITTED] = "question for the committed offset",
    [MEMLOG_PARTITIONS] = "question for the partitions",
    [MEMLOG_BOUNDS] = "question for the bounds",
    [MEMLOG_POLL] = "poll",
    [MEMLOG_READER_POLL] = "poll of a reader",
    [MEMLOG_SUBSCRIBE] = "subscription",
};

const char *memlog_point_name(enum memlog_point point)
{
    assert(point < MEMLOG_POINTS_COUNT);
    return point_names[point];
}

static bool is_legal(enum memlog_point point, int error)
{
    if (wire_is_final(error) || error == MEMLOG_KILL) { return true; }
    if (point == MEMLOG_TXN_DONE) { return false; }
    if (point >= MEMLOG_TXN_BEGIN && point < MEMLOG_TXN_DONE) { return error == WIRE_ABORTED; }
    return error == WIRE_RETRY || error == WIRE_ABORTED;
}

void memlog_fail(struct memlog *log, enum memlog_point point, int nth, int error)
{
    assert(nth > 0);
    assert(is_legal(point, error));
    memlog_lock(log);
    assert(log->faults_count < MEMLOG_FAULTS_MAX);
    log->faults[log->faults_count++] =
        (struct memfault){point, log->points[point].passed + nth, error};
    memlog_unlock(log);
}

void memlog_fail_often(struct memlog *log, enum memlog_point point, int one_in, int error)
{
    assert(one_in >= 0);
    assert(one_in == 0 || is_legal(point, error));
    memlog_lock(log);
    log->points[point].one_in = one_in;
    log->points[point].error = error;
    memlog_unlock(log);
}

int64_t memlog_passed(struct memlog *log, enum memlog_point point)
{
    memlog_lock(log);
    int64_t passed = log->points[point].passed;
    memlog_unlock(log);
    return passed;
}

int64_t memlog_failed(struct memlog *log, enum memlog_point point)
{
    memlog_lock(log);
    int64_t failed = log->points[point].failed;
    memlog_unlock(log);
    return failed;
}

void memlog_hook(struct memlog *log, enum memlog_point point, void (*hook)(void *arg), void *arg)
{
    memlog_lock(log);
    log->points[point].hook = hook;
    log->points[point].hook_arg = arg;
    memlog_unlock(log);
}

/* Takes the armed fault of this pass away and returns its error. */
static int take_fault(struct memlog *log, enum memlog_point point, int64_t pass)
{
    for (size_t i = 0; i < log->faults_count; i++) {
        struct memfault fault = log->faults[i];
        if (fault.point != point || fault.pass != pass) { continue; }
        log->faults[i] = log->faults[--log->faults_count];
        return fault.error;
    }
    return 0;
}

int memlog_pass(struct memlog *log, enum memlog_point at)
{
    memlog_lock(log);
    struct mempoint *point = &log->points[at];
    void (*hook)(void *arg) = point->hook;
    void *hook_arg = point->hook_arg;
    memlog_unlock(log);
    if (hook) { hook(hook_arg); }

    memlog_lock(log);
    int error = take_fault(log, at, ++point->passed);
    if (!error && point->one_in && memlog_random(&point->rng) % (uint64_t)point->one_in == 0) {
        error = point->error;
    }
    if (error) { point->failed++; }
    memlog_unlock(log);
    return error;
}
