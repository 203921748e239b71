/* The first list of a user of whom only the profile is known, beside the most popular items.
 *
 *     first_lists users.jsonl events.jsonl       (deploy/movielens makes both)
 *
 * Users are held back, a tenth at a time, chosen by a hash of their ids: the other nine tenths are
 * counted by the functions that freshet-sequence counts with, and each user who was held back gets
 * a list by those that lists are made with. Both lists of a user are measured, on the user's first
 * ten items and on all items that the user ever acted on (`all`). Prints `name value` lines:
 * NDCG@10 and precision@10 of both lists, whether the item of the very first action was among the
 * ten, the ratio of the NDCGs, and how many standard errors their paired difference is.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "model/segment_counts.h"
#include "model/segment_scores.h"
#include "schemas/user_segments.h"

#include <jansson.h>

enum { FOLDS = 10, FIRST = 10, LIST = 10, GAINS = 100, POPULAR = 100, USERS_MIN = 20,
       ITEM_USERS_MIN = 3 };
enum { POPULARITY, DEMOGRAPHICS, KINDS };

struct person {
    int32_t segments[USER_SEGMENTS_MAX], *items;
    size_t segments_count, count, capacity;
    uint64_t hash;
};

struct bench {
    struct ids *users, *items, *segments;
    struct person *people;
    size_t capacity;
    struct measured {
        double ndcg[KINDS], precision[KINDS], squares;
    } first, all;
    double first_hr[KINDS];
    size_t asked;
};

/* ---- Reading ---- */

static struct slice text_of(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return slice_of(json_string_value(value), json_string_length(value));
}

static struct person *person_of(struct bench *bench, struct slice id)
{
    int32_t number = ids_put(bench->users, id);
    ARRAY_RESERVE_ZEROS(bench->people, bench->capacity, (size_t)number + 1, 64);
    bench->people[number].hash = ids_hash(bench->users, number);
    return &bench->people[number];
}

static void take_profile(struct bench *bench, const json_t *object)
{
    struct slice tags[PROFILE_TAGS_MAX];
    struct user_segments segments;
    size_t count = 0;
    const json_t *value, *array = json_object_get(object, "tags");
    for (; count < json_array_size(array) && count < PROFILE_TAGS_MAX; count++) {
        value = json_array_get(array, count);
        tags[count] = slice_of(json_string_value(value), json_string_length(value));
    }
    int32_t year = (int32_t)json_integer_value(json_object_get(object, "birth_year"));
    user_segments_find(text_of(object, "country"), year, (struct slices){tags, count}, &segments);
    struct person *person = person_of(bench, text_of(object, "user_id"));
    for (size_t s = 0; s < segments.count; s++) {
        person->segments[person->segments_count++] = ids_put(bench->segments, segments.at[s]);
    }
}

static void take_event(struct bench *bench, const json_t *object)
{
    struct person *person = person_of(bench, text_of(object, "user"));
    int32_t item = ids_put(bench->items, text_of(object, "item"));
    for (size_t k = 0; k < person->count; k++) {
        if (person->items[k] == item) { return; }
    }
    ARRAY_RESERVE(person->items, person->capacity, person->count + 1, 16);
    person->items[person->count++] = item;
}

static void read_lines(struct bench *bench, const char *path,
                       void (*take)(struct bench *bench, const json_t *object))
{
    FILE *file = fopen(path, "r");
    char *line = NULL;
    size_t size = 0;
    if (!file) {
        fprintf(stderr, "first_lists: %s: %s\n", path, strerror(errno));
        exit(1);
    }
    for (ssize_t read; (read = getline(&line, &size, file)) > 0;) {
        json_t *object = json_loadb(line, (size_t)read, 0, NULL);
        assert(object);
        take(bench, object);
        json_decref(object);
    }
    free(line);
    (void)fclose(file);
}

/* ---- Measuring ---- */

static bool has(const int32_t *items, size_t count, int32_t item)
{
    size_t k = 0;
    while (k < count && items[k] != item) { k++; }
    return k < count;
}

/* Measures a list on a user's first `count` items; returns its NDCG. */
static double measure(struct measured *sums, int kind, const int32_t *wanted, size_t count,
                      const int32_t *list, size_t length)
{
    double gain = 0.0, best = 0.0;
    size_t found = 0;
    for (size_t k = 0; k < length; k++) {
        bool hit = has(wanted, count, list[k]);
        gain += hit ? 1.0 / log2((double)k + 2.0) : 0.0;
        found += hit;
    }
    size_t most = MIN_OF(count, (size_t)LIST);
    for (size_t k = 0; k < most; k++) { best += 1.0 / log2((double)k + 2.0); }
    sums->ndcg[kind] += gain / best;
    sums->precision[kind] += (double)found / LIST;
    return gain / best;
}

/* Measures both lists of a user. */
static void compare(struct bench *bench, const struct person *person, const int32_t *const *lists,
                    const size_t *lengths)
{
    size_t first = MIN_OF(person->count, (size_t)FIRST);
    double ndcg[KINDS], all[KINDS];
    for (int kind = 0; kind < KINDS; kind++) {
        ndcg[kind] = measure(&bench->first, kind, person->items, first, lists[kind], lengths[kind]);
        all[kind] = measure(&bench->all, kind, person->items, person->count, lists[kind],
                            lengths[kind]);
        bench->first_hr[kind] += has(lists[kind], lengths[kind], person->items[0]);
    }
    bench->first.squares += pow(ndcg[DEMOGRAPHICS] - ndcg[POPULARITY], 2.0);
    bench->all.squares += pow(all[DEMOGRAPHICS] - all[POPULARITY], 2.0);
    bench->asked++;
}

struct fold {
    struct segment_list *lists;
    int32_t *columns;
    size_t popular_count;
    int32_t popular[LIST];
};

/* Keeps a segment's list as a message would have it. */
static void keep_list(struct bench *bench, struct segment_counts *counts, int32_t segment,
                      struct fold *fold)
{
    struct segment_item items[GAINS + POPULAR];
    uint32_t rest;
    const struct segment_list_settings settings = {GAINS, POPULAR, ITEM_USERS_MIN, ids_before,
                                                   bench->items};
    size_t count = segment_counts_list(counts, segment, &settings, items, &rest);
    int32_t *at = fold->columns + (size_t)segment * 3 * (GAINS + POPULAR);
    struct segment_list *list = &fold->lists[segment];
    *list = (struct segment_list){.users = segment_counts_users(counts, segment),
                                  .all_users = segment_counts_all_users(counts),
                                  .rest_users = rest,
                                  .items = at,
                                  .item_users = at + count,
                                  .item_all_users = at + 2 * count,
                                  .count = count};
    for (size_t k = 0; k < count; k++) {
        at[k] = items[k].item;
        at[count + k] = (int32_t)items[k].users;
        at[2 * count + k] = (int32_t)items[k].all_users;
    }
}

static void try_user(struct bench *bench, const struct fold *fold,
                     struct segment_scores *scores, const struct person *person)
{
    const struct segment_list *lists[USER_SEGMENTS_MAX];
    const struct segment_score *found;
    int32_t list[LIST];
    size_t count = 0;
    for (size_t s = 0; s < person->segments_count; s++) {
        const struct segment_list *one = &fold->lists[person->segments[s]];
        if (one->users >= USERS_MIN) { lists[count++] = one; }
    }
    size_t scored = MIN_OF(segment_scores_find(scores, lists, count, &found), (size_t)LIST);
    for (size_t k = 0; k < scored; k++) { list[k] = found[k].item; }
    const int32_t *const both[KINDS] = {fold->popular, list};
    compare(bench, person, both, (size_t[KINDS]){fold->popular_count, scored});
}

/* The items with most users among those that are counted. */
static void find_popular(struct bench *bench, size_t held, struct fold *fold)
{
    size_t items = (size_t)ids_count(bench->items);
    uint32_t *users = xcalloc(items, sizeof(*users));
    for (int32_t u = 0; u < ids_count(bench->users); u++) {
        const struct person *person = &bench->people[u];
        for (size_t k = 0; person->hash % FOLDS != held && k < person->count; k++) {
            users[person->items[k]]++;
        }
    }
    for (fold->popular_count = 0; fold->popular_count < LIST; fold->popular_count++) {
        int32_t best = 0;
        for (int32_t i = 1; i < (int32_t)items; i++) {
            bool more = users[i] > users[best] ||
                        (users[i] == users[best] && ids_before(bench->items, i, best));
            if (more) { best = i; }
        }
        fold->popular[fold->popular_count] = best;
        users[best] = 0;
    }
    free(users);
}

static void try_fold(struct bench *bench, size_t held)
{
    size_t segments = (size_t)ids_count(bench->segments);
    struct segment_counts *counts = segment_counts_new(1 << 30);
    struct segment_scores *scores = segment_scores_new(ids_before, bench->items);
    struct fold fold = {
        .lists = xcalloc(segments, sizeof(*fold.lists)),
        .columns = xcalloc(segments * 3 * (GAINS + POPULAR), sizeof(*fold.columns)),
    };
    for (int32_t u = 0; u < ids_count(bench->users); u++) {
        const struct person *person = &bench->people[u];
        if (person->hash % FOLDS == held || !person->count) { continue; }
        bool fits = segment_counts_add(counts, person->segments, person->segments_count,
                                       person->items, person->count);
        assert(fits);
    }
    find_popular(bench, held, &fold);
    for (size_t s = 0; s < segments; s++) { keep_list(bench, counts, (int32_t)s, &fold); }
    for (int32_t u = 0; u < ids_count(bench->users); u++) {
        const struct person *person = &bench->people[u];
        if (person->hash % FOLDS != held || !person->count) { continue; }
        try_user(bench, &fold, scores, person);
    }
    free(fold.lists);
    free(fold.columns);
    segment_counts_free(counts);
    segment_scores_free(scores);
}

static void print_measured(const char *on, const struct measured *sums, double n)
{
    double mean = (sums->ndcg[DEMOGRAPHICS] - sums->ndcg[POPULARITY]) / n;
    double deviation = sqrt(MAX_OF(sums->squares / n - mean * mean, 0.0));
    printf("%spopularity_ndcg10 %.5f\n", on, sums->ndcg[POPULARITY] / n);
    printf("%sdemographics_ndcg10 %.5f\n", on, sums->ndcg[DEMOGRAPHICS] / n);
    printf("%spopularity_precision10 %.5f\n", on, sums->precision[POPULARITY] / n);
    printf("%sdemographics_precision10 %.5f\n", on, sums->precision[DEMOGRAPHICS] / n);
    printf("%sdemographics_times_popularity %.4f\n", on,
           sums->ndcg[DEMOGRAPHICS] / sums->ndcg[POPULARITY]);
    printf("%spaired_standard_errors %.2f\n", on,
           deviation > 0.0 ? mean / deviation * sqrt(n) : 0.0);
}

static void print(const struct bench *bench)
{
    double n = (double)bench->asked;
    printf("users %zu\n", bench->asked);
    print_measured("", &bench->first, n);
    print_measured("all_", &bench->all, n);
    printf("popularity_first_hr10 %.5f\n", bench->first_hr[POPULARITY] / n);
    printf("demographics_first_hr10 %.5f\n", bench->first_hr[DEMOGRAPHICS] / n);
}

int main(int argc, char **argv)
{
    if (argc != 3) {
        fprintf(stderr, "usage: first_lists users.jsonl events.jsonl\n");
        return 2;
    }
    struct bench bench = {
        .users = ids_new(1 << 24), .items = ids_new(1 << 24), .segments = ids_new(1 << 20)};
    read_lines(&bench, argv[1], take_profile);
    read_lines(&bench, argv[2], take_event);
    for (size_t held = 0; held < FOLDS; held++) { try_fold(&bench, held); }
    print(&bench);
    for (int32_t u = 0; u < ids_count(bench.users); u++) { free(bench.people[u].items); }
    free(bench.people);
    ids_free(bench.users);
    ids_free(bench.items);
    ids_free(bench.segments);
    return 0;
}
