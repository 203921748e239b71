#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/fold_in.h"
#include "model/user_sample.h"

enum { NONE = -1 };

struct sample_part {
    bool there;
    int32_t *clusters, *counts, *items;
    float *strengths; /* NULL: 1 each */
    size_t users, items_count;
    size_t bytes;
};

static void release_part(struct user_sample *sample, struct sample_part *part)
{
    sample->bytes -= part->bytes;
    sample->parts_count -= part->there;
    free(part->clusters);
    free(part->counts);
    free(part->items);
    free(part->strengths);
    *part = (struct sample_part){.there = false};
}

static void release_parts(struct user_sample *sample)
{
    for (size_t p = 0; p < sample->parts_capacity; p++) { release_part(sample, &sample->parts[p]); }
    free(sample->parts);
    sample->parts = NULL;
    sample->parts_capacity = 0;
}

void user_sample_release(struct user_sample *sample)
{
    release_parts(sample);
    free(sample->begins);
    free(sample->items);
    free(sample->marks);
    free(sample->strengths);
    free(sample->lengths);
    free(sample->vectors);
    free(sample->clusters);
    *sample = (struct user_sample){0};
}

static void *copy(const void *from, size_t count, size_t size)
{
    if (!from) { return NULL; }
    void *to = xcalloc(count + 1, size);
    if (count) { memcpy(to, from, count * size); }
    return to;
}

size_t sampled_users_bytes(const struct sampled_users *users, size_t d)
{
    return users->users * (d * sizeof(float) + 32) +
           users->items_count * (sizeof(int32_t) + sizeof(uint16_t) + sizeof(float));
}

void user_sample_put(struct user_sample *sample, int32_t part, const struct sampled_users *users)
{
    assert(part >= 0);
    ARRAY_RESERVE_ZEROS(sample->parts, sample->parts_capacity, (size_t)part + 1, 16);
    struct sample_part *to = &sample->parts[part];
    release_part(sample, to);
    *to = (struct sample_part){
        .there = true,
        .clusters = copy(users->clusters, users->users, sizeof(int32_t)),
        .counts = copy(users->counts, users->users, sizeof(int32_t)),
        .items = copy(users->items, users->items_count, sizeof(int32_t)),
        .strengths = copy(users->strengths, users->items_count, sizeof(float)),
        .users = users->users,
        .items_count = users->items_count,
        .bytes = sampled_users_bytes(users, FOLD_IN_NUMBERS_MAX),
    };
    sample->bytes += to->bytes;
    sample->parts_count++;
}

bool user_sample_has(const struct user_sample *sample, int32_t part)
{
    return part >= 0 && (size_t)part < sample->parts_capacity && sample->parts[part].there;
}

/* ---- Arranging ---- */

/* A user of a part. */
struct member {
    int32_t name, cluster;
    size_t part, from, count;
};

/* Lists the users in the order of the parts; returns how many there are. */
static size_t list_members(const struct user_sample *sample, const struct sample_space *space,
                           struct member *members)
{
    size_t count = 0;
    for (size_t p = 0; p < sample->parts_capacity; p++) {
        const struct sample_part *part = &sample->parts[p];
        size_t from = 0;
        for (size_t u = 0; u < part->users; u++) {
            size_t name = (size_t)part->clusters[u], items = (size_t)part->counts[u];
            int32_t cluster = name < space->names ? space->clusters[name] : NONE;
            if (cluster >= 0) {
                members[count++] = (struct member){(int32_t)name, cluster, p, from, items};
            }
            from += items;
        }
    }
    return count;
}

/* Orders the members by the names of their clusters. */
static void order_members(const struct sample_space *space, const struct member *members,
                          size_t count, size_t *order)
{
    size_t *next = xcalloc(space->names + 1, sizeof(*next));
    for (size_t m = 0; m < count; m++) { next[members[m].name + 1]++; }
    for (size_t name = 0; name < space->names; name++) { next[name + 1] += next[name]; }
    for (size_t m = 0; m < count; m++) { order[next[members[m].name]++] = m; }
    free(next);
}

/* Writes the items of a member that have a number, behind those of the users before; returns how
 * many there are. */
static size_t write_items(struct user_sample *sample, const struct sample_space *space,
                          const struct member *member, size_t at, float *values)
{
    const struct sample_part *part = &sample->parts[member->part];
    size_t count = 0;
    double square = 0.0;
    for (size_t k = member->from; k < member->from + member->count; k++) {
        size_t place = (size_t)part->items[k];
        int32_t number = place < space->places ? space->numbers[place] : NONE;
        float strength = part->strengths ? part->strengths[k] : 1.0F;
        if (number < 0) { continue; }
        sample->items[at + count] = number;
        sample->marks[at + count] = sample_mark(number);
        sample->strengths[at + count] = strength;
        values[count++] = fold_in_value((double)strength);
        square += (double)strength * (double)strength;
    }
    sample->lengths[sample->users] = (float)sqrt(square);
    return count;
}

static void write_vector(struct user_sample *sample, size_t d, const float *vector)
{
    size_t block = sample->users / SAMPLE_BLOCK, lane = sample->users % SAMPLE_BLOCK;
    float *to = sample->vectors + block * d * SAMPLE_BLOCK + lane;
    for (size_t i = 0; i < d; i++) { to[i * SAMPLE_BLOCK] = vector[i]; }
}

static void reserve(struct user_sample *sample, const struct sample_space *space, size_t users,
                    size_t items)
{
    size_t blocks = (users + SAMPLE_BLOCK - 1) / SAMPLE_BLOCK;
    sample->begins = xcalloc(users + 1, sizeof(*sample->begins));
    sample->items = xcalloc(items + 1, sizeof(*sample->items));
    sample->marks = xcalloc(items + 1, sizeof(*sample->marks));
    sample->strengths = xcalloc(items + 1, sizeof(*sample->strengths));
    sample->lengths = xcalloc(users + 1, sizeof(*sample->lengths));
    sample->vectors = xcalloc(blocks * SAMPLE_BLOCK * space->d + 1, sizeof(*sample->vectors));
    sample->clusters = xcalloc(space->clusters_count + 1, sizeof(*sample->clusters));
}

/* Folds a member in, and adds it. */
static void add_member(struct user_sample *sample, const struct sample_space *space,
                       const struct member *member, float *values)
{
    float vector[FOLD_IN_NUMBERS_MAX];
    size_t at = sample->begins[sample->users];
    size_t count = write_items(sample, space, member, at, values);
    if (!fold_in(space->factors, space->items, space->d, sample->items + at, values, count,
                 vector)) {
        return;
    }
    write_vector(sample, space->d, vector);
    struct sample_range *range = &sample->clusters[member->cluster];
    if (!range->end) { range->from = sample->users; }
    sample->begins[++sample->users] = at + count;
    range->end = sample->users;
}

void user_sample_arrange(struct user_sample *sample, const struct sample_space *space)
{
    size_t users = 0, items = 0, most = 0;
    for (size_t p = 0; p < sample->parts_capacity; p++) {
        users += sample->parts[p].users;
        items += sample->parts[p].items_count;
        most = MAX_OF(most, sample->parts[p].items_count);
    }
    struct member *members = xcalloc(users + 1, sizeof(*members));
    size_t *order = xcalloc(users + 1, sizeof(*order)), bytes = sample->bytes;
    float *values = xcalloc(most + 1, sizeof(*values));
    reserve(sample, space, users, items);
    size_t count = list_members(sample, space, members);
    order_members(space, members, count, order);
    for (size_t k = 0; k < count; k++) {
        add_member(sample, space, &members[order[k]], values);
    }
    free(members);
    free(order);
    free(values);
    release_parts(sample);
    sample->bytes = bytes;
}
