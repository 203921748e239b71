#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/scorer_internal.h"

char *scorer_searches_fault(const struct list_settings *settings)
{
    if (settings->query_model_path[0] && !settings->content_used) {
        return xstrdup("query.model.path needs the vectors of items; hint: not with "
                       "content.used=false");
    }
    return list_settings_fault(settings);
}

int scorer_searches_open(struct run *run, struct scorer *scorer)
{
    const struct scorer_settings *settings = run_settings(run);
    char why[512];
    if (search_vectors_open(&settings->lists, &scorer->queries, why, sizeof(why)) < 0) {
        run_refuse(run, "%s; hint: query.model.path, deploy/encoder", why);
        return -EINVAL;
    }
    if (!scorer->queries) { return 0; }
    scorer->search_vectors =
        search_vectors_new(scorer->queries, scorer->content_scores, scorer->tables.ids);
    search_vectors_serve(scorer->search_vectors, scorer->lists);
    run_log(run, LOG_INFO, "encoder of searches ready", "version=%s",
            query_vectors_version(scorer->queries));
    return 0;
}

void scorer_searches_close(struct scorer *scorer)
{
    search_vectors_free(scorer->search_vectors);
    query_vectors_free(scorer->queries);
}

void scorer_learn(struct task *task, const struct recommendation_list *old,
                  const struct user_history *hist)
{
    struct scorer *scorer = run_state(task_run(task));
    struct partition_state *state = task_state(task);
    struct mixture *mixture = &state->mixture;
    const struct tables *tables = &scorer->tables;
    bool learned = mixture_trainer_learn(&scorer->trainer, mixture, tables, old, hist);
    metric_add(scorer->examples, learned);
    learned |= search_trials_learn(&scorer->search_trials, mixture, tables->ids, old, hist);
    state->mixture_changed |= learned;
}
