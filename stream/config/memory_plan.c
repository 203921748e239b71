#include "base/base.h"
#include "base/xalloc.h"
#include "stream/config/memory_plan.h"

enum { SIZE_TEXT_MAX = 32 };

#define KIB (INT64_C(1) << 10)
#define MIB (INT64_C(1) << 20)
#define MEMORY_OF_UNKNOWN (4096 * MIB) /* what a machine is taken to have that does not say */

enum { CHECKPOINT_DIVISOR = 5 };

static const struct memory_shares workers[] = {
    {"ingest", 16, MEMORY_BATCH_DIVISOR, NULL},
    {"features", 16, MEMORY_BATCH_DIVISOR, "users.cache.bytes"},
    {"trainer", 8, CHECKPOINT_DIVISOR, "rows.cache.bytes"},
    {"sequence", 16, MEMORY_BATCH_DIVISOR, "train.memory.max"},
    {"scorer", 16, MEMORY_BATCH_DIVISOR, NULL},
    {"serve", 16, MEMORY_BATCH_DIVISOR, NULL},
    {"embed", 16, MEMORY_BATCH_DIVISOR, NULL},
};

/* How a part is cut: a fraction of the budget without MEMORY_FIXED, within limits, and how many
 * times its size it takes at its peak. What remains is the cache. */
static const struct {
    int64_t divisor;
    int64_t least, most;
    int64_t times;
} cuts[MEMORY_PARTS] = {
    [MEMORY_BATCH] = {MEMORY_BATCH_DIVISOR, 256 * KIB, 1024 * MIB, 3},
    [MEMORY_FETCH] = {16, MIB, 32 * MIB, 2},
    [MEMORY_WRITE_BUFFERS] = {32, 256 * KIB, 256 * MIB, 2},
    [MEMORY_BLOCK_CACHES] = {32, 256 * KIB, 256 * MIB, 1},
    [MEMORY_CACHE] = {0, MIB, 0, 1},
    [MEMORY_LOAD] = {0, MIB, 0, 0},
};

const struct memory_shares *memory_shares_at(size_t index)
{
    return index < ARRAY_COUNT(workers) ? &workers[index] : NULL;
}

const struct memory_shares *memory_shares_of(const char *worker)
{
    for (size_t i = 0; i < ARRAY_COUNT(workers); i++) {
        if (strcmp(workers[i].worker, worker) == 0) { return &workers[i]; }
    }
    return NULL;
}

/* ---- Cutting ---- */

static int64_t clamp(int64_t size, int64_t least, int64_t most)
{
    return MAX_OF(MIN_OF(size, most), least);
}

static int64_t cut_by(enum memory_part part, int64_t bytes, int64_t divisor)
{
    return clamp(bytes / divisor, cuts[part].least, cuts[part].most);
}

static int64_t cut_of(enum memory_part part, int64_t bytes)
{
    return cut_by(part, bytes, cuts[part].divisor);
}

static int64_t default_budget(const struct memory_shares *shares, int64_t limit)
{
    int64_t known = limit ? limit : MEMORY_OF_UNKNOWN;
    return MAX_OF(known / shares->divisor, MEMORY_LEAST);
}

/* A given size of a store is that of one partition. How many there are is not known here, and they
 * are few; so it counts once. */
static int64_t peak_of(const struct memory_plan *plan, enum memory_part part)
{
    return plan->at[part] * cuts[part].times;
}

int64_t memory_plan_peak(const struct memory_plan *plan)
{
    int64_t sum = MEMORY_FIXED;
    for (int part = MEMORY_CACHE; part < MEMORY_PARTS; part++) { sum += peak_of(plan, part); }
    return sum;
}

static char *size_text(int64_t bytes)
{
    struct buf text;
    buf_init(&text, SIZE_TEXT_MAX);
    memory_size_print(bytes, &text);
    char *copy = xprintf("%.*s", SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
    return copy;
}

/* What is wrong with a budget that the configuration gives; NULL: nothing. */
static char *budget_fault(const struct memory_plan *plan)
{
    int64_t budget = plan->at[MEMORY_BUDGET], needed = MEMORY_FIXED;
    if (!plan->given[MEMORY_BUDGET]) { return NULL; }
    _cleanup_(xfreep) char *asked = size_text(budget), *limit = size_text(plan->limit);
    if (plan->limit && budget > plan->limit) {
        return xprintf("memory.max=%s: this machine or container has %s; hint: leave some of it to "
                       "the others, or leave memory.max out",
                       asked, limit);
    }
    for (int part = MEMORY_CACHE; part < MEMORY_PARTS; part++) {
        if (plan->given[part]) { needed += peak_of(plan, part); }
    }
    if (needed <= budget) { return NULL; }
    _cleanup_(xfreep) char *sum = size_text(needed);
    return xprintf("memory.max=%s: the sizes that are set beside it need %s; hint: leave them out, "
                   "or make memory.max larger",
                   asked, sum);
}

int memory_plan_cut(const struct memory_shares *shares, int64_t limit,
                    const int64_t given[MEMORY_PARTS], struct memory_plan *ret_plan, char **ret_why)
{
    struct memory_plan plan = {.limit = limit};
    for (int part = MEMORY_BUDGET; part < MEMORY_PARTS; part++) {
        plan.given[part] = given[part] != MEMORY_AUTO;
        if (plan.given[part]) { plan.at[part] = given[part]; }
    }
    if (!plan.given[MEMORY_BUDGET]) { plan.at[MEMORY_BUDGET] = default_budget(shares, limit); }
    *ret_why = budget_fault(&plan);
    if (*ret_why) { return -EINVAL; }
    int64_t budget = plan.at[MEMORY_BUDGET], free_bytes = budget - memory_plan_peak(&plan);
    for (int part = MEMORY_BATCH; part < MEMORY_PARTS; part++) {
        if (plan.given[part] || !cuts[part].divisor) { continue; }
        bool batch = part == MEMORY_BATCH;
        plan.at[part] =
            cut_by(part, free_bytes, batch ? shares->batch_divisor : cuts[part].divisor);
    }
    int64_t rest = MAX_OF(budget - memory_plan_peak(&plan), cuts[MEMORY_CACHE].least);
    if (!plan.given[MEMORY_CACHE]) { plan.at[MEMORY_CACHE] = rest; }
    if (!plan.given[MEMORY_LOAD]) {
        plan.at[MEMORY_LOAD] = MAX_OF(plan.at[MEMORY_CACHE] / 2, cuts[MEMORY_LOAD].least);
    }
    *ret_plan = plan;
    return 0;
}

int64_t memory_store_bytes(int64_t budget, enum memory_part part, int32_t partitions)
{
    assert(part == MEMORY_WRITE_BUFFERS || part == MEMORY_BLOCK_CACHES);
    return MAX_OF(cut_of(part, budget - MEMORY_FIXED) / MAX_OF(partitions, 1), 64 * KIB);
}

/* ---- In words ---- */

void memory_size_print(int64_t bytes, struct buf *out)
{
    static const struct {
        int64_t size;
        const char *name;
    } units[] = {{INT64_C(1) << 40, "t"}, {INT64_C(1) << 30, "g"}, {MIB, "m"}, {KIB, "k"}};
    size_t i = 0;
    while (i + 1 < ARRAY_COUNT(units) && bytes < units[i].size) { i++; }
    double amount = (double)bytes / (double)units[i].size;
    bool whole = amount >= 10 || bytes % units[i].size == 0;
    buf_printf(out, whole ? "%.0f%s" : "%.1f%s", amount, units[i].name);
}

static void print_part(const char *name, int64_t bytes, struct buf *out)
{
    buf_printf(out, "%s%s=", out->size ? " " : "", name);
    memory_size_print(bytes, out);
}

void memory_plan_print(const struct memory_plan *plan, struct buf *out)
{
    print_part("memory", plan->at[MEMORY_BUDGET], out);
    if (plan->limit) { print_part("of", plan->limit, out); }
    print_part("cache", plan->at[MEMORY_CACHE], out);
    print_part("batch", plan->at[MEMORY_BATCH], out);
    print_part("fetch", plan->at[MEMORY_FETCH], out);
    print_part("stores",
               peak_of(plan, MEMORY_WRITE_BUFFERS) + peak_of(plan, MEMORY_BLOCK_CACHES), out);
}
