/* Counters, gauges and histograms, written by one thread, read by the HTTP thread.
 *
 * A metric is registered once at start and then updated through its pointer without locks (relaxed
 * atomics). The registry prints them in the Prometheus text format 0.0.4. Names carry units, as
 * Prometheus asks: freshet_commit_seconds, freshet_records_total.
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

/* Appends `name="value"` to labels under construction, escaped as the text format asks, with a
 * comma before it if something stands there already and a NUL after it (not counted in the
 * size). */
void metrics_label(struct buf *labels, const char *name, struct slice value);

/* Finds or registers a counter. labels: `topic="events",partition="3"` or "". Names, help and
 * labels are copied. The same name and labels give the same metric. Any thread. */
struct metric *metrics_counter(struct metrics *metrics, const char *name, const char *labels,
                               const char *help);
/* Finds or registers a gauge. */
struct metric *metrics_gauge(struct metrics *metrics, const char *name, const char *labels,
                             const char *help);
/* Finds or registers a histogram with buckets at 1, 2, 5 x 10^k of `smallest` over `decades`
 * decades. */
struct metric *metrics_histogram(struct metrics *metrics, const char *name, const char *labels,
                                 const char *help, double smallest, int decades);
/* Prints the metric, and all others of its name, under their former name too; the former name's
 * HELP says "deprecated: use NAME". Costs nothing but when printed. */
void metrics_formerly(struct metrics *metrics, struct metric *metric, const char *former);
/* Removes one metric's line (a partition that went away); the pointer is dead afterwards. */
void metrics_drop(struct metrics *metrics, struct metric *metric);

/* Adds to a counter (or gauge). */
void metric_add(struct metric *metric, double value);
/* Sets a gauge. */
void metric_set(struct metric *metric, double value);
/* Records one observation in a histogram. */
void metric_observe(struct metric *metric, double value);
/* Reads a counter or gauge; of a histogram the count. */
double metric_value(const struct metric *metric);
/* Estimates a quantile of a histogram (linear inside the bucket); NAN while empty. */
double metric_quantile(const struct metric *metric, double q);

/* Prints the registry. Any thread. */
void metrics_print(struct metrics *metrics, struct buf *out);

/* ---- The HTTP port: GET /metrics, GET /health (200 while `healthy` is set, else 503), GET /status
 * (JSON from the callback). libmicrohttpd's own thread. ---- */

struct metrics_server;

/* Listens on address:port (port 0: any free one, see metrics_server_port()). The callback fills out
 * with the JSON of /status, called from the server's thread; NULL: an empty object. 0 or -errno;
 * free with metrics_server_free(). Starts unhealthy. */
int metrics_server_start(struct metrics *metrics, const char *address, int port,
                         void (*status)(void *arg, struct buf *out), void *status_arg,
                         struct metrics_server **ret_server);
struct metrics_server *metrics_server_free(struct metrics_server *server);
/* Tells the port that is listened on. */
int metrics_server_port(const struct metrics_server *server);
/* Turns /health to 200 or 503 (starting, restoring). */
void metrics_server_health(struct metrics_server *server, bool healthy);

#endif
