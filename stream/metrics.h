/* Counters, gauges and histograms. One thread writes a metric; the HTTP thread reads it.
 *
 * A metric is registered once, at start, and then updated through its pointer without a lock
 * (relaxed atomics). The registry prints all metrics in the Prometheus text format 0.0.4. Names end
 * in their unit, as Prometheus asks: freshet_commit_seconds, freshet_records_total.
 */
#ifndef FRESHET_STREAM_METRICS_H
#define FRESHET_STREAM_METRICS_H

#include "base/base.h"
#include "base/buf.h"

struct metrics;
struct metric;

/* Makes an empty registry whose metrics all carry the label worker="..."; free with
 * metrics_free(). */
struct metrics *metrics_new(const char *worker);
/* Frees the registry and all its metrics; takes NULL; returns NULL. */
struct metrics *metrics_free(struct metrics *metrics);

/* Appends `name="value"` to a list of labels, escaped as the text format requires, after a comma
 * unless the list is empty. A NUL follows, which the size does not count. */
void metrics_label(struct buf *labels, const char *name, struct slice value);

/* Finds or registers a counter. labels: `topic="events",partition="3"` or "". Names, help and
 * labels are copied. The same name and labels give the same metric. Any thread. */
struct metric *metrics_counter(struct metrics *metrics, const char *name, const char *labels,
                               const char *help);
/* Finds or registers a gauge. */
struct metric *metrics_gauge(struct metrics *metrics, const char *name, const char *labels,
                             const char *help);
/* Finds or registers a histogram with buckets at `smallest` times 1, 2 and 5 x 10^k, over `decades`
 * decades. */
struct metric *metrics_histogram(struct metrics *metrics, const char *name, const char *labels,
                                 const char *help, double smallest, int decades);
/* Makes metrics_print() print the metric, and all others of its name, under a former name too,
 * whose HELP is "deprecated: use NAME". */
void metrics_formerly(struct metrics *metrics, struct metric *metric, const char *former);
/* Removes and frees one metric (of a partition that was revoked, for example). */
void metrics_drop(struct metrics *metrics, struct metric *metric);

/* Adds to a counter (or gauge). */
void metric_add(struct metric *metric, double value);
/* Sets a gauge. */
void metric_set(struct metric *metric, double value);
/* Records one observation in a histogram. */
void metric_observe(struct metric *metric, double value);
/* Returns the value of a counter or gauge; of a histogram, the number of observations. */
double metric_value(const struct metric *metric);
/* Estimates a quantile of a histogram (linear inside the bucket); NAN while empty. */
double metric_quantile(const struct metric *metric, double q);

/* Appends all metrics to out. Any thread. */
void metrics_print(struct metrics *metrics, struct buf *out);

/* ---- The HTTP server: GET /metrics, GET /health (200 while healthy, else 503) and GET /status
 * (JSON from the callback). It runs on a thread of libmicrohttpd. ---- */

struct metrics_server;

/* Starts the server on address:port (port 0: any free port, see metrics_server_port()). It begins
 * unhealthy. `status` appends the JSON of /status to out and runs on the server's thread; NULL: an
 * empty object. 0 or -errno; free with metrics_server_free(). */
int metrics_server_start(struct metrics *metrics, const char *address, int port,
                         void (*status)(void *arg, struct buf *out), void *status_arg,
                         struct metrics_server **ret_server);
/* Ends the thread and frees the server; takes NULL; returns NULL. */
struct metrics_server *metrics_server_free(struct metrics_server *server);
/* Returns the port on which the server listens. */
int metrics_server_port(const struct metrics_server *server);
/* Sets the answer of /health: 200 or 503 (while the worker starts or restores). Any thread. */
void metrics_server_health(struct metrics_server *server, bool healthy);

#endif
