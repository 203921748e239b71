#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/row_completeness.h"

enum { READ_ROW = 1, READ_END = 2 };
enum { ASK_MS = 500, TELL_MS = 10000 };

void row_completeness_release(struct row_completeness *completeness)
{
    free(completeness->partitions);
    *completeness = (struct row_completeness){0};
}

static void record(struct row_completeness *completeness, int32_t partition, uint8_t what)
{
    size_t least = (size_t)partition + 1;
    if (least > completeness->count) {
        completeness->partitions = xreallocarray(completeness->partitions, least, 1);
        memset(completeness->partitions + completeness->count, 0, least - completeness->count);
        completeness->count = least;
    }
    completeness->partitions[partition] |= what;
}

void row_completeness_row(struct row_completeness *completeness, int32_t partition)
{
    record(completeness, partition, READ_ROW);
}

void row_completeness_end(struct row_completeness *completeness, int32_t partition)
{
    record(completeness, partition, READ_END);
}

/* A partition of which nothing was read is complete when the trainer has no rows of it either. */
static bool is_complete(const struct row_completeness *completeness, struct run *run,
                        int32_t partition)
{
    bool read = (size_t)partition < completeness->count;
    uint8_t what = read ? completeness->partitions[partition] : 0;
    if (what & READ_END) { return true; }
    return !what && run_topic_holds(run, "neighbours", /* shared= */ false, partition) == 0;
}

static void tell(struct row_completeness *completeness, struct run *run, int32_t partition)
{
    int64_t now_ms = run_now_ms(run);
    if (completeness->told_ms && now_ms - completeness->told_ms < TELL_MS) { return; }
    completeness->told_ms = now_ms;
    run_log(run, LOG_WARN, "no lists before all rows are there",
            "partition=%d hint=\"the trainer of this release sends them to serving-rows once: "
            "start it; freshet_serving_rows_sent_total shows its progress\"",
            partition);
}

bool row_completeness_reached(struct row_completeness *completeness, struct run *run)
{
    int64_t now_ms = run_now_ms(run);
    if (completeness->complete) { return true; }
    if (completeness->asked_ms && now_ms - completeness->asked_ms < ASK_MS) { return false; }
    completeness->asked_ms = now_ms;
    int32_t partitions = run_topic_partitions(run, "serving-rows", /* shared= */ false);
    for (int32_t p = 0; p < partitions; p++) {
        if (is_complete(completeness, run, p)) { continue; }
        tell(completeness, run, p);
        return false;
    }
    completeness->complete = partitions > 0;
    return completeness->complete;
}
