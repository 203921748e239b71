#include "base/base.h"
#include "scorer/lists/content_rows.h"

#include <setjmp.h>
#include <cmocka.h>

enum { WIDTH = 4, RECENT = 8 };

struct scene {
    struct list_settings settings;
    struct tables tables;
    struct content_scores *scores;
};

static void begin(struct scene *scene)
{
    *scene = (struct scene){.settings = {.items_max = 1000, .recent_items = RECENT,
                                         .neighbours_used = 16}};
    tables_init(&scene->tables, &scene->settings);
    scene->scores = content_scores_new(admission_numbers(scene->settings.items_max), RECENT,
                                       scene->tables.ids);
}

static void end(struct scene *scene)
{
    content_scores_free(scene->scores);
    tables_release(&scene->tables);
}

/* Puts a row with one vector, or two. */
static const char *put(struct scene *scene, const char *id, const char *first, const int8_t *bytes,
                       size_t count)
{
    struct slice names[] = {slice_str(first), slice_str("given")};
    int32_t widths[] = {WIDTH, WIDTH};
    float scales[] = {0.01F, 0.01F};
    const struct content_vectors row = {
        .item_id = slice_str(id),
        .names = {names, count},
        .widths = {widths, count},
        .scales = {scales, count},
        .bytes = slice_of((const char *)bytes, count * WIDTH),
    };
    return content_rows_put(scene->scores, &scene->tables, &row);
}

/* The score of an item for a user who had another one. */
static float score(struct scene *scene, const char *had, const char *id)
{
    const int32_t *items, item = ids_find(scene->tables.ids, slice_str(had));
    const float weight = 1.0F;
    (void)content_scores_find(scene->scores, &item, &weight, 1, &items);
    return content_scores_of(scene->scores, ids_find(scene->tables.ids, slice_str(id)));
}

static void test_items_are_alike_by_their_vectors(void **state)
{
    const int8_t east[] = {127, 0, 0, 0, 0, 127, 0, 0}, near_east[] = {120, 30, 0, 0};
    const int8_t west[] = {-127, 0, 0, 0};
    struct scene scene;
    float share;
    begin(&scene);
    assert_null(put(&scene, "a", "text", east, 1));
    assert_null(put(&scene, "b", "text", near_east, 1));
    assert_null(put(&scene, "c", "text", west, 1));
    const float cosine = 120.0F / sqrtf(120.0F * 120.0F + 30.0F * 30.0F);
    assert_true(fabsf(score(&scene, "a", "b") - cosine * cosine) < 1e-5F);
    assert_int_equal(content_scores_because(scene.scores,
                                            ids_find(scene.tables.ids, slice_str("b")), &share),
                     ids_find(scene.tables.ids, slice_str("a")));
    assert_true(score(&scene, "a", "c") == 0.0F);
    /* One that comes after lists were made is found at once. */
    assert_null(put(&scene, "d", "text", east, 1));
    assert_true(fabsf(score(&scene, "a", "d") - 1.0F) < 1e-5F);
    /* Each kind is compared with its own, and adds to the other. */
    assert_null(put(&scene, "e", "given", east + WIDTH, 1));
    assert_null(put(&scene, "a", "text", east, 2));
    assert_true(fabsf(score(&scene, "a", "e") - 1.0F) < 1e-5F);
    assert_null(put(&scene, "e", "text", east, 2));
    assert_true(fabsf(score(&scene, "a", "e") - 2.0F) < 1e-5F);
    end(&scene);
}

static void test_vectors_change_and_go(void **state)
{
    const int8_t east[] = {127, 0, 0, 0}, west[] = {-127, 0, 0, 0};
    struct scene scene;
    begin(&scene);
    assert_null(put(&scene, "a", "text", east, 1));
    assert_null(put(&scene, "b", "text", east, 1));
    assert_true(score(&scene, "a", "b") > 0.9F);
    uint64_t clock = scene.tables.clock;
    assert_null(put(&scene, "b", "text", east, 1));
    assert_int_equal(scene.tables.clock, clock); /* nothing has changed */
    assert_null(put(&scene, "b", "text", west, 1));
    assert_true(scene.tables.clock > clock);
    assert_true(score(&scene, "a", "b") == 0.0F);
    assert_null(put(&scene, "b", "text", east, 1));
    assert_true(score(&scene, "a", "b") > 0.9F);
    assert_null(put(&scene, "b", "image", east, 1)); /* text has gone; image is not used */
    assert_true(score(&scene, "a", "b") == 0.0F);
    assert_null(put(&scene, "b", "text", east, 1));
    clock = scene.tables.clock;
    content_rows_remove(scene.scores, &scene.tables, slice_str("b"));
    assert_true(scene.tables.clock > clock);
    assert_true(score(&scene, "a", "b") == 0.0F);
    content_rows_remove(scene.scores, &scene.tables, slice_str("never"));
    end(&scene);
}

static void test_rows_that_disagree_are_refused(void **state)
{
    struct slice name = slice_str("text");
    int32_t width = WIDTH;
    float scale = 1.0F;
    const struct content_vectors row = {.item_id = slice_str("a"),
                                        .names = {&name, 1},
                                        .widths = {&width, 1},
                                        .scales = {&scale, 1},
                                        .bytes = slice_str("abc")};
    struct scene scene;
    begin(&scene);
    assert_string_equal(content_rows_put(scene.scores, &scene.tables, &row), "columns_differ");
    end(&scene);
}

/* Each vector is compared with those of its name, in whatever order the names came: the sum is the
 * same to the bit. */
static void test_several_by_name(void **state)
{
    static const char *const names[][3] = {{"clip", "image", "text"}, {"image", "text", "clip"}};
    const int8_t bytes[] = {127, 9, -5, 3, 90, 60, 2, 1, -20, 40, 100, 7};
    float sums[2] = {0};
    for (int turn = 0; turn < 2; turn++) {
        struct scene scene;
        begin(&scene);
        for (int k = 0; k < 3; k++) {
            const char *name = names[turn][k];
            size_t at = name[0] == 'c' ? 0 : name[0] == 'i' ? 4 : 8;
            char only[8];
            (void)snprintf(only, sizeof(only), "only%d", k);
            assert_null(put(&scene, only, name, bytes + at, 1)); /* names come in this order */
        }
        for (int k = 0; k < 2; k++) {
            const struct content_vectors row = {
                .item_id = slice_str(k ? "b" : "a"),
                .names = {(struct slice[]){slice_str("clip"), slice_str("image"),
                                           slice_str("text")}, 3},
                .widths = {(int32_t[]){4, 4, 4}, 3},
                .scales = {(float[]){0.1F, 0.1F, 0.1F}, 3},
                .bytes = slice_of((const char *)bytes, sizeof(bytes)),
            };
            assert_null(content_rows_put(scene.scores, &scene.tables, &row));
        }
        sums[turn] = score(&scene, "a", "b");
        assert_true(fabsf(sums[turn] - 3.0F) < 1e-5F); /* equal by all three */
        assert_true(fabsf(score(&scene, "a", "only0") - 1.0F) < 1e-5F);
        assert_int_equal(content_scores_kinds(scene.scores), 4); /* with `given` */
        end(&scene);
    }
    assert_memory_equal(&sums[0], &sums[1], sizeof(sums[0]));
}

/* Of more names than may be used, those are that most items have, whatever came first; one that
 * nobody has any more makes room. */
static void test_too_many_names(void **state)
{
    const int8_t east[] = {127, 0, 0, 0};
    struct scene scene;
    begin(&scene);
    for (int k = 0; k < CONTENT_VECTOR_KINDS; k++) {
        const char name[] = {'n', (char)('0' + k), '\0'}, only[] = {'o', (char)('0' + k), '\0'};
        assert_null(put(&scene, only, name, east, 1));
    }
    const char last[] = {'n', (char)('0' + CONTENT_VECTOR_KINDS - 1), '\0'};
    assert_null(put(&scene, "a", last, east, 1));
    assert_true(fabsf(score(&scene, "a", "o7") - 1.0F) < 1e-5F); /* two have it */
    assert_null(put(&scene, "b", "n5", east, 1));
    assert_null(put(&scene, "b2", "n5", east, 1));
    assert_true(fabsf(score(&scene, "b", "o5") - 1.0F) < 1e-5F);
    assert_null(put(&scene, "c", "n6", east, 1));
    for (int k = 0; k < 4; k++) { /* n0 to n3, n5 and n6 are as many as n7, and before it */
        const char name[] = {'n', (char)('0' + k), '\0'}, id[] = {'d', (char)('0' + k), '\0'};
        assert_null(put(&scene, id, name, east, 1));
    }
    assert_true(score(&scene, "a", "o7") == 0.0F);
    content_rows_remove(scene.scores, &scene.tables, slice_str("d0"));
    assert_true(fabsf(score(&scene, "a", "o7") - 1.0F) < 1e-5F);
    end(&scene);
}

/* Names come and go for years: a platform's newest model is compared. */
static void test_a_name_that_changes(void **state)
{
    const int8_t east[] = {127, 0, 0, 0};
    struct scene scene;
    char name[16];
    begin(&scene);
    for (int version = 0; version < 3 * CONTENT_NAMES_MAX; version++) {
        (void)snprintf(name, sizeof(name), "clip-%d", version);
        assert_null(put(&scene, "a", name, east, 1));
        assert_null(put(&scene, "b", name, east, 1));
        assert_true(fabsf(score(&scene, "a", "b") - 1.0F) < 1e-5F);
    }
    assert_true(content_scores_kinds(scene.scores) < CONTENT_VECTOR_KINDS);
    end(&scene);
}

/* A name with what no name has is not used, and takes nobody's room. */
static void test_names_that_are_none(void **state)
{
    const int8_t east[] = {127, 0, 0, 0};
    struct slice names[] = {slice_of("x\0y", 3), slice_str("")};
    int32_t widths[] = {2, 2};
    float scales[] = {1.0F, 1.0F};
    const struct content_vectors row = {.item_id = slice_str("a"),
                                        .names = {names, 2},
                                        .widths = {widths, 2},
                                        .scales = {scales, 2},
                                        .bytes = slice_of((const char *)east, WIDTH)};
    struct scene scene;
    begin(&scene);
    assert_null(content_rows_put(scene.scores, &scene.tables, &row));
    assert_int_equal(content_scores_kinds(scene.scores), 2);
    end(&scene);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_items_are_alike_by_their_vectors),
        cmocka_unit_test(test_vectors_change_and_go),
        cmocka_unit_test(test_rows_that_disagree_are_refused),
        cmocka_unit_test(test_several_by_name),
        cmocka_unit_test(test_too_many_names),
        cmocka_unit_test(test_a_name_that_changes),
        cmocka_unit_test(test_names_that_are_none),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
