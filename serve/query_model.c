#include "base/base.h"
#include "scorer/lists/search_vectors.h"
#include "serve/query_model.h"
#include "serve/serve_settings.h"

int query_model_open(struct run *run, struct query_vectors **ret_vectors)
{
    const struct serve_settings *settings = run_settings(run);
    char why[512];
    if (search_vectors_open(&settings->lists, ret_vectors, why, sizeof(why)) < 0) {
        run_refuse(run, "%s; hint: query.model.path, deploy/encoder", why);
        return -EINVAL;
    }
    if (!*ret_vectors) { return 0; }
    run_log(run, LOG_INFO, "encoder of queries ready", "version=%s",
            query_vectors_version(*ret_vectors));
    return 0;
}

void query_model_watch_init(struct query_model_watch *watch, struct metrics *metrics)
{
    watch->texts = metrics_gauge(metrics, "freshet_serve_text_vectors", "model=\"any\"",
                                 "Items with a vector of their text, by the model that made it.");
    watch->ours = metrics_gauge(metrics, "freshet_serve_text_vectors", "model=\"query\"",
                                "Items with a vector of their text, by the model that made it.");
}

void query_model_watch(struct query_model_watch *watch, struct run *run, struct live_tables *live,
                       const struct query_vectors *vectors)
{
    size_t texts, ours;
    if (!watch->texts) { return; }
    live_tables_count_texts(live, &texts, &ours);
    metric_set(watch->texts, (double)texts);
    metric_set(watch->ours, (double)ours);
    bool other = texts && !ours && run_loaded(run);
    if (other && !watch->told) {
        run_log(run, LOG_WARN, "queries are answered by words alone: no row of content-vectors is "
                "of their model",
                "version=%s hint=\"query.model.path and query.pieces.max as freshet-embed has "
                "model.path and pieces.max\"",
                query_vectors_version(vectors));
    }
    watch->told = other;
}
