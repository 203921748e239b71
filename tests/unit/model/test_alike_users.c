/* Scores by users who act alike, compared with loops; parts of a sample in any order; items that
 * the ids learn later; versions that come and go; the bound of users who are looked at. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/alike_users.h"
#include "model/fold_in.h"
#include "model/rng.h"

#include <setjmp.h>
#include <cmocka.h>

enum { D = 4, ITEMS = 300, PLACES = 256, CLUSTERS = 3, EACH = 12, PART = 100, MOST = 6000 };

struct person {
    int32_t cluster, items[EACH];
    float strengths[EACH], vector[D];
    bool counts; /* it has a vector */
};

struct world {
    uint64_t rng;
    size_t users;
    struct person people[MOST];
    char names[ITEMS][8];
    float factors[ITEMS][D], centroids[CLUSTERS][D];
    struct ids *ids;
    struct cluster_space *space;
    struct alike_users *alike;
};

/* Users of a cluster choose among a third of the items, and some others. */
static void draw_person(struct world *world, size_t u)
{
    struct person *person = &world->people[u];
    float values[EACH];
    int32_t start = (int32_t)rng_below(&world->rng, ITEMS);
    person->cluster = 1 + (int32_t)(u % CLUSTERS);
    for (int32_t k = 0; k < EACH; k++) {
        person->items[k] = (start + k * (1 + (int32_t)(u % 7))) % ITEMS;
        person->strengths[k] = (float)(1 + rng_below(&world->rng, 3));
        values[k] = fold_in_value((double)person->strengths[k]);
    }
    person->counts = fold_in(world->factors[0], ITEMS, D, person->items, values, EACH,
                             person->vector);
}

static void init(struct world *world, size_t users)
{
    *world = (struct world){.rng = 7, .users = users, .ids = ids_new(1000),
                            .space = cluster_space_new(1 << 24)};
    for (size_t i = 0; i < ITEMS; i++) {
        (void)snprintf(world->names[i], sizeof(world->names[i]), "i%03zu", i);
        for (size_t k = 0; k < D; k++) {
            world->factors[i][k] = (float)rng_normal(&world->rng);
        }
        if (i % 5) { (void)ids_put(world->ids, slice_str(world->names[ITEMS - 1 - i])); }
    }
    for (size_t c = 0; c < CLUSTERS; c++) { world->centroids[c][c] = 1.0F; }
    for (size_t u = 0; u < users; u++) { draw_person(world, u); }
    world->alike = alike_users_new(world->space, world->ids);
}

static void release(struct world *world)
{
    alike_users_free(world->alike);
    cluster_space_free(world->space);
    ids_free(world->ids);
}

/* ---- Records ---- */

static struct cluster_version version_of(const struct world *world, int64_t number)
{
    return (struct cluster_version){number, CLUSTERS, (ITEMS + PLACES - 1) / PLACES,
                                    (int32_t)((world->users + PART - 1) / PART)};
}

static void put_factors(struct world *world, int64_t number, size_t part)
{
    struct slice items[PLACES];
    size_t from = part * PLACES, count = MIN_OF((size_t)ITEMS - from, (size_t)PLACES);
    for (size_t k = 0; k < count; k++) { items[k] = slice_str(world->names[from + k]); }
    assert_null(cluster_space_put_factors(world->space, version_of(world, number), (int32_t)part,
                                          (struct slices){items, count},
                                          (struct floats){world->factors[from], count * D}));
}

static void put_cluster(struct world *world, int64_t number, size_t cluster)
{
    char name[8];
    (void)snprintf(name, sizeof(name), "%zu", cluster + 1);
    assert_null(cluster_space_put_cluster(world->space, version_of(world, number), slice_str(name),
                                          (struct floats){world->centroids[cluster], D}));
}

static const char *put_part(struct world *world, int64_t number, size_t part)
{
    int32_t clusters[PART], counts[PART], items[PART * EACH];
    float strengths[PART * EACH];
    size_t users = 0;
    for (; users < PART && part * PART + users < world->users; users++) {
        const struct person *person = &world->people[part * PART + users];
        clusters[users] = person->cluster;
        counts[users] = EACH;
        memcpy(items + users * EACH, person->items, sizeof(person->items));
        memcpy(strengths + users * EACH, person->strengths, sizeof(person->strengths));
    }
    const struct sampled_users told = {clusters, counts, users, items, strengths, users * EACH};
    return cluster_space_put_users(world->space, version_of(world, number), (int32_t)part, &told);
}

/* Puts the records of a version in one order or another; some twice. */
static void put_version(struct world *world, int64_t number, bool backwards)
{
    size_t parts = (size_t)version_of(world, number).parts;
    size_t user_parts = (size_t)version_of(world, number).user_parts;
    for (size_t k = 0; backwards && k < user_parts; k++) {
        assert_null(put_part(world, number, user_parts - 1 - k));
    }
    for (size_t k = 0; k < parts; k++) {
        put_factors(world, number, backwards ? parts - 1 - k : k);
    }
    for (size_t k = 0; k < CLUSTERS; k++) {
        put_cluster(world, number, backwards ? CLUSTERS - 1 - k : k);
    }
    for (size_t k = 0; !backwards && k < user_parts; k++) {
        assert_null(put_part(world, number, k));
        if (k == 0) { assert_null(put_part(world, number, k)); }
    }
    assert_true(cluster_space_version(world->space) == number);
}

/* ---- Loops ---- */

struct near {
    float product;
    size_t user, rank;
};

static int by_product(const void *a, const void *b)
{
    const struct near *x = a, *y = b;
    if (x->product != y->product) { return x->product < y->product ? 1 : -1; }
    return x->rank < y->rank ? -1 : 1;
}

/* How far a user's cluster is away. */
static double distance(const struct world *world, const float *vector, int32_t cluster)
{
    double square = 0.0;
    for (size_t i = 0; i < D; i++) {
        double away = (double)(world->centroids[cluster - 1][i] - vector[i]);
        square += away * away;
    }
    return square;
}

/* Says whether a user is looked at: among the first ones by cluster and then in their order. */
static bool is_looked_at(const struct world *world, const float *vector, size_t user)
{
    size_t before = 0;
    double own = distance(world, vector, world->people[user].cluster);
    if (world->users <= ALIKE_LOOKED) { return true; }
    for (size_t u = 0; u < world->users; u++) {
        double other = distance(world, vector, world->people[u].cluster);
        bool same = world->people[u].cluster == world->people[user].cluster;
        before += same ? u < user : other < own;
    }
    return before < ALIKE_LOOKED;
}

/* Finds the nearest users; returns how many. */
static size_t nearest(const struct world *world, const float *vector, struct near *found)
{
    size_t count = 0;
    for (size_t u = 0; u < world->users; u++) {
        const struct person *person = &world->people[u];
        float product = 0.0F;
        if (!person->counts || !is_looked_at(world, vector, u)) { continue; }
        for (size_t i = 0; i < D; i++) { product += vector[i] * person->vector[i]; }
        found[count++] = (struct near){product, u, (size_t)person->cluster * MOST + u};
    }
    qsort(found, count, sizeof(*found), by_product);
    return MIN_OF(count, (size_t)ALIKE_NEAREST);
}

static void expect(const struct world *world, const int32_t *own, const float *strengths,
                   size_t count, double *scores, int *voices)
{
    static struct near found[MOST];
    float values[EACH], vector[D];
    double length = 0.0;
    for (size_t k = 0; k < count; k++) {
        values[k] = fold_in_value((double)strengths[k]);
        length += (double)strengths[k] * (double)strengths[k];
    }
    assert_true(fold_in(world->factors[0], ITEMS, D, own, values, count, vector));
    size_t near = nearest(world, vector, found);
    for (size_t n = 0; n < near; n++) {
        const struct person *person = &world->people[found[n].user];
        double product = 0.0, other = 0.0;
        for (size_t k = 0; k < EACH; k++) {
            other += (double)person->strengths[k] * (double)person->strengths[k];
            for (size_t j = 0; j < count; j++) {
                bool same = own[j] == person->items[k];
                product += same ? (double)strengths[j] * (double)person->strengths[k] : 0.0;
            }
        }
        for (size_t k = 0; k < EACH && product > 0.0; k++) {
            scores[person->items[k]] += product / sqrt(length * other);
            voices[person->items[k]]++;
        }
    }
}

/* ---- Comparison ---- */

static void number_items(const struct world *world, const struct person *person, size_t count,
                         int32_t *ret_numbers)
{
    for (size_t k = 0; k < count; k++) {
        ret_numbers[k] = ids_find(world->ids, slice_str(world->names[person->items[k]]));
    }
}

static void compare(struct world *world, size_t user, size_t count)
{
    double scores[ITEMS] = {0};
    int voices[ITEMS] = {0};
    const struct person *person = &world->people[user];
    const int32_t *items;
    int32_t own[EACH];
    float strengths[EACH];
    size_t told = 0, known = 0;
    number_items(world, person, count, own);
    size_t found = alike_users_find(world->alike, own, person->strengths, count, &items);
    for (size_t k = 0; k < found; k++) {
        assert_true(alike_users_found(world->alike)[k] == alike_users_of(world->alike, items[k]));
    }
    for (size_t k = 0; k < count; k++) { /* what the ids do not know counts for nothing */
        if (own[k] == ID_NONE) { continue; }
        strengths[known] = person->strengths[k];
        own[known++] = person->items[k];
    }
    if (!known) { return; }
    expect(world, own, strengths, known, scores, voices);
    for (int32_t i = 0; i < ITEMS; i++) {
        int32_t number = ids_find(world->ids, slice_str(world->names[i]));
        if (number == ID_NONE) { continue; }
        assert_true(fabs((double)alike_users_of(world->alike, number) - scores[i]) < 1e-5);
        assert_int_equal(alike_users_voices(world->alike, number), voices[i]);
        told += voices[i] > 0;
    }
    assert_int_equal(found, told);
}

static void test_scores_are_those_of_loops(void **state)
{
    static struct world world;
    init(&world, 350);
    const int32_t *items;
    const float one = 1.0F;
    int32_t item = 1;
    assert_int_equal(alike_users_find(world.alike, &item, &one, 1, &items), 0);
    put_version(&world, 1, false);
    for (size_t u = 0; u < 60; u++) { compare(&world, u, 1 + u % EACH); }
    item = ids_put(world.ids, slice_str("no factor"));
    assert_int_equal(alike_users_find(world.alike, &item, &one, 1, &items), 0);
    assert_true(alike_users_of(world.alike, 3) == 0.0F);
    for (size_t i = 0; i < ITEMS; i++) { /* what was not known comes */
        (void)ids_put(world.ids, slice_str(world.names[i]));
    }
    for (size_t u = 0; u < 60; u++) { compare(&world, u, 1 + u % EACH); }
    release(&world);
}

/* The order of the records does not matter, to the bit; nor does a version that comes again. */
static void test_orders_and_versions(void **state)
{
    static struct world world, other;
    init(&world, 350);
    init(&other, 350);
    put_version(&world, 1, false);
    put_version(&other, 1, true);
    for (int round = 0; round < 3; round++) {
        for (size_t u = 0; u < 40; u++) {
            const struct person *person = &world.people[u];
            const int32_t *items;
            int32_t own[EACH];
            number_items(&world, person, EACH, own);
            (void)alike_users_find(world.alike, own, person->strengths, EACH, &items);
            (void)alike_users_find(other.alike, own, person->strengths, EACH, &items);
            for (int32_t i = 0; i < ids_count(world.ids); i++) {
                assert_true(alike_users_of(world.alike, i) == alike_users_of(other.alike, i));
            }
        }
        if (round == 0) { /* the same version, in the other order */
            cluster_space_remove_users(other.space, 99); /* it has none */
            assert_true(cluster_space_version(other.space) == 1);
            cluster_space_remove_users(other.space, 2);
            assert_true(cluster_space_version(other.space) == 0);
            put_version(&other, 1, false);
        }
        if (round == 1) {
            put_version(&world, 2, false);
            put_version(&other, 2, true);
            assert_null(put_part(&other, 1, 0)); /* late: nothing */
        }
    }
    release(&world);
    release(&other);
}

static void test_users_beyond_the_bound(void **state)
{
    static struct world world;
    init(&world, MOST);
    put_version(&world, 1, false);
    assert_int_equal(cluster_space_sample(world.space)->users, MOST);
    for (size_t u = 0; u < 12; u++) { compare(&world, u, 1 + u % EACH); }
    release(&world);
}

static void test_memory(void **state)
{
    static struct world world;
    init(&world, 350);
    cluster_space_free(world.space);
    world.space = cluster_space_new(1 << 14);
    const char *fault = NULL;
    for (size_t k = 0; k < 4 && !fault; k++) { fault = put_part(&world, 1, k); }
    assert_string_equal(fault, "over_memory");
    release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_scores_are_those_of_loops),
        cmocka_unit_test(test_orders_and_versions),
        cmocka_unit_test(test_users_beyond_the_bound),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
