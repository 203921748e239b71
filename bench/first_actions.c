/* Lists after the first action: what a user's cluster acts on, and what similar users do, beside
 * the most popular items and counting.
 *
 *     first_actions events.txt       (a line an action, in time order: user, blank, item)
 *
 * Users are held back, a tenth at a time, chosen by a hash of their ids. Of the others the newest
 * HISTORY actions are grouped by what freshet-sequence groups users with, and counting learns all
 * that they did. Each user who was held back is known by the first action alone and gets four lists
 * of ten:
 *
 *     popularity   the items with most users
 *     cluster      those of the nearest cluster (model/segment_scores.h), as serve lists it
 *     users        what users chose who act alike (model/alike_users.h), as the scorer's member
 *     counting     `counting` of freshet evaluate, its first preset
 *
 * They are measured on the user's next ten items (NDCG@10) and on the next one (HR@10). Prints
 * `name value` lines; `..._errors`: how many standard errors the paired difference of the NDCGs is.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/directory.h"
#include "base/xalloc.h"
#include "evaluate/models/models.h"
#include "model/alike_users.h"
#include "model/ids.h"
#include "model/segment_scores.h"
#include "schemas/user_history.h"
#include "scorer/lists/cluster_table.h"
#include "trainer/sequence/cluster_counter.h"

enum { FOLDS = 10, LIST = 10, WANTED = 10, HISTORY = 50, STEP = 10000000 };
enum { POPULARITY, CLUSTER, USERS, COUNTING, KINDS };

static const char *const names[KINDS] = {"popularity", "cluster", "users", "counting"};
static const struct cluster_counter_settings settings = {1 << 30, 32, 32, 20, 3, 200,
                                                         50000, 1, 20000};

struct person {
    int32_t *items;
    size_t count, capacity;
    uint64_t hash;
};

struct bench {
    struct ids *users, *items;
    struct person *people;
    size_t capacity;
    double ndcg[KINDS], hits[KINDS], ahead[KINDS][KINDS], squares[KINDS][KINDS];
    double asked, grouped;
};

struct fold {
    size_t held;
    struct schema_cache *schemas;
    struct table_store *histories;
    struct cluster_table *clusters;
    struct alike_users *alike;
    float *item_users; /* by item */
    struct segment_scores *scores;
    const struct recommender *counting;
    void *model;
};

/* ---- Reading ---- */

static void take_action(struct bench *bench, char *line)
{
    char *rest, *user = strtok_r(line, " \n", &rest), *item = strtok_r(NULL, " \n", &rest);
    assert(user && item);
    int32_t number = ids_put(bench->users, slice_str(user));
    ARRAY_RESERVE_ZEROS(bench->people, bench->capacity, (size_t)number + 1, 64);
    struct person *person = &bench->people[number];
    person->hash = ids_hash(bench->users, number);
    int32_t one = ids_put(bench->items, slice_str(item));
    for (size_t k = 0; k < person->count; k++) {
        if (person->items[k] == one) { return; }
    }
    ARRAY_RESERVE(person->items, person->capacity, person->count + 1, 16);
    person->items[person->count++] = one;
}

static void read_actions(struct bench *bench, const char *path)
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    if (!file) {
        fprintf(stderr, "first_actions: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    while (getline(&line, &size, file) > 0) { take_action(bench, line); }
    free(line);
    (void)fclose(file);
}

static bool is_held(const struct fold *fold, const struct person *person)
{
    return person->hash % FOLDS == fold->held;
}

/* ---- What is known of the others ---- */

static size_t newest(const struct person *person)
{
    return person->count - MIN_OF(person->count, (size_t)HISTORY);
}

static void put_history(const struct bench *bench, struct fold *fold, struct codec *codec,
                        int32_t user)
{
    struct slice items[HISTORY];
    float weights[HISTORY];
    int32_t actions[HISTORY] = {0};
    int64_t zeros[HISTORY] = {0};
    struct buf out;
    const struct person *person = &bench->people[user];
    size_t from = newest(person), count = person->count - from;
    for (size_t k = 0; k < count; k++) {
        items[k] = ids_text(bench->items, person->items[from + k]);
        weights[k] = 1.0F;
    }
    const struct user_history history = {
        .user_id = ids_text(bench->users, user), .items = {items, count},
        .actions = {actions, count}, .weights = {weights, count},
        .event_times_ms = {zeros, count}, .offsets = {zeros, count}};
    buf_init(&out, 1 << 20);
    int result = codec_encode(codec, &history, &out);
    assert(result == 0);
    result = table_store_put(fold->histories, 0, history.user_id, buf_slice(&out), user);
    assert(result == 0);
    buf_release(&out);
}

static void group_users(struct bench *bench, struct fold *fold)
{
    struct cluster_counter *counter =
        cluster_counter_new(&settings, fold->schemas, fold->clusters->space);
    struct group_profile group;
    cluster_counter_begin(counter, table_view_new(fold->histories));
    while (cluster_counter_state(counter) == CLUSTERS_COUNTING) {
        cluster_counter_step(counter, STEP);
    }
    assert(cluster_counter_state(counter) == CLUSTERS_COUNTED);
    for (size_t at = 0; cluster_counter_record(counter, at, &group); at++) {
        const char *fault = cluster_table_put(fold->clusters, &group);
        assert(!fault);
    }
    cluster_counter_free(counter);
}

static bool fold_person(const struct bench *bench, struct fold *fold, const int32_t *items,
                        size_t count, float *vector)
{
    struct slice texts[HISTORY];
    float ones[HISTORY];
    for (size_t k = 0; k < count; k++) {
        texts[k] = ids_text(bench->items, items[k]);
        ones[k] = 1.0F;
    }
    return cluster_space_fold(fold->clusters->space, texts, ones, count, vector);
}

static void learn(struct bench *bench, struct fold *fold)
{
    struct codec *codec = codec_new(&user_history_contract, fold->schemas);
    for (int32_t u = 0; u < ids_count(bench->users); u++) {
        const struct person *person = &bench->people[u];
        if (is_held(fold, person)) { continue; }
        put_history(bench, fold, codec, u);
        for (size_t k = 0; k < person->count; k++) {
            const struct training_example example = {.user = u, .item = person->items[k],
                                                     .rating = 5, .before = person->items,
                                                     .before_count = k};
            fold->counting->learn(fold->model, &example);
            fold->item_users[person->items[k]] += 1.0F;
        }
    }
    codec_free(codec);
    if (fold->counting->settle) { fold->counting->settle(fold->model); }
    group_users(bench, fold);
}

/* ---- Lists ---- */

/* Adds what users chose who act alike, as the scorer's member does. */
static void score_users(struct fold *fold, const struct person *person, float *scores)
{
    const float one = 1.0F;
    const int32_t *items;
    size_t count = alike_users_find(fold->alike, person->items, &one, 1, &items);
    for (size_t k = 0; k < count; k++) { scores[items[k]] = alike_users_of(fold->alike, items[k]); }
}

static void score_cluster(const struct bench *bench, struct fold *fold, const float *vector,
                          float *scores)
{
    struct user_cluster cluster;
    struct segment_list list;
    struct slice name;
    const struct segment_list *lists = &list;
    const struct segment_score *found;
    cluster_space_nearest(fold->clusters->space, vector, &cluster);
    bool there = segment_table_find_one(fold->clusters->lists, cluster.name, bench->items, &list,
                                        &name);
    assert(there);
    size_t count = segment_scores_find(fold->scores, &lists, 1, &found);
    for (size_t k = 0; k < count; k++) { scores[found[k].item] = expf(found[k].score) + 1.0F; }
}

/* Takes the best items but the first action's; equal scores are ordered by users. */
static void take_best(const struct bench *bench, const struct fold *fold, float *scores,
                      int32_t had, int32_t *list)
{
    scores[had] = -INFINITY;
    for (size_t k = 0; k < LIST; k++) {
        int32_t best = 0;
        for (int32_t i = 1; i < ids_count(bench->items); i++) {
            bool better = scores[i] > scores[best] ||
                          (scores[i] == scores[best] &&
                           fold->item_users[i] > fold->item_users[best]);
            best = better ? i : best;
        }
        list[k] = best;
        scores[best] = -INFINITY;
    }
}

static double ndcg_of(const int32_t *list, const int32_t *wanted, size_t count)
{
    double gain = 0.0, most = 0.0;
    for (size_t k = 0; k < LIST; k++) {
        for (size_t w = 0; w < count; w++) {
            gain += list[k] == wanted[w] ? 1.0 / log2((double)k + 2.0) : 0.0;
        }
    }
    size_t places = MIN_OF(count, (size_t)LIST);
    for (size_t k = 0; k < places; k++) { most += 1.0 / log2((double)k + 2.0); }
    return gain / most;
}

static bool has(const int32_t *list, int32_t item)
{
    size_t k = 0;
    while (k < LIST && list[k] != item) { k++; }
    return k < LIST;
}

static void try_user(struct bench *bench, struct fold *fold, const struct person *person)
{
    size_t items = (size_t)ids_count(bench->items);
    size_t wanted = MIN_OF(person->count - 1, (size_t)WANTED);
    float vector[GROUP_NUMBERS_MAX], *scores = xcalloc(items, sizeof(*scores));
    double ndcg[KINDS];
    bool folded = fold_person(bench, fold, person->items, 1, vector);
    bench->grouped += folded;
    for (int kind = 0; kind < KINDS; kind++) {
        int32_t list[LIST];
        memset(scores, 0, items * sizeof(*scores));
        if (kind == CLUSTER && folded) { score_cluster(bench, fold, vector, scores); }
        if (kind == USERS && folded) { score_users(fold, person, scores); }
        const struct query query = {.user = (int32_t)(person - bench->people),
                                    .history = person->items, .count = 1,
                                    .items = (int32_t)items};
        if (kind == COUNTING) { fold->counting->score(fold->model, &query, scores); }
        take_best(bench, fold, scores, person->items[0], list);
        ndcg[kind] = ndcg_of(list, person->items + 1, wanted);
        bench->ndcg[kind] += ndcg[kind];
        bench->hits[kind] += has(list, person->items[1]);
    }
    for (int a = 0; a < KINDS; a++) {
        for (int b = 0; b < KINDS; b++) {
            bench->ahead[a][b] += ndcg[a] - ndcg[b];
            bench->squares[a][b] += pow(ndcg[a] - ndcg[b], 2.0);
        }
    }
    bench->asked += 1.0;
    free(scores);
}

/* ---- Folds ---- */

static void try_fold(struct bench *bench, size_t held)
{
    size_t users = (size_t)ids_count(bench->users), items = (size_t)ids_count(bench->items);
    const struct model_context context = {
        .users_max = (int32_t)users, .items_max = (int32_t)items, .seed = 1};
    char path[] = "/tmp/freshet-first-XXXXXX";
    int64_t from;
    bool made = mkdtemp(path) != NULL;
    assert(made);
    struct fold fold = {
        .held = held,
        .schemas = schema_cache_new(),
        .histories = table_store_new(path),
        .clusters = cluster_table_new(SIZE_MAX, /* sampled= */ true),
        .item_users = xcalloc(items, sizeof(float)),
        .scores = segment_scores_new(ids_before, bench->items),
        .counting = models_find("counting"),
    };
    fold.alike = alike_users_new(fold.clusters->space, bench->items);
    fold.model = fold.counting->make(&context, fold.counting->presets[0].settings);
    int result = table_store_open(fold.histories, 0, 0, INT32_MAX, &from);
    assert(result == 0);
    learn(bench, &fold);
    for (size_t u = 0; u < users; u++) {
        const struct person *person = &bench->people[u];
        if (is_held(&fold, person) && person->count > 1) { try_user(bench, &fold, person); }
    }
    fold.counting->free(fold.model);
    segment_scores_free(fold.scores);
    alike_users_free(fold.alike);
    cluster_table_free(fold.clusters);
    free(fold.item_users);
    table_store_free(fold.histories);
    schema_cache_free(fold.schemas);
    (void)directory_delete(path);
}

static double errors(const struct bench *bench, int a, int b)
{
    double n = bench->asked, mean = bench->ahead[a][b] / n;
    double variance = bench->squares[a][b] / n - mean * mean;
    return variance > 0.0 ? mean / sqrt(variance) * sqrt(n) : 0.0;
}

int main(int argc, char **argv)
{
    if (argc != 2) {
        fprintf(stderr, "usage: first_actions events.txt\n");
        return 2;
    }
    struct bench bench = {.users = ids_new(1 << 24), .items = ids_new(1 << 24)};
    read_actions(&bench, argv[1]);
    for (size_t held = 0; held < FOLDS; held++) { try_fold(&bench, held); }
    printf("first_action_users %.0f\nfirst_action_grouped %.5f\n", bench.asked,
           bench.grouped / bench.asked);
    for (int kind = 0; kind < KINDS; kind++) {
        printf("first_action_%s_ndcg10 %.5f\n", names[kind], bench.ndcg[kind] / bench.asked);
        printf("first_action_%s_hr10 %.5f\n", names[kind], bench.hits[kind] / bench.asked);
        printf("first_action_%s_popularity_errors %.2f\n", names[kind],
               errors(&bench, kind, POPULARITY));
        printf("first_action_%s_counting_errors %.2f\n", names[kind],
               errors(&bench, kind, COUNTING));
    }
    for (int32_t u = 0; u < ids_count(bench.users); u++) { free(bench.people[u].items); }
    free(bench.people);
    ids_free(bench.users);
    ids_free(bench.items);
    return 0;
}
