/* Two versions are held alike, as they come: the items' factors and the centroids by numbers in the
 * order of their records, the sample in parts. What is complete moves to `served` as a whole. Only
 * then is the sample arranged, because it needs all factors to fold its users in; and numbers of
 * items begin anew, which `serial` tells those who keep some. A record that is taken back clears
 * the version that it belongs to.
 */
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
    int32_t *numbers; /* of items, by their places among the factors */
    size_t numbers_capacity, places;
    struct user_sample sample;
    size_t text_bytes;
};

struct cluster_space {
    size_t bytes_max;
    struct held served, coming;
    uint64_t serial;
    int32_t *places; /* of an item among the rows below, + 1, while a user is folded in */
    size_t places_capacity;
    int32_t *rows;
    double *sums;
    float *values;
    size_t rows_capacity, sums_capacity, values_capacity, folded;
};

_Static_assert((int)CLUSTER_NUMBERS_MAX <= (int)FOLD_IN_NUMBERS_MAX, "a vector can be folded in");

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
    free(held->numbers);
    user_sample_release(&held->sample);
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
           held->centroids_capacity * sizeof(float) + held->parts_capacity +
           held->numbers_capacity * sizeof(*held->numbers) + held->sample.bytes;
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
           held->sample.parts_count == (size_t)held->version.user_parts &&
           ids_count(held->names) == held->version.clusters;
}

/* Writes the numbers of clusters, by their names, which are numbers. */
static void name_clusters(const struct held *held, int32_t names[static CLUSTER_NAMES_MAX])
{
    for (size_t name = 0; name < CLUSTER_NAMES_MAX; name++) {
        char text[16];
        int size = snprintf(text, sizeof(text), "%zu", name);
        names[name] = ids_find(held->names, slice_of(text, (size_t)size));
    }
}

static void arrange(struct held *held)
{
    int32_t *names = xcalloc(CLUSTER_NAMES_MAX, sizeof(*names));
    name_clusters(held, names);
    const struct sample_space space = {
        .factors = held->factors,
        .items = (size_t)ids_count(held->items),
        .d = held->dimensions,
        .numbers = held->numbers,
        .places = held->places,
        .clusters = names,
        .names = CLUSTER_NAMES_MAX,
        .clusters_count = (size_t)ids_count(held->names),
    };
    user_sample_arrange(&held->sample, &space);
    free(names);
}

/* Lets a version serve that is complete now. */
static void serve(struct cluster_space *space)
{
    if (!is_complete(&space->coming)) { return; }
    if (space->coming.version.user_parts) { arrange(&space->coming); }
    release(&space->served);
    space->served = space->coming;
    space->serial++;
    init(&space->coming);
    size_t items = (size_t)ids_count(space->served.items);
    ARRAY_RESERVE_ZEROS(space->places, space->places_capacity, items, 64);
}

/* Says whether so many bytes more fit. Where what comes has no room beside the version that serves,
 * that one goes: it would serve for ever, with users who were forgotten since. */
static bool make_room(struct cluster_space *space, const struct held *held, size_t more)
{
    bool fits = bytes_in_use(space) + more <= space->bytes_max;
    if (fits || held == &space->served) { return fits; }
    clear(&space->served);
    free(space->places);
    space->places = NULL;
    space->places_capacity = 0;
    return bytes_in_use(space) + more <= space->bytes_max;
}

/* Checks the length of a version's vectors, and whether there is room. */
static const char *check(struct cluster_space *space, struct held *held, size_t dimensions,
                         size_t numbers)
{
    if (held->dimensions && held->dimensions != dimensions) { return "columns_differ"; }
    if (dimensions > FOLD_IN_NUMBERS_MAX) { return "columns_differ"; }
    held->dimensions = dimensions;
    return make_room(space, held, numbers * sizeof(float)) ? NULL : "over_memory";
}

static void put_item(struct held *held, struct slice item, const float *row, size_t place)
{
    int32_t before = ids_count(held->items), number = ids_put(held->items, item);
    size_t d = held->dimensions;
    ARRAY_RESERVE(held->numbers, held->numbers_capacity, place + 1, 256);
    while (held->places <= place) { held->numbers[held->places++] = ID_NONE; }
    held->numbers[place] = number;
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
        put_item(held, items.at[k], rows.at + k * held->dimensions,
                 (size_t)part * CLUSTER_PART_ITEMS + k);
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

const char *cluster_space_put_users(struct cluster_space *space, struct cluster_version version,
                                    int32_t part, const struct sampled_users *users)
{
    struct held *held = find(space, version);
    if (!held || held == &space->served) { return NULL; }
    assert(part >= 0 && part < version.user_parts);
    size_t more = sampled_users_bytes(users, CLUSTER_NUMBERS_MAX);
    if (!make_room(space, held, more)) { return "over_memory"; }
    user_sample_put(&held->sample, part, users);
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

/* The served version's parts are gone into its sample. */
void cluster_space_remove_users(struct cluster_space *space, int32_t part)
{
    if (part >= 0 && part < space->served.version.user_parts) { clear(&space->served); }
    if (user_sample_has(&space->coming.sample, part)) { clear(&space->coming); }
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

uint64_t cluster_space_serial(const struct cluster_space *space)
{
    return space->serial;
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

const struct user_sample *cluster_space_sample(const struct cluster_space *space)
{
    return space->served.version.user_parts ? &space->served.sample : NULL;
}

size_t cluster_space_items(const struct cluster_space *space)
{
    return (size_t)ids_count(space->served.items);
}

struct slice cluster_space_item(const struct cluster_space *space, int32_t item)
{
    return ids_text(space->served.items, item);
}

int32_t cluster_space_find(const struct cluster_space *space, struct slice item)
{
    return ids_find(space->served.items, item);
}

const float *cluster_space_factor(const struct cluster_space *space, int32_t item)
{
    return space->served.factors + (size_t)item * space->served.dimensions;
}

/* Adds what an action on an item counts to what the others count. */
static void add_up(struct cluster_space *space, int32_t item, float strength)
{
    if (item == ID_NONE || !(strength > 0.0F)) { return; }
    int32_t place = space->places[item];
    if (!place) {
        space->rows[space->folded] = item;
        space->sums[space->folded] = 0.0;
        space->places[item] = place = (int32_t)++space->folded;
    }
    space->sums[place - 1] += (double)strength;
}

static void begin_fold(struct cluster_space *space, size_t count)
{
    ARRAY_RESERVE(space->rows, space->rows_capacity, count, 64);
    ARRAY_RESERVE(space->sums, space->sums_capacity, count, 64);
    ARRAY_RESERVE(space->values, space->values_capacity, count, 64);
    space->folded = 0;
}

LANED static bool end_fold(struct cluster_space *space, float *ret_vector)
{
    const struct held *served = &space->served;
    for (size_t k = 0; k < space->folded; k++) {
        space->places[space->rows[k]] = 0;
        space->values[k] = fold_in_value(space->sums[k]);
    }
    return fold_in(served->factors, (size_t)ids_count(served->items), served->dimensions,
                   space->rows, space->values, space->folded, ret_vector);
}

bool cluster_space_fold(struct cluster_space *space, const struct slice *items,
                        const float *strengths, size_t count, float *ret_vector)
{
    if (!space->served.version.number) { return false; }
    begin_fold(space, count);
    for (size_t k = 0; k < count; k++) {
        if (!(strengths[k] > 0.0F)) { continue; }
        add_up(space, ids_find(space->served.items, items[k]), strengths[k]);
    }
    return end_fold(space, ret_vector);
}

bool cluster_space_fold_items(struct cluster_space *space, const int32_t *items,
                              const float *strengths, size_t count, float *ret_vector)
{
    if (!space->served.version.number) { return false; }
    begin_fold(space, count);
    for (size_t k = 0; k < count; k++) { add_up(space, items[k], strengths[k]); }
    return end_fold(space, ret_vector);
}

size_t cluster_space_folded(const struct cluster_space *space, const int32_t **ret_items,
                            const double **ret_sums)
{
    *ret_items = space->rows;
    *ret_sums = space->sums;
    return space->folded;
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

float cluster_space_square(const struct cluster_space *space, size_t cluster, const float *vector)
{
    const struct held *served = &space->served;
    const float *centroid = served->centroids + cluster * served->dimensions;
    float square = 0.0F;
    for (size_t i = 0; i < served->dimensions; i++) {
        square += (centroid[i] - vector[i]) * (centroid[i] - vector[i]);
    }
    return square;
}
