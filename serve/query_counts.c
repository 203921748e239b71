#include "base/base.h"
#include "serve/asked_query.h"
#include "serve/query_counts.h"

static struct metric *counter(struct metrics *metrics, const char *way, const char *found_by)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "way=\"%s\",found_by=\"%s\"", way, found_by);
    return metrics_counter(metrics, "freshet_serve_queries_total", labels,
                           "Queries answered, by how their items were found.");
}

void query_counts_init(struct query_counts *counts, struct metrics *metrics, const char *way)
{
    counts->by_words = counter(metrics, way, FOUND_BY_WORDS);
    counts->by_vectors = counter(metrics, way, FOUND_BY_VECTORS);
}

void query_counts_add(const struct query_counts *counts, const struct found_list *found)
{
    if (!found->found_by || found->error) { return; }
    bool words = strcmp(found->found_by, FOUND_BY_WORDS) == 0;
    metric_add(words ? counts->by_words : counts->by_vectors, 1);
}
