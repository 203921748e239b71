#include "base/base.h"
#include "base/xalloc.h"
#include "evaluate/models/sequences.h"

/* A merge sort, because qsort() is not stable. */
static void merge(struct user_action *to, const struct user_action *from, size_t low, size_t middle,
                  size_t high)
{
    size_t a = low, b = middle;
    for (size_t at = low; at < high; at++) {
        bool left = a < middle && (b >= high || from[a].ts_ms <= from[b].ts_ms);
        to[at] = left ? from[a++] : from[b++];
    }
}

void sequences_sort(struct user_action *actions, size_t count)
{
    struct user_action *from = actions;
    struct user_action *to = xmalloc((count + 1) * sizeof(*to));
    struct user_action *spare = to;
    for (size_t width = 1; width < count; width *= 2) {
        for (size_t low = 0; low < count; low += 2 * width) {
            merge(to, from, low, MIN_OF(low + width, count), MIN_OF(low + 2 * width, count));
        }
        struct user_action *swapped = from;
        from = to;
        to = swapped;
    }
    if (from != actions) { memcpy(actions, from, count * sizeof(*actions)); }
    free(spare);
}

void sequences_build(struct sequences *sequences, const struct user_action *actions, size_t count,
                     int32_t users, int32_t items)
{
    *sequences = (struct sequences){
        .users = users,
        .items = items,
        .starts = xcalloc((size_t)users + 2, sizeof(*sequences->starts)),
        .flat = xmalloc((count + 1) * sizeof(*sequences->flat)),
    };
    size_t *ends = sequences->starts + 1; /* shifted by one while they are filled */
    for (size_t i = 0; i < count; i++) {
        assert(actions[i].user >= 0 && actions[i].user < users);
        assert(actions[i].item >= 0 && actions[i].item < items);
        ends[actions[i].user + 1]++;
    }
    for (int32_t user = 0; user < users; user++) { ends[user + 1] += ends[user]; }
    for (size_t i = 0; i < count; i++) { sequences->flat[ends[actions[i].user]++] = actions[i]; }
}

void sequences_release(struct sequences *sequences)
{
    free(sequences->starts);
    free(sequences->flat);
}
