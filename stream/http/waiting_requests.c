/* The mutex is held while a connection is let rest or go on, so that one cannot go on before it
 * rests. There are as many requests as connections at most, and few wait: a scan finds one.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "stream/http/waiting_requests.h"

#include <pthread.h>

enum { WAITING_FIRST = 64 };

struct waiting_request {
    uint64_t ticket;
    void *connection;
    bool waits, woken;
};

struct waiting_requests {
    pthread_mutex_t lock;
    struct waiting_request *at;
    size_t count, capacity;
    uint64_t tickets;
    bool closed;
    void (*suspend)(void *connection);
    void (*resume)(void *connection);
};

struct waiting_requests *waiting_requests_new(void (*suspend)(void *connection),
                                              void (*resume)(void *connection))
{
    struct waiting_requests *waiting = xcalloc(1, sizeof(*waiting));
    pthread_mutex_init(&waiting->lock, NULL);
    waiting->suspend = suspend;
    waiting->resume = resume;
    return waiting;
}

struct waiting_requests *waiting_requests_free(struct waiting_requests *waiting)
{
    if (!waiting) { return NULL; }
    pthread_mutex_destroy(&waiting->lock);
    free(waiting->at);
    free(waiting);
    return NULL;
}

static struct waiting_request *find(struct waiting_requests *waiting, uint64_t ticket)
{
    for (size_t i = 0; i < waiting->count; i++) {
        if (waiting->at[i].ticket == ticket) { return &waiting->at[i]; }
    }
    return NULL;
}

uint64_t waiting_requests_begin(struct waiting_requests *waiting, void *connection)
{
    pthread_mutex_lock(&waiting->lock);
    uint64_t ticket = ++waiting->tickets;
    ARRAY_RESERVE(waiting->at, waiting->capacity, waiting->count + 1, WAITING_FIRST);
    waiting->at[waiting->count++] =
        (struct waiting_request){.ticket = ticket, .connection = connection};
    pthread_mutex_unlock(&waiting->lock);
    return ticket;
}

enum request_wait waiting_requests_wait(struct waiting_requests *waiting, uint64_t ticket)
{
    enum request_wait result = REQUEST_WAITS;
    pthread_mutex_lock(&waiting->lock);
    struct waiting_request *request = find(waiting, ticket);
    assert(request && !request->waits);
    if (waiting->closed) {
        result = REQUEST_ENDING;
    } else if (request->woken) {
        result = REQUEST_WOKEN;
    } else {
        request->waits = true;
        waiting->suspend(request->connection);
    }
    request->woken = false;
    pthread_mutex_unlock(&waiting->lock);
    return result;
}

void waiting_requests_end(struct waiting_requests *waiting, uint64_t ticket)
{
    pthread_mutex_lock(&waiting->lock);
    struct waiting_request *request = find(waiting, ticket);
    assert(request && !request->waits);
    *request = waiting->at[--waiting->count];
    pthread_mutex_unlock(&waiting->lock);
}

static void wake(struct waiting_requests *waiting, struct waiting_request *request)
{
    request->woken = !request->waits;
    if (!request->waits) { return; }
    request->waits = false;
    waiting->resume(request->connection);
}

void waiting_requests_wake(struct waiting_requests *waiting, uint64_t ticket)
{
    pthread_mutex_lock(&waiting->lock);
    struct waiting_request *request = find(waiting, ticket);
    if (request) { wake(waiting, request); }
    pthread_mutex_unlock(&waiting->lock);
}

void waiting_requests_close(struct waiting_requests *waiting)
{
    pthread_mutex_lock(&waiting->lock);
    waiting->closed = true;
    for (size_t i = 0; i < waiting->count; i++) { wake(waiting, &waiting->at[i]); }
    pthread_mutex_unlock(&waiting->lock);
}
