/* What a run can be asked, by the rooms above and by its own parts. */
#include "base/base.h"
#include "stream/run_internal.h"

int64_t run_now_ms(struct run *run)
{
    return run->clock.now_ms(run->clock.arg);
}

bool run_has_changelog(const struct run *run)
{
    return run->worker->changelog != NO_CHANGELOG;
}

static bool has_additive(const struct worker *worker)
{
    for (size_t i = 0; i < worker->outputs_count; i++) {
        if (worker->outputs[i].delivery == DELIVERY_TXN) { return true; }
    }
    return false;
}

bool run_needs_transactions(const struct worker *worker, const struct run_settings *settings)
{
    return has_additive(worker) && settings->delivery == EXACTLY_ONCE;
}

bool run_is_transactional(const struct run *run)
{
    return run_needs_transactions(run->worker, &run->settings);
}

bool run_sends_in_order(const struct run *run)
{
    return has_additive(run->worker) && !run_is_transactional(run);
}

const void *run_settings(const struct run *run)
{
    return run->worker_settings;
}

void run_set_state(struct run *run, void *state)
{
    run->worker_state = state;
}

void *run_state(const struct run *run)
{
    return run->worker_state;
}

struct metrics *run_metrics(struct run *run)
{
    return run->metrics;
}

struct schema_cache *run_schemas(struct run *run)
{
    return run->schemas;
}

void run_withhold_bytes(struct run *run)
{
    run->withholds = true;
}

const char *run_input_topic(const struct run *run, int input)
{
    return run->input_topics[input];
}

const char *run_output_topic(const struct run *run, int output)
{
    return run->output_topics[output];
}

int32_t run_output_partitions(const struct run *run, int output)
{
    return run->output_partitions[output];
}

const char *run_generation(const struct run *run)
{
    return run->settings.generation;
}

const char *run_state_path(const struct run *run)
{
    return run->state_path;
}

int64_t run_slot(const struct run *run)
{
    return run->settings.slot;
}

bool run_loaded(const struct run *run)
{
    return run->broadcast.loaded;
}

const char *run_why(const struct run *run)
{
    return run->refusal;
}

int run_exit_code(const struct run *run)
{
    return run->exit_code;
}

int run_exit_for(int result)
{
    return result == WIRE_REFUSED ? EXIT_CONFIG : EXIT_BROKEN;
}
