/* Listening: the HTTP server of a copy, and the check of what its settings need. */
#ifndef FRESHET_SERVE_LISTENING_H
#define FRESHET_SERVE_LISTENING_H

#include "serve/responder.h"
#include "stream/http/http_server.h"
#include "stream/run_settings.h"
#include "stream/worker.h"

/* Begins to answer requests, some of which wait for vectors of queries (NULL: none do): 0, or a
 * negative errno with the start refused. */
int serve_listen(struct run *run, struct responder *responder, struct query_vectors *queries,
                 struct http_server **ret_server);
/* Gives the server the limits that the settings have now. */
void serve_use_limits(struct run *run, struct http_server *server);
/* The worker's callbacks: files can be read; and the address can be listened on, with a port that
 * is not that of the metrics. */
char *serve_check(const void *settings, struct buf *notes);
char *serve_check_start(const void *settings, const struct run_settings *runtime);

#endif
