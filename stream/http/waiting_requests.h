/* Waiting requests: those whose answer is not known yet. Each has a ticket; whoever makes what the
 * answer needs wakes the request by that, and it is answered again.
 *
 * A request may be woken before it waits: then it does not. Any thread may wake; the server's
 * thread calls the rest.
 */
#ifndef FRESHET_STREAM_HTTP_WAITING_REQUESTS_H
#define FRESHET_STREAM_HTTP_WAITING_REQUESTS_H

#include "base/base.h"

struct waiting_requests;

enum request_wait {
    REQUEST_WAITS,  /* its connection is at rest */
    REQUEST_WOKEN,  /* it has been woken: answer it again */
    REQUEST_ENDING, /* the server ends: nothing waits any more */
};

/* Makes it; `suspend` and `resume` let a connection rest and go on. Free with
 * waiting_requests_free(). */
struct waiting_requests *waiting_requests_new(void (*suspend)(void *connection),
                                              void (*resume)(void *connection));
/* Takes NULL; returns NULL. */
struct waiting_requests *waiting_requests_free(struct waiting_requests *waiting);
/* Begins a request; returns its ticket, above 0. */
uint64_t waiting_requests_begin(struct waiting_requests *waiting, void *connection);
/* Lets it wait, unless it has been woken since it began or waited last. */
enum request_wait waiting_requests_wait(struct waiting_requests *waiting, uint64_t ticket);
/* Ends a request; it does not wait. */
void waiting_requests_end(struct waiting_requests *waiting, uint64_t ticket);
/* Wakes a request; one that has ended is ignored. */
void waiting_requests_wake(struct waiting_requests *waiting, uint64_t ticket);
/* Wakes all, for the end of the server. */
void waiting_requests_close(struct waiting_requests *waiting);

#endif
