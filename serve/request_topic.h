/* Request topic: answers requests of the topic `requests` with messages for `responses`, as
 * responder.h answers those by HTTP: with a list finder. Worker's thread.
 */
#ifndef FRESHET_SERVE_REQUEST_TOPIC_H
#define FRESHET_SERVE_REQUEST_TOPIC_H

#include "serve/list_finder.h"
#include "stream/worker.h"

struct request_topic;

/* Makes it; owns the finder. `output`: the worker's output for responses. Free with
 * request_topic_free(). */
struct request_topic *request_topic_new(struct run *run, struct list_finder *finder, int output);
/* Takes NULL; returns NULL. */
struct request_topic *request_topic_free(struct request_topic *requests);
/* Answers a record, from data that are so old. A request that can be read always gets a response;
 * others become dead letters. */
enum verdict request_topic_take(struct request_topic *requests, struct task *task,
                                const struct record *rec, int64_t age_ms);

#endif
