/* What a machine must have. The figures of a user, an item and an event are those that bench/sizing
 * measured on MovieLens-100k (docs/operations.md, "Sizing"); with other ids and other habits they
 * differ, so results are estimates.
 */
#include "base/base.h"
#include "base/memory_limit.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "stream/config/memory_plan.h"

enum { SIZE_CELL_MAX = 64, SIZE_LEAST = 64 << 20 /* of memory.max */ };

/* Bytes of memory or disk, and CPU, by what they grow with. */
static const double user_state_bytes = 3480;   /* features-changelog, and the disk of features */
static const double user_cached_bytes = 6000;  /* of a user in users.cache.bytes */
static const double user_list_bytes = 1580;    /* histories and recommendations */
static const double user_scorer_bytes = 1220;  /* on a scorer's disk: history, standing list */
static const double item_row_bytes = 12000;    /* neighbours, and the disk of the trainer */
static const double item_cached_bytes = 24000; /* of a row in rows.cache.bytes */
static const double item_served_bytes = 5450;  /* serving-rows, and the memory of every scorer */
static const double item_name_bytes = 64;      /* of an id, in features and trainer */
static const double event_log_bytes = 2500;    /* in Kafka's logs, compressed, at a low rate */
static const double event_cpu_us = 25;         /* of the four workers, in a backlog */
static const double day_seconds = 86400;

#define OPTION_SETTINGS struct size_settings
struct size_settings {
    int64_t machine; /* 0: this one */
    int64_t budget;  /* 0: the default */
    int64_t users;
    int64_t items;
    double rate;
};

static const struct flag flags[] = {
    FLAG('u', "N", OPTION("users", LONG, users, "100000", OPTION_RANGE(0, 1e10), "Users")),
    FLAG('i', "N", OPTION("items", LONG, items, "20000", OPTION_RANGE(0, 1e9), "Items")),
    FLAG('r', "N", OPTION("rate", DOUBLE, rate, "100", OPTION_RANGE(0, 1e9), "Events a second")),
    FLAG('m', "SIZE",
         OPTION("machine", BYTES, machine, NULL, OPTION_RANGE(SIZE_LEAST, 1048576 * GIB),
                "Memory of the machine or container; default: of this one")),
    FLAG(0, "SIZE",
         OPTION("memory-max", BYTES, budget, NULL, OPTION_RANGE(SIZE_LEAST, 1024 * GIB),
                "The option of that name, the same for each worker; default: theirs")),
};

/* ---- Memory ---- */

static void print_cell(int64_t bytes, int width)
{
    struct buf text;
    buf_init(&text, SIZE_CELL_MAX);
    memory_size_print(bytes, &text);
    printf(" %*.*s", width, SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
}

/* What the worker would like to hold: users, rows, tables. */
static double wished_bytes(const struct size_settings *size, const char *worker)
{
    double users = (double)size->users, items = (double)size->items;
    if (strcmp(worker, "features") == 0) {
        return users * user_cached_bytes + items * item_name_bytes;
    }
    if (strcmp(worker, "trainer") == 0) { return items * (item_cached_bytes + item_name_bytes); }
    return strcmp(worker, "scorer") == 0 ? items * item_served_bytes : 0;
}

static void print_advice(const struct size_settings *size, const struct memory_shares *shares,
                         const struct memory_plan *plan)
{
    double wished = wished_bytes(size, shares->worker);
    double share = wished > 0 ? (double)plan->at[MEMORY_CACHE] / wished : 1;
    if (wished == 0) {
        printf("  -\n");
    } else if (share >= 1) {
        printf("  all in memory\n");
    } else if (shares->cache) {
        printf("  %.0f %% in memory, the others on disk\n", share * 100);
    } else {
        printf("  too small: its tables need ");
        print_cell((int64_t)wished, 0);
        printf("\n");
    }
}

static int print_worker(const struct size_settings *size, const struct memory_shares *shares,
                        int64_t limit)
{
    int64_t given[MEMORY_PARTS];
    struct memory_plan plan;
    _cleanup_(xfreep) char *why = NULL;
    for (int part = 0; part < MEMORY_PARTS; part++) { given[part] = MEMORY_AUTO; }
    if (size->budget) { given[MEMORY_BUDGET] = size->budget; }
    if (memory_plan_cut(shares, limit, given, &plan, &why) < 0) {
        return client_fail("%s", why);
    }
    printf("%-9s", shares->worker);
    print_cell(plan.at[MEMORY_BUDGET], 10);
    print_cell(plan.at[MEMORY_CACHE], 8);
    print_cell(plan.at[MEMORY_BATCH], 8);
    print_cell(plan.at[MEMORY_FETCH], 8);
    print_cell(plan.at[MEMORY_WRITE_BUFFERS], 14);
    print_cell(plan.at[MEMORY_BLOCK_CACHES], 13);
    print_advice(size, shares, &plan);
    return 0;
}

static int print_memory(const struct size_settings *size, int64_t limit)
{
    const struct memory_shares *shares;
    printf("memory of the machine or container:");
    print_cell(limit, 0);
    printf("\n%-9s %10s %8s %8s %8s %14s %13s  %s\n", "worker", "memory.max", "cache", "batch",
           "fetch", "write buffers", "block caches", "what it holds");
    for (size_t i = 0; (shares = memory_shares_at(i)) != NULL; i++) {
        int result = print_worker(size, shares, limit);
        if (result) { return result; }
    }
    return 0;
}

/* ---- Disk, logs and CPU ---- */

static void print_estimate(const char *what, double bytes)
{
    printf("%-46s", what);
    print_cell((int64_t)fmin(bytes, 9e18), 8);
    printf("\n");
}

static void print_estimates(const struct size_settings *size)
{
    double users = (double)size->users, items = (double)size->items;
    printf("\nestimates for %" PRId64 " users, %" PRId64 " items and %g events a second\n",
           size->users, size->items, size->rate);
    print_estimate("disk of features", users * user_state_bytes);
    print_estimate("disk of trainer", items * item_row_bytes);
    print_estimate("disk of scorer", users * user_scorer_bytes + items * item_served_bytes);
    print_estimate("disk of serve", users * user_list_bytes + items * item_served_bytes);
    print_estimate("Kafka, what stays after compaction",
                   users * (user_state_bytes + user_list_bytes) +
                       items * (item_row_bytes + item_served_bytes));
    print_estimate("Kafka, what a day of events writes",
                   size->rate * day_seconds * event_log_bytes);
    printf("%-46s %8.1f %%\n", "one core, by the four workers in a backlog",
           size->rate * event_cpu_us / 1e4);
}

static bool check(struct invocation *invocation, struct buf *why)
{
    const struct size_settings *size = invocation->settings;
    if (!size->budget || size->budget >= SIZE_LEAST) { return true; }
    buf_printf(why, "--memory-max: a worker needs at least ");
    memory_size_print(SIZE_LEAST, why);
    return false;
}

static int run(struct invocation *invocation)
{
    const struct size_settings *size = invocation->settings;
    int result = print_memory(size, size->machine ? size->machine : memory_limit(""));
    if (!result) { print_estimates(size); }
    return result;
}

const struct command size_command = {
    .name = "size",
    .group = GROUP_OPERATION,
    .summary = "print how memory is cut, and estimate disk, logs and CPU",
    .about = "Prints what each worker cuts its memory (memory.max) into, and whether the users or "
             "items fit. Estimates disk, logs and CPU from what MovieLens-100k took; measure with "
             "events of your own before you buy machines.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_NOTHING,
    .settings_size = sizeof(struct size_settings),
    .check = check,
    .run = run,
};
