#include "base/base.h"
#include "base/xalloc.h"
#include "model/feature_neighbours.h"
#include "tests/unit/numbers.h"

enum { ITEMS = 300, FEATURES = 40, EACH = 6 };

struct catalogue {
    uint32_t at[ITEMS][EACH];
    size_t count[ITEMS];
};

static bool has(const struct catalogue *catalogue, int32_t item, uint32_t feature)
{
    for (size_t k = 0; k < catalogue->count[item]; k++) {
        if (catalogue->at[item][k] == feature) { return true; }
    }
    return false;
}

static int level(int n)
{
    return n > 0 ? (int)floor(4.0 * log2((double)n)) : 0;
}

/* The formula, from the whole catalogue. */
static float cosine(const struct catalogue *catalogue, int32_t a, int32_t b)
{
    double dot = 0, of_a = 0, of_b = 0;
    int items = 0;
    for (int32_t i = 0; i < ITEMS; i++) { items += catalogue->count[i] > 0; }
    for (uint32_t f = 0; f < FEATURES; f++) {
        int df = 0;
        for (int32_t i = 0; i < ITEMS; i++) { df += has(catalogue, i, f); }
        int w = df < 2 ? 0 : MAX_OF(level(items) - level(df), 0);
        dot += has(catalogue, a, f) && has(catalogue, b, f) ? w * w : 0;
        of_a += has(catalogue, a, f) ? w * w : 0;
        of_b += has(catalogue, b, f) ? w * w : 0;
    }
    return dot > 0 ? (float)(dot / sqrt(of_a * of_b)) : 0.0F;
}

static void draw_item(uint64_t *rng, struct catalogue *catalogue, int32_t item)
{
    catalogue->count[item] = draw(rng) < 0.2 ? 0 : 1 + (size_t)(draw(rng) * (EACH - 1));
    for (size_t k = 0; k < catalogue->count[item]; k++) {
        catalogue->at[item][k] = (uint32_t)(draw(rng) * draw(rng) * FEATURES);
    }
}

static bool put(struct feature_neighbours *neighbours, const struct catalogue *catalogue,
                int32_t item)
{
    return feature_neighbours_put(neighbours, item, catalogue->at[item], catalogue->count[item]);
}

static void assert_row(struct feature_neighbours *neighbours, const struct catalogue *catalogue,
                       int32_t item)
{
    size_t count, above = 0;
    const struct alike *alike = feature_neighbours_of(neighbours, item, &count);
    for (size_t k = 0; k < count; k++) {
        assert_true(alike[k].cosine == cosine(catalogue, item, alike[k].item));
        assert_true(k == 0 || alike[k].cosine < alike[k - 1].cosine ||
                    (!(alike[k].cosine > alike[k - 1].cosine) &&
                     alike[k].item > alike[k - 1].item));
    }
    float least = count == NEAREST_ITEMS ? alike[count - 1].cosine : 0.0F;
    for (int32_t i = 0; i < ITEMS; i++) {
        above += i != item && cosine(catalogue, item, i) > least;
    }
    assert_true(above <= count);
    assert_true(count == NEAREST_ITEMS || above == count);
}

/* However items come, change and go between looks at rows, rows are exact. */
static void test_rows_are_exact(void **state)
{
    static struct catalogue catalogue;
    struct feature_neighbours *neighbours = feature_neighbours_new(ITEMS, /* ids= */ NULL);
    uint64_t rng = 5;
    for (int step = 0; step < 1500; step++) {
        int32_t item = (int32_t)(draw(&rng) * ITEMS);
        draw_item(&rng, &catalogue, item);
        (void)put(neighbours, &catalogue, item);
        if (step % 5 == 0) { assert_row(neighbours, &catalogue, (int32_t)(draw(&rng) * ITEMS)); }
        if (step % 7 == 0) { assert_row(neighbours, &catalogue, 17); }
        int32_t other = (int32_t)(draw(&rng) * ITEMS);
        assert_true(feature_neighbours_cosine(neighbours, item, other) ==
                    cosine(&catalogue, item, other));
    }
    for (int32_t i = 0; i < ITEMS; i += 10) { assert_row(neighbours, &catalogue, i); }
    feature_neighbours_free(neighbours);
}

/* Two processes number items and features as they come: rows are the same, also where many items
 * are equally alike. */
static void test_rows_do_not_depend_on_the_order(void **state)
{
    struct ids *ids[2] = {ids_new(ITEMS), ids_new(ITEMS)};
    struct feature_neighbours *neighbours[2];
    char text[16];
    for (int way = 0; way < 2; way++) {
        neighbours[way] = feature_neighbours_new(ITEMS, ids[way]);
        for (int32_t k = 0; k < ITEMS; k++) {
            int32_t i = way ? ITEMS - 1 - k : k;
            (void)snprintf(text, sizeof(text), "i%d", i);
            int32_t number = ids_put(ids[way], slice_str(text));
            const uint32_t kind = (uint32_t)(way ? 7 - i % 2 : i % 2);
            assert_true(feature_neighbours_put(neighbours[way], number, &kind, 1));
            size_t count;
            (void)feature_neighbours_of(neighbours[way], k / 2, &count);
        }
    }
    for (int32_t i = 0; i < ITEMS; i++) {
        size_t count[2];
        const struct alike *row[2];
        for (int way = 0; way < 2; way++) {
            int32_t number = ids_find(ids[way], ids_text(ids[0], i));
            row[way] = feature_neighbours_of(neighbours[way], number, &count[way]);
        }
        assert_int_equal(count[0], NEAREST_ITEMS);
        assert_int_equal(count[1], NEAREST_ITEMS);
        for (size_t k = 0; k < NEAREST_ITEMS; k++) {
            assert_true(slice_equal(ids_text(ids[0], row[0][k].item),
                                    ids_text(ids[1], row[1][k].item)));
        }
    }
    for (int way = 0; way < 2; way++) {
        feature_neighbours_free(neighbours[way]);
        ids_free(ids[way]);
    }
}

/* What an item is like by one aspect, features modulo FEATURE_ASPECTS, from the whole catalogue. */
static double cosine_by(const struct catalogue *catalogue, uint32_t aspect, int32_t a, int32_t b)
{
    static struct catalogue only;
    memset(&only, 0, sizeof(only));
    for (int32_t i = 0; i < ITEMS; i++) {
        for (size_t k = 0; k < catalogue->count[i]; k++) {
            only.at[i][k] = catalogue->at[i][k] % FEATURE_ASPECTS == aspect ? catalogue->at[i][k]
                                                                            : FEATURES;
        }
        only.count[i] = catalogue->count[i];
    }
    return a == b && !(cosine(&only, a, a) > 0.0F) ? 0.0 : (double)cosine(&only, a, b);
}

static void test_profile(void **state)
{
    static struct catalogue catalogue;
    struct feature_neighbours *neighbours = feature_neighbours_new(ITEMS, /* ids= */ NULL);
    uint64_t rng = 6;
    for (uint32_t f = 0; f < FEATURES; f++) {
        feature_neighbours_set_aspect(neighbours, f, (int)(f % FEATURE_ASPECTS));
    }
    for (int32_t i = 0; i < ITEMS; i++) {
        draw_item(&rng, &catalogue, i);
        (void)put(neighbours, &catalogue, i);
    }
    for (int turn = 0; turn < 4; turn++) {
        const int32_t sources[] = {turn * 13, turn * 5 + 7, 299 - turn};
        feature_neighbours_profile_clear(neighbours);
        for (size_t s = 0; s < 3; s++) {
            feature_neighbours_profile_add(neighbours, sources[s], 1.0F / (float)(s + 1));
        }
        feature_neighbours_profile_add(neighbours, ITEMS + 5, 1.0F); /* nothing is known of it */
        enum { STEP = 29, SCORED = ITEMS / STEP + 2 };
        int32_t items[SCORED];
        float scores[FEATURE_ASPECTS * SCORED];
        size_t count = 0;
        for (int32_t i = turn; i < ITEMS; i += STEP) { items[count++] = i; }
        items[count++] = ITEMS + 5;
        feature_neighbours_profile_scores(neighbours, items, count, scores, SCORED);
        for (size_t k = 0; k < count; k++) {
            for (uint32_t aspect = 0; aspect < FEATURE_ASPECTS; aspect++) {
                double want = 0.0;
                for (size_t s = 0; s < 3 && items[k] < ITEMS; s++) {
                    want += cosine_by(&catalogue, aspect, sources[s], items[k]) / (double)(s + 1);
                }
                near_to((double)scores[aspect * SCORED + k], want, 1e-5, "aspect", aspect);
            }
        }
    }
    feature_neighbours_free(neighbours);
}

/* Many with a panel are as each with each; nothing of a panel is left behind. */
static void test_panel(void **state)
{
    static struct catalogue catalogue;
    static float cosines[ITEMS * PANEL_ITEMS];
    struct feature_neighbours *neighbours = feature_neighbours_new(ITEMS, /* ids= */ NULL);
    int32_t items[ITEMS], panel[PANEL_ITEMS];
    uint64_t rng = 8;
    for (int32_t i = 0; i < ITEMS; i++) {
        draw_item(&rng, &catalogue, i);
        (void)put(neighbours, &catalogue, i);
        items[i] = i;
    }
    for (int turn = 0; turn < 5; turn++) {
        const size_t count = turn == 4 ? 1 : PANEL_ITEMS;
        for (int32_t k = 0; k < PANEL_ITEMS; k++) { panel[k] = (turn * 41 + k * 9) % ITEMS; }
        panel[0] = turn == 2 ? ITEMS + 5 : panel[0]; /* nothing is known of it */
        feature_neighbours_cosines(neighbours, panel, count, items, ITEMS, cosines);
        for (int32_t i = 0; i < ITEMS; i++) {
            for (size_t k = 0; k < count; k++) {
                assert_true(cosines[(size_t)i * count + k] ==
                            feature_neighbours_cosine(neighbours, i, panel[k]));
            }
        }
    }
    feature_neighbours_free(neighbours);
}

static void test_what_changes_nothing(void **state)
{
    const uint32_t two[] = {4, 9}, same[] = {9, 4, 9};
    struct feature_neighbours *neighbours = feature_neighbours_new(5, /* ids= */ NULL);
    size_t count;
    assert_true(feature_neighbours_put(neighbours, 1, two, 2));
    assert_false(feature_neighbours_put(neighbours, 1, same, 3));
    assert_false(feature_neighbours_put(neighbours, 5, two, 2));
    assert_false(feature_neighbours_put(neighbours, -1, two, 2));
    assert_false(feature_neighbours_put(neighbours, 2, NULL, 0));
    (void)feature_neighbours_of(neighbours, 1, &count);
    assert_int_equal(count, 0);
    (void)feature_neighbours_of(neighbours, 4, &count);
    assert_int_equal(count, 0);
    feature_neighbours_free(neighbours);
}

/* A catalogue whose items share features comes again, with other titles, and goes: an item is found
 * at once among all that have a feature (seconds, where it was looked for). */
static void test_a_catalogue_comes_again(void **state)
{
    enum { MANY = 100000, SHARED = 3 };
    struct feature_neighbours *neighbours = feature_neighbours_new(MANY, /* ids= */ NULL);
    size_t count;
    for (int32_t turn = 0; turn < 2; turn++) {
        for (int32_t i = 0; i < MANY; i++) {
            const uint32_t features[] = {0, 1, 2, (uint32_t)(SHARED + i / 2 + turn)};
            assert_true(feature_neighbours_put(neighbours, i, features, SHARED + 1));
        }
    }
    assert_int_equal(feature_neighbours_used(neighbours), SHARED + MANY / 2);
    const struct alike *alike = feature_neighbours_of(neighbours, 5, &count);
    assert_int_equal(count, 1); /* what all have weighs nothing */
    assert_int_equal(alike[0].item, 4);
    for (int32_t i = 0; i < MANY; i++) {
        assert_true(feature_neighbours_put(neighbours, i, NULL, 0));
    }
    assert_int_equal(feature_neighbours_used(neighbours), 0);
    feature_neighbours_free(neighbours);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_exact),
        cmocka_unit_test(test_rows_do_not_depend_on_the_order),
        cmocka_unit_test(test_profile),
        cmocka_unit_test(test_panel),
        cmocka_unit_test(test_what_changes_nothing),
        cmocka_unit_test(test_a_catalogue_comes_again),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
