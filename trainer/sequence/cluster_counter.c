/* Phases of a count:
 *
 *   READ      walks the view: rows of the matrix, and each user's cluster before
 *   FACTOR    the truncated SVD
 *   FOLD      vectors of the users, in the order of the rows; some users have none
 *   GROUP     K-means
 *   COUNT     what the users of each cluster act on, and who is in the sample
 *
 * Where memory is full, READ begins again with half of the users. Then records are made of what was
 * found until it is dropped.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/arena.h"
#include "base/xalloc.h"
#include "model/fold_in.h"
#include "model/k_means.h"
#include "trainer/sequence/cluster_counter.h"
#include "trainer/sequence/counted_offsets.h"
#include "trainer/sequence/group_columns.h"
#include "trainer/sequence/user_matrix.h"
#include "trainer/sequence/user_parts.h"

#include <xxhash.h>

enum { COUNTER_ARENA_BYTES = 1 << 16, SAMPLE_MAX = 20, NO_CLUSTER = -1 };
enum { EXTRA_DIRECTIONS = 10, PASSES_MAX = 24, ITERATIONS_MAX = 60, USERS_A_CLUSTER = 4 };
enum { USER_COST = 2000, CELL_COST = 40 }; /* of reading and counting, in multiplications */
enum { VERSION_BITS = 20, NAME_BYTES = 16 };

#define SVD_TOLERANCE 1e-5

enum phase { PHASE_READ, PHASE_FACTOR, PHASE_FOLD, PHASE_GROUP, PHASE_COUNT };

struct cluster_counter {
    const struct cluster_counter_settings *settings;
    struct codec *codec;
    struct arena *arena;
    struct cluster_space *published;
    struct table_view *view;
    struct counted_offsets offsets; /* of the last count */
    enum cluster_counting state;
    enum phase phase;
    int32_t sample;
    struct user_matrix matrix;
    int64_t before_version; /* of what is published */
    int32_t *before;        /* the name of the published cluster, by row; NO_CLUSTER: none */
    size_t before_capacity;
    uint64_t *hashes; /* of users, by row */
    size_t hashes_capacity;
    struct truncated_svd *svd;
    float *factors; /* width x dimensions */
    size_t dimensions;
    float *vectors;   /* points x dimensions */
    int32_t *point_of; /* the point of a row; NO_CLUSTER: it has no vector */
    size_t points, at;
    struct k_means *means;
    int32_t *names; /* of the clusters that K-means begins with, and of those that it draws */
    size_t names_count;
    struct segment_counts *counts;
    struct user_parts told;
    int64_t version;
    int32_t user_items[HISTORY_ACTIONS_MAX];
    char name[NAME_BYTES]; /* of the record that was made last, and its columns */
    struct group_columns columns;
};

struct cluster_counter *cluster_counter_new(const struct cluster_counter_settings *settings,
                                            struct schema_cache *schemas,
                                            struct cluster_space *published)
{
    struct cluster_counter *counter = xcalloc(1, sizeof(*counter));
    assert(settings->items_max <= GROUP_ITEMS_MAX && settings->dimensions <= GROUP_NUMBERS_MAX);
    counter->settings = settings;
    counter->codec = codec_new(&user_history_contract, schemas);
    counter->arena = arena_new(COUNTER_ARENA_BYTES);
    counter->published = published;
    user_parts_init(&counter->told);
    return counter;
}

/* Frees what was made of the users. */
static void drop_users(struct cluster_counter *counter)
{
    user_matrix_release(&counter->matrix);
    counter->svd = truncated_svd_free(counter->svd);
    counter->means = k_means_free(counter->means);
    counter->counts = segment_counts_free(counter->counts);
    free(counter->factors);
    free(counter->vectors);
    free(counter->point_of);
    free(counter->before);
    free(counter->names);
    free(counter->hashes);
    user_parts_begin(&counter->told, 0);
    counter->hashes = NULL;
    counter->hashes_capacity = 0;
    counter->factors = counter->vectors = NULL;
    counter->point_of = counter->before = counter->names = NULL;
    counter->dimensions = counter->points = counter->before_capacity = counter->names_count = 0;
}

void cluster_counter_drop(struct cluster_counter *counter)
{
    drop_users(counter);
    counter->view = table_view_free(counter->view);
    counter->state = CLUSTERS_IDLE;
}

void cluster_counter_reset(struct cluster_counter *counter)
{
    cluster_counter_drop(counter);
    counted_offsets_release(&counter->offsets);
}

struct cluster_counter *cluster_counter_free(struct cluster_counter *counter)
{
    if (!counter) { return NULL; }
    cluster_counter_reset(counter);
    user_parts_release(&counter->told);
    codec_free(counter->codec);
    arena_free(counter->arena);
    free(counter);
    return NULL;
}

bool cluster_counter_stale(const struct cluster_counter *counter,
                           const struct table_view *histories)
{
    return !counted_offsets_are(&counter->offsets, histories);
}

static void begin_reading(struct cluster_counter *counter)
{
    drop_users(counter);
    user_matrix_init(&counter->matrix);
    counter->phase = PHASE_READ;
    counter->before_version = cluster_space_version(counter->published);
    table_view_rewind(counter->view);
}

void cluster_counter_begin(struct cluster_counter *counter, struct table_view *histories)
{
    cluster_counter_drop(counter);
    counted_offsets_keep(&counter->offsets, histories);
    counter->view = histories;
    counter->sample = 0;
    counter->state = CLUSTERS_COUNTING;
    begin_reading(counter);
}

enum cluster_counting cluster_counter_state(const struct cluster_counter *counter)
{
    return counter->state;
}

size_t cluster_counter_clusters(const struct cluster_counter *counter)
{
    return counter->means ? k_means_clusters(counter->means) : 0;
}

size_t cluster_counter_users(const struct cluster_counter *counter)
{
    return counter->matrix.rows;
}

int32_t cluster_counter_sample(const struct cluster_counter *counter)
{
    return counter->sample;
}

static void fail(struct cluster_counter *counter)
{
    cluster_counter_drop(counter);
    counter->state = CLUSTERS_FAILED;
}

static void begin_with_half(struct cluster_counter *counter)
{
    if (++counter->sample > SAMPLE_MAX) {
        fail(counter);
    } else {
        begin_reading(counter);
    }
}

/* ---- Reading ---- */

static struct truncated_svd_settings svd_settings(const struct cluster_counter *counter)
{
    return (struct truncated_svd_settings){
        .rank = counter->settings->dimensions,
        .extra = EXTRA_DIRECTIONS,
        .iterations_max = PASSES_MAX,
        .tolerance = SVD_TOLERANCE,
        .seed = counter->settings->seed,
    };
}

static struct k_means_settings group_settings(const struct cluster_counter *counter)
{
    return (struct k_means_settings){
        .clusters = counter->settings->clusters_max,
        .dimensions = counter->settings->dimensions,
        .iterations_max = ITERATIONS_MAX,
        .seed = counter->settings->seed,
    };
}

/* Says whether all phases have room, without the counts, which have a quarter of the memory. */
static bool fits(const struct cluster_counter *counter)
{
    const struct cluster_counter_settings *settings = counter->settings;
    const struct truncated_svd_settings svd = svd_settings(counter);
    const struct k_means_settings group = group_settings(counter);
    size_t rows = counter->matrix.rows, vector = settings->dimensions * sizeof(float);
    size_t width = MIN_OF((size_t)ids_count(counter->matrix.items), settings->factors_max);
    size_t told = MIN_OF(rows, settings->users_told);
    size_t cells = MIN_OF(counter->matrix.cells, told * USER_PARTS_ITEMS);
    size_t bytes = user_matrix_bytes(&counter->matrix) + user_parts_bytes(told, cells) +
                   rows * (vector + 3 * sizeof(int32_t) + sizeof(uint64_t)) +
                   truncated_svd_bytes(width, &svd) + width * vector + k_means_bytes(&group, rows);
    return bytes <= settings->bytes_max / 4 * 3;
}

/* Finds the name of the user's published cluster; NO_CLUSTER: there is none. */
static int32_t cluster_before(struct cluster_counter *counter, const struct user_history *history)
{
    float strengths[HISTORY_ACTIONS_MAX], vector[GROUP_NUMBERS_MAX];
    struct user_cluster cluster;
    size_t count = history_strengths(history, strengths);
    if (!cluster_space_fold(counter->published, history->items.at, strengths, count, vector)) {
        return NO_CLUSTER;
    }
    cluster_space_nearest(counter->published, vector, &cluster);
    int32_t name = group_profile_part(cluster.name);
    return name > 0 ? name : NO_CLUSTER;
}

static void read_user(struct cluster_counter *counter, struct slice user, struct slice value)
{
    struct user_history history;
    struct codec_error error;
    uint64_t mask = (UINT64_C(1) << counter->sample) - 1;
    if (ids_fingerprint(user) & mask) { return; }
    arena_reset(counter->arena);
    if (codec_decode(counter->codec, value, counter->arena, &history, &error) < 0) {
        if (error.unknown_id) { fail(counter); }
        return;
    }
    if (history_fault(&history)) { return; }
    size_t row = counter->matrix.rows;
    if (!user_matrix_add(&counter->matrix, &history)) { return; }
    ARRAY_RESERVE(counter->before, counter->before_capacity, row + 1, 64);
    ARRAY_RESERVE(counter->hashes, counter->hashes_capacity, row + 1, 64);
    counter->before[row] = cluster_before(counter, &history);
    counter->hashes[row] = ids_fingerprint(user);
    if (row % 64 == 0 && !fits(counter)) { begin_with_half(counter); }
}

static void end_reading(struct cluster_counter *counter)
{
    const struct cluster_counter_settings *settings = counter->settings;
    if (!fits(counter) || (counter->sample && !counter->matrix.rows)) {
        begin_with_half(counter);
        return;
    }
    user_matrix_order(&counter->matrix, settings->factors_max, settings->item_users_min,
                      CLUSTER_SCALE_POWER);
    const struct sparse_rows rows = user_matrix_rows(&counter->matrix);
    const struct truncated_svd_settings wanted = svd_settings(counter);
    counter->svd = truncated_svd_new(&rows, &wanted);
    counter->phase = PHASE_FACTOR;
}

static size_t read(struct cluster_counter *counter)
{
    struct slice user, value;
    if (cluster_space_version(counter->published) != counter->before_version) {
        begin_reading(counter); /* all users' clusters must be of one version */
        return USER_COST;
    }
    int result = table_view_next(counter->view, &user, &value);
    if (result > 0) {
        read_user(counter, user, value);
    } else if (result == 0) {
        end_reading(counter);
    } else {
        fail(counter);
    }
    return USER_COST;
}

/* ---- Factors and vectors ---- */

static void end_factors(struct cluster_counter *counter)
{
    size_t width = counter->matrix.width, d = truncated_svd_rank(counter->svd);
    counter->factors = xcalloc(width * d + 1, sizeof(float));
    counter->dimensions = d;
    truncated_svd_factors(counter->svd, counter->factors);
    counter->svd = truncated_svd_free(counter->svd);
    counter->vectors = xcalloc(counter->matrix.rows * d + 1, sizeof(float));
    counter->point_of = xcalloc(counter->matrix.rows + 1, sizeof(int32_t));
    counter->at = counter->points = 0;
    counter->phase = PHASE_FOLD;
}

static size_t fold(struct cluster_counter *counter)
{
    const struct user_matrix *matrix = &counter->matrix;
    size_t row = counter->at++, from = matrix->begins[row], d = counter->dimensions;
    size_t cells = matrix->begins[row + 1] - from;
    bool folded = fold_in(counter->factors, matrix->width, d, matrix->columns + from,
                          matrix->values + from, cells, counter->vectors + counter->points * d);
    counter->point_of[row] = folded ? (int32_t)counter->points++ : NO_CLUSTER;
    return d * cells + USER_COST;
}

/* ---- Groups ---- */

/* Returns how many clusters there may be. */
static size_t clusters_wanted(const struct cluster_counter *counter)
{
    size_t least = (size_t)counter->settings->users_min * USERS_A_CLUSTER;
    return MIN_OF(MAX_OF(counter->points / least, (size_t)1), counter->settings->clusters_max);
}

/* Adds up the vectors of the users of each published cluster, by its name: d sums, and their count
 * behind them. The caller frees. */
static double *sum_up(const struct cluster_counter *counter)
{
    size_t d = counter->dimensions;
    double *sums = xcalloc(GROUP_PARTS_MAX * (d + 1), sizeof(*sums));
    for (size_t row = 0; row < counter->matrix.rows; row++) {
        int32_t name = counter->before[row], point = counter->point_of[row];
        if (name == NO_CLUSTER || point == NO_CLUSTER) { continue; }
        const float *vector = counter->vectors + (size_t)point * d;
        double *sum = sums + (size_t)name * (d + 1);
        for (size_t i = 0; i < d; i++) { sum[i] += (double)vector[i]; }
        sum[d] += 1.0;
    }
    return sums;
}

/* Writes the mean of the users of each published cluster that has some, and keeps its name. Returns
 * how many there are. */
static size_t write_starts(struct cluster_counter *counter, float *starts)
{
    size_t d = counter->dimensions, kept = 0;
    double *sums = sum_up(counter);
    for (int32_t name = 1; name < GROUP_PARTS_MAX; name++) {
        const double *sum = sums + (size_t)name * (d + 1);
        if (!(sum[d] > 0.0) || kept == counter->settings->clusters_max) { continue; }
        for (size_t i = 0; i < d; i++) { starts[kept * d + i] = (float)(sum[i] / sum[d]); }
        counter->names[kept++] = name;
    }
    free(sums);
    return kept;
}

/* Gives clusters without a name the least numbers that are free. */
static void name_clusters(struct cluster_counter *counter, size_t from)
{
    size_t count = counter->settings->clusters_max;
    int32_t name = 1;
    for (size_t c = from; c < count; c++) {
        for (size_t k = 0; k < from;) {
            bool taken = counter->names[k] == name;
            name += taken;
            k = taken ? 0 : k + 1;
        }
        counter->names[c] = name++;
    }
}

static void end_folding(struct cluster_counter *counter)
{
    struct k_means_settings wanted = group_settings(counter);
    float *starts = xcalloc(wanted.clusters * counter->dimensions + 1, sizeof(float));
    counter->names = xcalloc(wanted.clusters + 1, sizeof(int32_t));
    size_t begins = write_starts(counter, starts), may = clusters_wanted(counter);
    name_clusters(counter, begins);
    wanted.clusters = begins < (may + 1) / 2 ? may : begins;
    if (!counter->points || !counter->dimensions) { begins = wanted.clusters = 0; }
    wanted.dimensions = MAX_OF(counter->dimensions, (size_t)1);
    counter->means = k_means_new(&wanted, counter->vectors, counter->points, starts, begins);
    free(starts);
    counter->phase = PHASE_GROUP;
}

static void end_groups(struct cluster_counter *counter)
{
    if (k_means_drop(counter->means, (size_t)counter->settings->users_min)) { return; }
    counter->counts = segment_counts_new(counter->settings->bytes_max / 4);
    user_parts_begin(&counter->told, counter->settings->users_told);
    counter->at = 0;
    counter->phase = PHASE_COUNT;
}

/* ---- Counts ---- */

/* Returns the cluster of a row; NO_CLUSTER: it has none. */
static int32_t cluster_of(const struct cluster_counter *counter, size_t row)
{
    int32_t point = counter->point_of[row];
    bool grouped = point != NO_CLUSTER && k_means_clusters(counter->means);
    return grouped ? (int32_t)k_means_of(counter->means, (size_t)point) : NO_CLUSTER;
}

static size_t count(struct cluster_counter *counter)
{
    const struct user_matrix *matrix = &counter->matrix;
    size_t row = counter->at++, from = matrix->begins[row];
    size_t cells = matrix->begins[row + 1] - from;
    int32_t cluster = cluster_of(counter, row);
    if (cluster != NO_CLUSTER) {
        user_parts_offer(&counter->told, matrix, row, counter->hashes[row]);
    }
    for (size_t c = 0; c < cells; c++) {
        counter->user_items[c] = matrix->item_of[matrix->columns[from + c]];
    }
    if (!segment_counts_add(counter->counts, &cluster, cluster != NO_CLUSTER, counter->user_items,
                            cells)) {
        begin_with_half(counter);
    }
    return cells * CELL_COST + USER_COST;
}

/* The version: a number that is one more than that of all there are, and bits of a hash; the
 * published one, where the vectors are the same. */
static int64_t version_of(const struct cluster_counter *counter)
{
    size_t d = counter->dimensions, clusters = k_means_clusters(counter->means);
    uint64_t hash = XXH3_64bits(counter->factors, counter->matrix.width * d * sizeof(float));
    hash = XXH3_64bits_withSeed(k_means_centroids(counter->means), clusters * d * sizeof(float),
                                hash);
    for (size_t c = 0; c < counter->matrix.width; c++) {
        struct slice item = user_matrix_item(&counter->matrix, c);
        hash = XXH3_64bits_withSeed(item.data, item.size, hash);
    }
    hash = user_parts_hash(&counter->told, hash);
    int64_t before = cluster_space_version(counter->published);
    int64_t mask = (INT64_C(1) << VERSION_BITS) - 1;
    int64_t bits = (int64_t)(hash & (uint64_t)mask);
    int64_t newest = cluster_space_newest(counter->published);
    if (before && before == newest && (before & mask) == bits) { return before; }
    return (((newest >> VERSION_BITS) + 1) << VERSION_BITS) | bits;
}

/* Returns the name of a cluster, which is a number. */
static int32_t name_of(const struct cluster_counter *counter, size_t cluster)
{
    return counter->names[k_means_origin(counter->means, cluster)];
}

/* Cuts the sample into parts. */
static void tell_users(struct cluster_counter *counter)
{
    const struct topk *chosen = user_parts_choose(&counter->told);
    for (size_t k = 0; k < chosen->count; k++) {
        size_t row = (size_t)chosen->entries[k].item;
        user_parts_add(&counter->told, &counter->matrix, row,
                       name_of(counter, (size_t)cluster_of(counter, row)));
    }
}

static void end_counts(struct cluster_counter *counter)
{
    tell_users(counter);
    counter->version = version_of(counter);
    counter->view = table_view_free(counter->view);
    counter->state = CLUSTERS_COUNTED;
}

/* ---- Steps ---- */

/* Does a piece of the phase; returns its multiplications. */
static size_t go_on(struct cluster_counter *counter, size_t work)
{
    bool through = counter->at == counter->matrix.rows;
    switch (counter->phase) {
    case PHASE_READ: return read(counter);
    case PHASE_FACTOR:
        if (!truncated_svd_step(counter->svd, work)) { end_factors(counter); }
        return work;
    case PHASE_FOLD:
        if (!through) { return fold(counter); }
        end_folding(counter);
        return USER_COST;
    case PHASE_GROUP:
        if (!k_means_step(counter->means, work)) { end_groups(counter); }
        return work;
    case PHASE_COUNT:
        if (!through) { return count(counter); }
        end_counts(counter);
    }
    return USER_COST;
}

void cluster_counter_step(struct cluster_counter *counter, size_t work)
{
    size_t done = 0;
    while (counter->state == CLUSTERS_COUNTING && done < work) {
        done += go_on(counter, work - done);
    }
}

/* ---- Records ---- */

static int32_t parts_of(const struct cluster_counter *counter)
{
    size_t parts = (counter->matrix.width + GROUP_FACTORS_MAX - 1) / GROUP_FACTORS_MAX;
    return (int32_t)parts;
}

static void write_name(struct cluster_counter *counter, int32_t number,
                       struct group_profile *group)
{
    int size = snprintf(counter->name, sizeof(counter->name), "%d", number);
    group->name = slice_of(counter->name, (size_t)size);
}

static void write_cluster(struct cluster_counter *counter, size_t cluster,
                          struct group_profile *group)
{
    const struct cluster_counter_settings *settings = counter->settings;
    group_columns_write(&counter->columns, counter->counts, (int32_t)cluster,
                        counter->matrix.items, settings->items_max, settings->item_users_min,
                        group);
    write_name(counter, name_of(counter, cluster), group);
    group->kind = GROUP_CLUSTER;
    group->vectors = (struct floats){
        (float *)(uintptr_t)k_means_centroids(counter->means) + cluster * counter->dimensions,
        counter->dimensions};
}

static void write_factors(struct cluster_counter *counter, size_t part,
                          struct group_profile *group)
{
    size_t from = part * GROUP_FACTORS_MAX, d = counter->dimensions;
    size_t items = MIN_OF(counter->matrix.width - from, (size_t)GROUP_FACTORS_MAX);
    for (size_t k = 0; k < items; k++) {
        counter->columns.items[k] = user_matrix_item(&counter->matrix, from + k);
    }
    write_name(counter, (int32_t)part, group);
    group->kind = GROUP_FACTORS;
    group->items = (struct slices){counter->columns.items, items};
    group->vectors = (struct floats){counter->factors + from * d, items * d};
}

static void write_users(struct cluster_counter *counter, size_t part, struct group_profile *group)
{
    write_name(counter, (int32_t)part, group);
    group->kind = GROUP_TOLD_USERS;
    user_parts_write(&counter->told, part, group);
}

bool cluster_counter_record(struct cluster_counter *counter, size_t at,
                            struct group_profile *ret_group)
{
    size_t clusters = k_means_clusters(counter->means), users = counter->told.count;
    int32_t parts = clusters ? parts_of(counter) : 0;
    assert(counter->state == CLUSTERS_COUNTED);
    if (at >= clusters + (size_t)parts + users) { return false; }
    *ret_group = (struct group_profile){
        .sample = counter->sample,
        .history_offsets = counted_offsets_named(&counter->offsets),
        .version = counter->version,
        .clusters = (int32_t)clusters,
        .parts = parts,
        .user_parts = (int32_t)users,
    };
    if (at < clusters) {
        write_cluster(counter, at, ret_group);
    } else if (at < clusters + (size_t)parts) {
        write_factors(counter, at - clusters, ret_group);
    } else {
        write_users(counter, at - clusters - (size_t)parts, ret_group);
    }
    return true;
}
