#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/leave_one_out.h"

/* Returns the length of the longest sequence, for scratch memory. */
static size_t longest(const struct sequences *sequences)
{
    size_t most = 1;
    for (int32_t user = 0; user < sequences->users; user++) {
        size_t count;
        (void)sequences_of(sequences, user, &count);
        most = MAX_OF(most, count);
    }
    return most;
}

void leave_one_out_learn(const struct recommender *recommender, void *model,
                         const struct sequences *sequences, struct leave_users users, size_t held)
{
    assert(users.stride > 0);
    int32_t *items = xcalloc(longest(sequences), sizeof(*items));
    for (int32_t user = users.first; user < sequences->users; user += users.stride) {
        size_t count;
        const struct user_action *actions = sequences_of(sequences, user, &count);
        size_t used = count < LEAVE_ACTIONS_MIN ? count : count - held;
        for (size_t at = 0; at < used; at++) {
            recommender->learn(model, &(struct training_example){
                                          .user = user,
                                          .item = actions[at].item,
                                          .rating = actions[at].rating,
                                          .time_ms = actions[at].ts_ms,
                                          .before = items,
                                          .before_count = at,
                                      });
            items[at] = actions[at].item;
        }
    }
    free(items);
}

void leave_one_out_visit(const struct sequences *sequences, struct leave_users users,
                         size_t from_end, leave_visit visit, void *arg)
{
    assert(users.stride > 0 && from_end > 0);
    int32_t *items = xcalloc(longest(sequences), sizeof(*items));
    for (int32_t user = users.first; user < sequences->users; user += users.stride) {
        size_t count;
        const struct user_action *actions = sequences_of(sequences, user, &count);
        if (count < LEAVE_ACTIONS_MIN) { continue; }
        size_t known = count - from_end;
        for (size_t at = 0; at < known; at++) { items[at] = actions[at].item; }
        visit(arg,
              &(struct query){
                  .user = user,
                  .history = items,
                  .count = known,
                  .items = sequences->items,
              },
              actions[known].item);
    }
    free(items);
}

struct ranked_targets {
    const struct scoring *scoring;
    float *scores;
    struct ranking_metrics hits;
};

static void count_target(void *arg, const struct query *query, int32_t target)
{
    struct ranked_targets *targets = arg;
    targets->scoring->score(targets->scoring->self, query, targets->scores);
    for (size_t at = 0; at < query->count; at++) {
        targets->scores[query->history[at]] = -INFINITY;
    }
    ranking_metrics_count(&targets->hits,
                          ranking_metrics_rank(targets->scores, query->items, target));
}

struct ranking_metrics leave_one_out_evaluate(const struct scoring *scoring,
                                              const struct sequences *sequences,
                                              struct leave_users users, size_t from_end)
{
    struct ranked_targets targets = {
        .scoring = scoring,
        .scores = xcalloc((size_t)sequences->items + 1, sizeof(float)),
    };
    leave_one_out_visit(sequences, users, from_end, count_target, &targets);
    free(targets.scores);
    return ranking_metrics_mean(&targets.hits);
}
