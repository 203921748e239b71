#include "base/base.h"
#include "base/xalloc.h"
#include "embed/text/sentence_files.h"
#include "serve/query_model.h"
#include "serve/serve_settings.h"

char *query_model_check(const char *path)
{
    _cleanup_(xfreep) char *fault = path[0] ? sentence_files_check(path) : NULL;
    return fault ? xprintf("%s; hint: query.model.path, deploy/encoder; empty: queries are "
                           "answered by words alone", fault)
                 : NULL;
}

int query_model_open(struct run *run, struct query_vectors **ret_vectors)
{
    const struct serve_settings *settings = run_settings(run);
    char why[512];
    *ret_vectors = NULL;
    if (!settings->query_model_path[0]) { return 0; }
    _cleanup_(xfreep) char *fault = query_model_check(settings->query_model_path);
    if (fault) {
        run_refuse(run, "%s", fault);
        return -EINVAL;
    }
    if (query_vectors_open(settings->query_model_path, (size_t)settings->query_pieces_max,
                           (size_t)settings->query_cache, ret_vectors, why, sizeof(why)) < 0) {
        run_refuse(run, "%s; hint: query.model.path, deploy/encoder", why);
        return -EINVAL;
    }
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
