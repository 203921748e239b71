#include "base/base.h"
#include "scorer/scorer_internal.h"

/* Of tables of users. */
static void start_user_metrics(struct scorer *scorer, struct metrics *metrics)
{
    if (scorer->clusters) {
        scorer->clusters_count = metrics_gauge(metrics, "freshet_clusters_served", "",
                                               "Clusters of users by which lists are filled up "
                                               "(clusters.used).");
        scorer->sampled_users_count =
            metrics_gauge(metrics, "freshet_sampled_users", "",
                          "Users among whom those are looked for who act alike (users.used).");
    }
    if (scorer->profiles) {
        scorer->profiles_count = metrics_gauge(metrics, "freshet_profiles", "",
                                               "Profiles of users in memory (profiles.used).");
        scorer->profiles_bytes =
            metrics_gauge(metrics, "freshet_profiles_bytes", "",
                          "Memory that they take (profiles.memory.max).");
    }
}

void scorer_metrics_start(struct scorer *scorer, struct metrics *metrics)
{
    scorer->published =
        metrics_counter(metrics, "freshet_lists_published_total", "",
                        "Lists sent because their users acted.");
    scorer->freshness =
        metrics_histogram(metrics, "freshet_list_freshness_seconds", "",
                          "From the source record of the newest action to its list.", 1e-4, 7);
    scorer->evaluated = metrics_counter(metrics, "freshet_lists_evaluated_total", "",
                                        "Lists that were followed by an action of their user.");
    metrics_formerly(metrics, scorer->evaluated, "freshet_lists_judged_total");
    scorer->repeats = metrics_counter(metrics, "freshet_list_repeats_total", "",
                                      "Of these, the next action was on an item had before.");
    scorer->hits = metrics_counter(metrics, "freshet_list_hits_at_10_total", "",
                                   "Evaluated lists with the action's item among the first ten.");
    scorer->stale = metrics_counter(metrics, "freshet_histories_stale_total", "",
                                    "Histories ignored because a newer one had come.");
    scorer->known = metrics_gauge(metrics, "freshet_items_known", "", "Items in memory.");
    scorer->over_max = metrics_gauge(metrics, "freshet_items_over_max", "",
                                     "How often an item was left out because of items.max.");
    scorer->switches = metrics_gauge(metrics, "freshet_vector_switches", "",
                                     "Model versions that began to serve.");
    scorer->rows = metrics_gauge(metrics, "freshet_vector_rows", "",
                                 "Item vectors of the model version that serves.");
    scorer->indexed = metrics_gauge(metrics, "freshet_vector_index_rows", "",
                                    "Of these, the vectors in the index; 0: all are scanned.");
    scorer->examples = metrics_counter(metrics, "freshet_blend_training_examples_total", "",
                                       "Next actions from which the blend learned.");
    metrics_formerly(metrics, scorer->examples, "freshet_blend_lessons_total");
    scorer->blended = metrics_counter(metrics, "freshet_lists_blended_total", "",
                                      "Lists that counting did not make.");
    scorer->checked = metrics_counter(metrics, "freshet_lists_checked_total", "",
                                      "Standing lists made again to see whether they differ.");
    scorer->foreign =
        metrics_counter(metrics, "freshet_foreign_lists_deleted_total", "",
                        "Lists of users whom only another generation knew, deleted.");
    start_user_metrics(scorer, metrics);
    scorer->looked =
        metrics_counter(metrics, "freshet_list_items_looked_total", "",
                        "Items looked at to know the most popular ones and to fill up lists.");
    static const char *const causes[LIST_CAUSES] = {
        [CAUSE_BARRED] = "barred", [CAUSE_PROVISIONAL] = "provisional", [CAUSE_ROWS] = "rows",
        [CAUSE_CATALOGUE] = "catalogue", [CAUSE_MODEL] = "model",
        [CAUSE_RULES] = "rules",           [CAUSE_AGE] = "age",
    };
    for (int cause = 0; cause < LIST_CAUSES; cause++) {
        char labels[64];
        if (!causes[cause]) { continue; }
        (void)snprintf(labels, sizeof(labels), "cause=\"%s\"", causes[cause]);
        scorer->remade[cause] = metrics_counter(metrics, "freshet_lists_remade_total", labels,
                                                "Standing lists that were sent anew, by cause.");
    }
}

void scorer_metrics_tell(struct scorer *scorer)
{
    double looked = (double)lists_looked(scorer->lists);
    metric_add(scorer->looked, looked - metric_value(scorer->looked));
}
