#include "base/base.h"
#include "stream/config/memory_options.h"

/* For a program that is no worker. */
static const struct memory_shares others = {"", 16, MEMORY_BATCH_DIVISOR, NULL};

static const struct memory_shares *shares_of(const struct option_group *groups, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const struct memory_shares *shares = memory_shares_of(groups[i].title);
        if (shares) { return shares; }
    }
    return &others;
}

/* Calls back with each option that is a part, and its member. */
static void each_part(const struct option_group *groups, size_t count,
                      void (*call)(const struct option *option, int64_t *size, void *arg),
                      void *arg)
{
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < groups[i].count; j++) {
            const struct option *option = &groups[i].options[j];
            if (option->part == MEMORY_NONE) { continue; }
            call(option, (int64_t *)(void *)((char *)groups[i].settings + option->offset), arg);
        }
    }
}

static void note_given(const struct option *option, int64_t *size, void *arg)
{
    int64_t *given = arg;
    given[option->part] = *size;
}

static void fill(const struct option *option, int64_t *size, void *arg)
{
    const struct memory_plan *plan = arg;
    bool of_partition = option->part == MEMORY_WRITE_BUFFERS || option->part == MEMORY_BLOCK_CACHES;
    if (*size != MEMORY_AUTO || of_partition) { return; }
    int64_t bytes = plan->at[option->part];
    *size = (int64_t)fmin(fmax((double)bytes, option->min), option->max);
}

int memory_options_settle(const struct option_group *groups, size_t count, int64_t limit,
                          struct memory_plan *ret_plan, char **ret_why)
{
    int64_t given[MEMORY_PARTS];
    for (int part = 0; part < MEMORY_PARTS; part++) { given[part] = MEMORY_AUTO; }
    each_part(groups, count, note_given, given);
    int result = memory_plan_cut(shares_of(groups, count), limit, given, ret_plan, ret_why);
    if (result == 0) { each_part(groups, count, fill, ret_plan); }
    return result;
}
