#include "base/base.h"
#include "base/xalloc.h"
#include "embed/text/sentence_files.h"
#include "schemas/recommendation_list.h"
#include "scorer/lists/list_settings.h"

char *list_settings_fault(const struct list_settings *settings)
{
    const char *path = settings->query_model_path;
    if (strlen(settings->model_name) > MODEL_NAME_BYTES_MAX) {
        return xprintf("model.name has at most %d bytes", MODEL_NAME_BYTES_MAX);
    }
    _cleanup_(xfreep) char *fault = path[0] ? sentence_files_check(path) : NULL;
    return fault ? xprintf("%s; hint: query.model.path, deploy/encoder; empty: searches and "
                           "queries are answered by words alone", fault)
                 : NULL;
}

struct item_table_settings list_table_settings(const struct list_settings *settings)
{
    return (struct item_table_settings){
        .backward_weight = settings->backward_weight,
        .shrink = settings->shrink,
        .source_power = settings->source_power,
        .target_power = settings->target_power,
        .kernel_power = settings->kernel_power,
        .neighbours_used = (size_t)settings->neighbours_used,
        .measure = (enum similarity_measure)settings->similarity_measure,
    };
}

struct ranking_settings list_ranking_settings(const struct list_settings *settings)
{
    return (struct ranking_settings){
        .recent_items = (size_t)settings->recent_items,
        .recency_decay = settings->recency_decay,
        .recency_power = settings->recency_power,
        .directed_weight = settings->directed_weight,
        .symmetric_weight = settings->symmetric_weight,
        .popularity_weight = settings->popularity_weight,
        .dislike_weight = settings->dislike_weight,
        .cross_weight = settings->cross_weight,
        .weights_power = settings->recent_weights_power,
    };
}
