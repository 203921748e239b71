/* Whoever opens many connections must not keep others out, so a new one is always taken and an old
 * one goes. To shut a socket down is all that happens here: the library then sees its end, calls
 * connection_list_end() before it closes the socket, and until then the connection is leaving and
 * does not count. All fields but `capacity` are guarded by the lock.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "stream/http/connection_list.h"

#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>

enum { LEAVING_MAX = 64 }; /* connections that were shut down and are not gone yet */

struct connection {
    const void *id;
    int fd;
    int64_t since_ms;
    struct in6_addr address; /* an IPv4 address stands in its first four bytes */
    bool leaving;            /* it was shut down */
};

struct connection_list {
    pthread_mutex_t lock;
    struct connection *at; /* in the order of their beginnings */
    size_t count, capacity;
    size_t most, each;
    int64_t life_ms;
};

struct connection_list *connection_list_new(size_t most)
{
    struct connection_list *list = xcalloc(1, sizeof(*list));
    pthread_mutex_init(&list->lock, NULL);
    list->most = list->each = most;
    list->capacity = most + LEAVING_MAX;
    list->at = xcalloc(list->capacity, sizeof(*list->at));
    return list;
}

struct connection_list *connection_list_free(struct connection_list *list)
{
    if (!list) { return NULL; }
    pthread_mutex_destroy(&list->lock);
    free(list->at);
    free(list);
    return NULL;
}

size_t connection_list_capacity(const struct connection_list *list)
{
    return list->capacity;
}

static struct in6_addr address_of(const struct sockaddr *from)
{
    struct in6_addr address = {0};
    if (from && from->sa_family == AF_INET6) {
        memcpy(&address, (const char *)from + offsetof(struct sockaddr_in6, sin6_addr),
               sizeof(address));
    } else if (from && from->sa_family == AF_INET) {
        memcpy(&address, (const char *)from + offsetof(struct sockaddr_in, sin_addr),
               sizeof(struct in_addr));
    }
    return address;
}

static void shut(struct connection *at)
{
    at->leaving = true;
    (void)shutdown(at->fd, SHUT_RDWR);
}

/* Counts the connections of an address that stay. */
static size_t count_of(const struct connection_list *list, const struct in6_addr *address)
{
    size_t count = 0;
    for (size_t i = 0; i < list->count; i++) {
        const struct connection *at = &list->at[i];
        count += !at->leaving && memcmp(&at->address, address, sizeof(*address)) == 0;
    }
    return count;
}

/* Makes room: shuts down what is too old, then the oldest of the address that has most, until the
 * limits hold. */
static void keep_limits(struct connection_list *list, int64_t now_ms)
{
    const int64_t life_ms = list->life_ms;
    for (;;) {
        struct connection *victim = NULL;
        size_t stay = 0, most = 0;
        for (size_t i = 0; i < list->count; i++) {
            struct connection *at = &list->at[i];
            if (!at->leaving && life_ms && now_ms - at->since_ms > life_ms) { shut(at); }
            if (at->leaving) { continue; }
            size_t count = count_of(list, &at->address);
            if (count > most) {
                most = count;
                victim = at;
            }
            stay++;
        }
        if (stay <= list->most && most <= list->each) {
            return;
        }
        shut(victim);
    }
}

void connection_list_begin(struct connection_list *list, const void *id, int fd,
                           const struct sockaddr *from)
{
    int64_t now_ms = clock_monotonic_ms();
    pthread_mutex_lock(&list->lock);
    assert(list->count < list->capacity); /* the library's own limit is the capacity */
    list->at[list->count++] = (struct connection){
        .id = id, .fd = fd, .since_ms = now_ms, .address = address_of(from)};
    keep_limits(list, now_ms);
    pthread_mutex_unlock(&list->lock);
}

void connection_list_end(struct connection_list *list, const void *id)
{
    size_t i = 0;
    pthread_mutex_lock(&list->lock);
    while (i < list->count && list->at[i].id != id) { i++; }
    if (i < list->count) {
        list->count--;
        memmove(&list->at[i], &list->at[i + 1], (list->count - i) * sizeof(*list->at));
    }
    pthread_mutex_unlock(&list->lock);
}

void connection_list_limit(struct connection_list *list, size_t most, size_t each, int64_t life_ms)
{
    pthread_mutex_lock(&list->lock);
    assert(most && each && most + LEAVING_MAX <= list->capacity);
    list->most = most;
    list->each = each;
    list->life_ms = life_ms;
    keep_limits(list, clock_monotonic_ms());
    pthread_mutex_unlock(&list->lock);
}

void connection_list_check(struct connection_list *list)
{
    pthread_mutex_lock(&list->lock);
    keep_limits(list, clock_monotonic_ms());
    pthread_mutex_unlock(&list->lock);
}
