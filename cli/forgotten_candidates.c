/* A record is deleted in the partition in which it stands: a producer may use any. */
#include "base/base.h"
#include "base/arena.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "cli/forgotten_candidates.h"
#include "cli/scan.h"
#include "schemas/candidate_list.h"

enum { KEYS_ARENA_BLOCK = 1 << 12 };

struct found {
    int32_t partition;
    struct slice key;
    bool there; /* the newest record is no tombstone */
};

struct forgotten_candidates {
    char *topic;
    struct slice user;
    struct arena *arena;
    struct found *at;
    size_t count, capacity;
};

static bool take(void *arg, const struct record *rec)
{
    struct forgotten_candidates *found = arg;
    struct slice source, user;
    size_t k = 0;
    if (!rec->key.data || !candidate_list_key(rec->key, &source, &user) ||
        !slice_equal(user, found->user)) {
        return true;
    }
    while (k < found->count && (found->at[k].partition != rec->partition ||
                                !slice_equal(found->at[k].key, rec->key))) {
        k++;
    }
    if (k == found->count) {
        ARRAY_RESERVE(found->at, found->capacity, found->count + 1, 8);
        found->at[found->count++] = (struct found){.partition = rec->partition,
                                                   .key = arena_copy(found->arena, rec->key)};
    }
    found->at[k].there = rec->value.data != NULL;
    return true;
}

struct forgotten_candidates *forgotten_candidates_find(const struct client *client,
                                                       struct wire *wire, const char *user)
{
    struct forgotten_candidates *found = xcalloc(1, sizeof(*found));
    int32_t partitions;
    found->topic = client_topic(client, "candidates");
    found->user = slice_str(user);
    found->arena = arena_new(KEYS_ARENA_BLOCK);
    bool read = client_partitions(wire, found->topic, &partitions) == 0 &&
                scan_topic(wire, found->topic, -1, /* follow= */ false, take, found) == 0;
    if (read) { return found; }
    _cleanup_(xfreep) char *why = xstrdup(wire_why(wire));
    if (client_topic_missing(wire, found->topic)) { return found; }
    (void)client_fail("candidates in %s could not be deleted: %s; nothing was erased",
                      found->topic, why);
    return forgotten_candidates_free(found);
}

struct forgotten_candidates *forgotten_candidates_free(struct forgotten_candidates *found)
{
    if (!found) { return NULL; }
    arena_free(found->arena);
    free(found->topic);
    free(found->at);
    free(found);
    return NULL;
}

size_t forgotten_candidates_count(const struct forgotten_candidates *found)
{
    size_t count = 0;
    for (size_t k = 0; k < found->count; k++) { count += found->at[k].there; }
    return count;
}

int forgotten_candidates_drop(const struct forgotten_candidates *found, struct wire *wire)
{
    for (size_t k = 0; k < found->count; k++) {
        const struct message message = {
            .topic = found->topic, .partition = found->at[k].partition, .key = found->at[k].key};
        int result = found->at[k].there ? wire_produce(wire, &message, 1) : 0;
        if (result < 0) { return result; }
    }
    return 0;
}
