/* Query model: the encoder of queries, as the settings name it, and whether the catalogue has
 * vectors that it can be compared with.
 */
#ifndef FRESHET_SERVE_QUERY_MODEL_H
#define FRESHET_SERVE_QUERY_MODEL_H

#include "embed/text/query_vectors.h"
#include "serve/live_tables.h"
#include "stream/worker.h"

/* Opens the model of query.model.path; *ret_vectors is NULL when that is empty. 0, or -EINVAL with
 * the start refused. */
int query_model_open(struct run *run, struct query_vectors **ret_vectors);

struct query_model_watch {
    struct metric *texts, *ours; /* NULL: there is no model */
    bool told;                   /* that no vector of the catalogue is of the model */
};

/* Registers the metrics. */
void query_model_watch_init(struct query_model_watch *watch, struct metrics *metrics);
/* Counts vectors, and tells once when all are of another model. */
void query_model_watch(struct query_model_watch *watch, struct run *run, struct live_tables *live,
                       const struct query_vectors *vectors);

#endif
