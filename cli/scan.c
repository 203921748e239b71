/* A scan ends where the logs ended when it began.
 *
 * The reader's position is compared with that end, not the last record's offset: transaction
 * markers or aborted records may come last, which readers do not get but which the position passes.
 * Transient faults of a broker are retried; final ones end the scan.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/scan.h"

#include <unistd.h>

enum { SCAN_POLL_MS = 100, SCAN_RECORDS = 1000, SCAN_BOUNDS_MS = 10000 };

struct scan {
    struct wire *wire;
    struct reader *reader;
    struct topic_partition *at;
    int64_t *ends;
    size_t count;
};

/* A topic that was just made has a leader that does not know it yet: it is asked again. */
static int ask_bounds(struct wire *wire, const char *topic, int32_t first, int32_t count,
                      struct log_bounds *ret_bounds)
{
    int64_t until_ms = clock_monotonic_ms() + SCAN_BOUNDS_MS;
    int result = wire_bounds_of(wire, topic, first, count, ret_bounds);
    while (result == WIRE_RETRY && clock_monotonic_ms() < until_ms) {
        usleep(SCAN_POLL_MS * 1000);
        result = wire_bounds_of(wire, topic, first, count, ret_bounds);
    }
    return result;
}

static int plan(struct scan *scan, const char *topic, int32_t partition, int64_t since_ms)
{
    int32_t partitions;
    int result = client_partitions(scan->wire, topic, &partitions);
    if (result < 0) { return result; }
    if (partition >= partitions) { return wire_reader(scan->wire, NULL, 0, &scan->reader); }
    int32_t first = MAX_OF(partition, 0), count = partition < 0 ? partitions : 1;
    _cleanup_(xfreep) struct log_bounds *bounds = xcalloc((size_t)count, sizeof(*bounds));
    scan->at = xcalloc((size_t)count, sizeof(*scan->at));
    scan->ends = xcalloc((size_t)count, sizeof(*scan->ends));
    result = ask_bounds(scan->wire, topic, first, count, bounds);
    for (int32_t k = 0; k < count && result == 0; k++) {
        int64_t from = bounds[k].low;
        if (since_ms > 0) {
            result = wire_offset_at(scan->wire, topic, first + k, since_ms, &from);
        }
        scan->ends[k] = bounds[k].end;
        scan->at[k] =
            (struct topic_partition){.topic = topic, .partition = first + k, .offset = from};
    }
    scan->count = (size_t)count;
    return result < 0 ? result : wire_reader(scan->wire, scan->at, scan->count, &scan->reader);
}

static bool at_end(struct scan *scan)
{
    for (size_t i = 0; i < scan->count; i++) {
        int64_t position =
            reader_position(scan->reader, scan->at[i].topic, scan->at[i].partition);
        if (MAX_OF(position, scan->at[i].offset) < scan->ends[i]) { return false; }
    }
    return true;
}

static int read_all(struct scan *scan, bool follow,
                    bool (*each)(void *arg, const struct record *rec), void *arg)
{
    bool more = true;
    while (more && (follow || !at_end(scan))) {
        const struct record *at = NULL;
        size_t count = 0;
        int result = reader_poll(scan->reader, SCAN_POLL_MS, SCAN_RECORDS, &at, &count);
        if (wire_is_final(result)) { return result; }
        if (result < 0) { continue; }
        for (size_t i = 0; i < count && more; i++) { more = each(arg, &at[i]); }
        reader_release(scan->reader);
    }
    return 0;
}

static int scan_all(struct wire *wire, const char *topic, int32_t partition, int64_t since_ms,
                    bool follow, bool (*each)(void *arg, const struct record *rec), void *arg)
{
    struct scan scan = {.wire = wire};
    int result = plan(&scan, topic, partition, since_ms);
    if (result == 0) { result = read_all(&scan, follow, each, arg); }
    reader_close(scan.reader);
    free(scan.at);
    free(scan.ends);
    return result;
}

int scan_range(struct wire *wire, const char *topic, int32_t partition, int64_t from, int64_t end,
               bool (*each)(void *arg, const struct record *rec), void *arg)
{
    struct topic_partition at = {.topic = topic, .partition = partition, .offset = from};
    struct scan scan = {.wire = wire, .at = &at, .ends = &end, .count = 1};
    int result = wire_reader(wire, &at, 1, &scan.reader);
    if (result == 0) { result = read_all(&scan, /* follow= */ false, each, arg); }
    reader_close(scan.reader);
    return result;
}

struct finding {
    int64_t to;
    bool found;
};

static bool keep_first(void *arg, const struct record *rec)
{
    struct finding *finding = arg;
    finding->found = rec->offset < finding->to;
    return false;
}

int scan_finds(struct wire *wire, const char *topic, int32_t partition, int64_t from, int64_t to,
               bool *ret_found)
{
    struct finding finding = {.to = to};
    int64_t stable;
    int result = wire_stable_end(wire, topic, partition, &stable);
    if (result < 0) { return result; }
    if (stable < to) {
        *ret_found = true;
        return 0;
    }
    result = scan_range(wire, topic, partition, from, to, keep_first, &finding);
    if (result == 0) { *ret_found = finding.found; }
    return result;
}

int scan_topic(struct wire *wire, const char *topic, int32_t partition, bool follow,
               bool (*each)(void *arg, const struct record *rec), void *arg)
{
    return scan_all(wire, topic, partition, /* since_ms= */ 0, follow, each, arg);
}

int scan_since(struct wire *wire, const char *topic, int64_t since_ms,
               bool (*each)(void *arg, const struct record *rec), void *arg)
{
    return scan_all(wire, topic, -1, since_ms, /* follow= */ false, each, arg);
}

int scan_follow(struct wire *wire, const struct topic_partition *at, size_t count,
                bool (*each)(void *arg, const struct record *rec), void *arg)
{
    struct scan scan = {.wire = wire};
    int result = wire_reader(wire, at, count, &scan.reader);
    if (result == 0) { result = read_all(&scan, /* follow= */ true, each, arg); }
    reader_close(scan.reader);
    return result;
}
