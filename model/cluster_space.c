#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/cluster_space.h"
#include "model/fold_in.h"
#include "model/ids.h"
#include "model/k_means.h"

enum { ITEMS_MAX = 10000000, ITEM_BYTES = 64 }; /* ITEM_BYTES: of an id beside its text */

/* What is there of a version. */
struct held {
    struct cluster_version version; /* number 0: nothing */
    size_t dimensions;              /* 0: not known yet */
    struct ids *items;
    float *factors; /* by the items' numbers */
    size_t factors_capacity;
    struct ids *names; /* of clusters */
    float *centroids;  /* by the numbers of the names */
    size_t centroids_capacity;
    bool *parts; /* that have come */
    size_t parts_capacity, parts_count;
    size_t text_bytes;
};

struct cluster_space {
    size_t bytes_max;
    struct held served, coming;
    int32_t *places; /* of an item among the rows below, + 1, while a user is folded in */
    size_t places_capacity;
    int32_t *rows;
    double *sums;
    float *values;
    size_t rows_capacity, sums_capacity, values_capacity;
};

static void init(struct held *held)
{
    *held = (struct held){.items = ids_new(ITEMS_MAX), .names = ids_new(ITEMS_MAX)};
}

static void release(struct held *held)
{
    ids_free(held->items);
    ids_free(held->names);
    free(held->factors);
    free(held->centroids);
    free(held->parts);
}

static void clear(struct held *held)
{
    release(held);
    init(held);
}

struct cluster_space *cluster_space_new(size_t bytes_max)
{
    struct cluster_space *space = xcalloc(1, sizeof(*space));
    space->bytes_max = bytes_max;
    init(&space->served);
    init(&space->coming);
    return space;
}

struct cluster_space *cluster_space_free(struct cluster_space *space)
{
    if (!space) { return NULL; }
    release(&space->served);
    release(&space->coming);
    free(space->places);
    free(space->rows);
    free(space->sums);
    free(space->values);
    free(space);
    return NULL;
}

static size_t bytes_of(const struct held *held)
{
    return held->text_bytes + held->factors_capacity * sizeof(float) +
           held->centroids_capacity * sizeof(float) + held->parts_capacity;
}

static size_t bytes_in_use(const struct cluster_space *space)
{
    return bytes_of(&space->served) + bytes_of(&space->coming) +
           space->places_capacity * sizeof(*space->places);
}

/* ---- Records ---- */

/* Finds where a record of a version goes; NULL: nowhere, it is an older one. */
static struct held *find(struct cluster_space *space, struct cluster_version version)
{
    if (version.number == space->served.version.number) { return &space->served; }
    if (version.number < space->served.version.number) { return NULL; }
    if (version.number < space->coming.version.number) { return NULL; }
    if (version.number > space->coming.version.number) {
        clear(&space->coming);
        space->coming.version = version;
    }
    return &space->coming;
}

static bool is_complete(const struct held *held)
{
    return held->version.number && held->parts_count == (size_t)held->version.parts &&
           ids_count(held->names) == held->version.clusters;
}

/* Lets a version serve that is complete now. */
static void serve(struct cluster_space *space)
{
    if (!is_complete(&space->coming)) { return; }
    release(&space->served);
    space->served = space->coming;
    init(&space->coming);
    size_t items = (size_t)ids_count(space->served.items);
    ARRAY_RESERVE_ZEROS(space->places, space->places_capacity, items, 64);
}

/* Checks the length of a version's vectors, and whether there is room. */
static const char *check(struct cluster_space *space, struct held *held, size_t dimensions,
                         size_t numbers)
{
    if (held->dimensions && held->dimensions != dimensions) { return "columns_differ"; }
    if (dimensions > FOLD_IN_NUMBERS_MAX) { return "columns_differ"; }
    held->dimensions = dimensions;
    size_t more = numbers * sizeof(float);
    return bytes_in_use(space) + more > space->bytes_max ? "over_memory" : NULL;
}

static void put_item(struct held *held, struct slice item, const float *row)
{
    int32_t before = ids_count(held->items), number = ids_put(held->items, item);
    size_t d = held->dimensions;
    if (number == ID_NONE) { return; }
    if (number == before) { held->text_bytes += item.size + ITEM_BYTES; }
    ARRAY_RESERVE(held->factors, held->factors_capacity, ((size_t)number + 1) * d, 256);
    memcpy(held->factors + (size_t)number * d, row, d * sizeof(float));
}

const char *cluster_space_put_factors(struct cluster_space *space, struct cluster_version version,
                                      int32_t part, struct slices items, struct floats rows)
{
    struct held *held = find(space, version);
    if (!held) { return NULL; }
    assert(items.count && rows.count % items.count == 0);
    assert(part >= 0 && part < version.parts);
    const char *fault = check(space, held, rows.count / items.count, rows.count);
    if (fault) { return fault; }
    if (held == &space->served) { return NULL; } /* the same record again */
    for (size_t k = 0; k < items.count; k++) {
        put_item(held, items.at[k], rows.at + k * held->dimensions);
    }
    ARRAY_RESERVE_ZEROS(held->parts, held->parts_capacity, (size_t)part + 1, 16);
    held->parts_count += !held->parts[part];
    held->parts[part] = true;
    serve(space);
    return NULL;
}

const char *cluster_space_put_cluster(struct cluster_space *space, struct cluster_version version,
                                      struct slice name, struct floats centroid)
{
    struct held *held = find(space, version);
    if (!held) { return NULL; }
    const char *fault = check(space, held, centroid.count, centroid.count);
    if (fault) { return fault; }
    if (held == &space->served) { return NULL; }
    int32_t number = ids_put(held->names, name);
    size_t d = held->dimensions;
    ARRAY_RESERVE(held->centroids, held->centroids_capacity, ((size_t)number + 1) * d, 64);
    memcpy(held->centroids + (size_t)number * d, centroid.at, d * sizeof(float));
    serve(space);
    return NULL;
}

static void remove_factors(struct held *held, int32_t part)
{
    bool there = part >= 0 && (size_t)part < held->parts_capacity && held->parts[part];
    if (there) { clear(held); }
}

void cluster_space_remove_factors(struct cluster_space *space, int32_t part)
{
    remove_factors(&space->served, part);
    remove_factors(&space->coming, part);
}

void cluster_space_remove_cluster(struct cluster_space *space, struct slice name)
{
    if (ids_find(space->served.names, name) != ID_NONE) { clear(&space->served); }
    if (ids_find(space->coming.names, name) != ID_NONE) { clear(&space->coming); }
}

/* ---- The version that serves ---- */

int64_t cluster_space_version(const struct cluster_space *space)
{
    return space->served.version.number;
}

int64_t cluster_space_newest(const struct cluster_space *space)
{
    return MAX_OF(space->served.version.number, space->coming.version.number);
}

size_t cluster_space_clusters(const struct cluster_space *space)
{
    return (size_t)ids_count(space->served.names);
}

size_t cluster_space_dimensions(const struct cluster_space *space)
{
    return space->served.dimensions;
}

struct slice cluster_space_name(const struct cluster_space *space, size_t cluster)
{
    return ids_text(space->served.names, (int32_t)cluster);
}

/* Adds up what the actions on each item count; returns how many items there are. */
static size_t add_up(struct cluster_space *space, const struct slice *items,
                     const float *strengths, size_t count)
{
    size_t found = 0;
    for (size_t k = 0; k < count; k++) {
        if (!(strengths[k] > 0.0F)) { continue; }
        int32_t row = ids_find(space->served.items, items[k]);
        if (row == ID_NONE) { continue; }
        int32_t place = space->places[row];
        if (!place) {
            space->rows[found] = row;
            space->sums[found] = 0.0;
            space->places[row] = place = (int32_t)++found;
        }
        space->sums[place - 1] += (double)strengths[k];
    }
    for (size_t k = 0; k < found; k++) {
        space->places[space->rows[k]] = 0;
        space->values[k] = fold_in_value(space->sums[k]);
    }
    return found;
}

bool cluster_space_fold(struct cluster_space *space, const struct slice *items,
                        const float *strengths, size_t count, float *ret_vector)
{
    const struct held *served = &space->served;
    if (!served->version.number) { return false; }
    ARRAY_RESERVE(space->rows, space->rows_capacity, count, 64);
    ARRAY_RESERVE(space->sums, space->sums_capacity, count, 64);
    ARRAY_RESERVE(space->values, space->values_capacity, count, 64);
    size_t found = add_up(space, items, strengths, count);
    return fold_in(served->factors, (size_t)ids_count(served->items), served->dimensions,
                   space->rows, space->values, found, ret_vector);
}

bool cluster_space_fold_hashes(struct cluster_space *space, const uint64_t *hashes, size_t count,
                               float *ret_vector)
{
    const struct held *served = &space->served;
    size_t found = 0;
    if (!served->version.number) { return false; }
    ARRAY_RESERVE(space->rows, space->rows_capacity, count, 64);
    ARRAY_RESERVE(space->values, space->values_capacity, count, 64);
    for (size_t k = 0; k < count; k++) {
        int32_t row = ids_find_hash(served->items, hashes[k]);
        if (row == ID_NONE) { continue; }
        space->rows[found] = row;
        space->values[found++] = fold_in_value(1.0);
    }
    return fold_in(served->factors, (size_t)ids_count(served->items), served->dimensions,
                   space->rows, space->values, found, ret_vector);
}

void cluster_space_nearest(const struct cluster_space *space, const float *vector,
                           struct user_cluster *ret_cluster)
{
    const struct held *served = &space->served;
    float square;
    size_t at = k_means_nearest(served->centroids, (size_t)ids_count(served->names),
                                served->dimensions, vector, &square);
    *ret_cluster = (struct user_cluster){
        .at = at, .name = cluster_space_name(space, at), .distance = sqrtf(square)};
}
