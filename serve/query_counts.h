/* Query counts: how many queries were answered, by how their items were found. One thread. */
#ifndef FRESHET_SERVE_QUERY_COUNTS_H
#define FRESHET_SERVE_QUERY_COUNTS_H

#include "serve/found_list.h"
#include "stream/metrics.h"

struct query_counts {
    struct metric *by_words, *by_vectors;
};

/* Registers the metrics of requests that come this way: http or topic. */
void query_counts_init(struct query_counts *counts, struct metrics *metrics, const char *way);
/* Counts an answer, if it is one to a query. */
void query_counts_add(const struct query_counts *counts, const struct found_list *found);

#endif
