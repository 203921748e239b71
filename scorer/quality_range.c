/* Quality range: the figures of the lists from one commit of a partition to the next. */
#include "base/base.h"
#include "scorer/scorer_internal.h"

void quality_range_begin(struct task *task)
{
    struct partition_state *state = task_state(task);
    const struct scorer_settings *settings = run_settings(task_run(task));
    bool begins = !state->range_begun ||
                  (state->range_again && !state->range_new && state->pending.count == 0);
    if (!settings->lists_evaluated || !begins) { return; }
    list_outcome_begin(&state->range, slice_str(settings->lists.model_name), task_partition(task),
                       task_input_offset(task));
    quality_counters_begin(&state->counters);
    state->range_begun = true;
    state->range_new = state->range_again = false;
}

/* A long history does not tell of all items that the user had; then the one that the list was made
 * of is asked. */
void quality_range_count(struct task *task, const struct recommendation_list *old,
                         const struct user_history *hist)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct user_history before;
    int rank = 0;
    enum list_outcome outcome = list_outcome_of(old, hist, state->range.model, &rank);
    if (outcome == OUTCOME_MISS &&
        (list_outcome_repeats(old, hist, NULL) ||
         ((hist->seen.size || hist->had_prefixes.size) &&
          scorer_read_history(task, hist->user_id, old, &before) &&
          before.input_offset == old->input_offset &&
          list_outcome_repeats(old, hist, &before)))) {
        outcome = OUTCOME_REPEAT;
    }
    list_outcome_count(&state->range, outcome, rank, hist);
    if (old) { trial_count(task, old, outcome, rank); }
    if (old) {
        size_t next = list_outcome_next_action(old, hist);
        bool known = next < hist->actions.count;
        quality_counters_outcome(&state->counters, old->made_by, old->actions, outcome, rank);
        quality_counters_kind(&state->counters, known ? hist->actions.at[next] : ACTION_OTHER,
                              outcome);
    }
    metric_add(scorer->evaluated, list_outcome_is_judged(outcome));
    metric_add(scorer->hits, outcome == OUTCOME_HIT);
    metric_add(scorer->repeats, outcome == OUTCOME_REPEAT);
}

void quality_range_send(struct task *task)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    quality_counters_write(&state->counters, ids_count(scorer->tables.ids), &state->range);
    char key[MODEL_NAME_BYTES_MAX + 64];
    state->range.to_offset = task_input_offset(task);
    (void)snprintf(key, sizeof(key), "%.*s/%d/%" PRId64, SLICE_ARGS(state->range.model),
                   state->range.partition, state->range.from_offset);
    buf_clear(&scorer->message);
    int rc = codec_encode(scorer->quality_codec, &state->range, &scorer->message);
    assert(rc == 0);
    task_emit(task, QUALITY, PARTITION_BY_KEY, slice_str(key), buf_slice(&scorer->message));
}
