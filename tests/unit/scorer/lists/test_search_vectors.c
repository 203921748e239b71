/* What is near a search's text: by the vectors as they are now, whatever is kept. */
#include "base/base.h"
#include "model/rng.h"
#include "scorer/lists/search_vectors.h"

#include <setjmp.h>
#include <cmocka.h>

#define MODEL "tests/golden/sentences"

enum { ITEMS = 600, TURNS = 60, TEXTS = 5 };

struct world {
    struct ids *ids;
    struct content_scores *content_scores;
    struct query_vectors *queries;
    struct search_vectors *search;
    struct slice model;
    int8_t numbers[ITEMS][VECTOR_WIDTH_MAX];
    bool there[ITEMS], ours[ITEMS];
    size_t width;
};

static void begin(struct world *world)
{
    const char *path = MODEL;
    char why[512];
    const struct list_settings settings = {.query_model_path = path,
                                           .query_pieces_max = 64,
                                           .query_cache = QUERIES_WAITING_MAX};
    struct vector_query query;
    *world = (struct world){.ids = ids_new(ITEMS)};
    for (int32_t i = 0; i < ITEMS; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%d", (i * 7) % ITEMS);
        (void)ids_put(world->ids, slice_str(id));
    }
    world->content_scores = content_scores_new(ITEMS, 10, world->ids);
    assert_int_equal(search_vectors_open(&settings, &world->queries, why, sizeof(why)), 0);
    world->search = search_vectors_new(world->queries, world->content_scores, world->ids);
    world->model = slice_str(query_vectors_version(world->queries));
    assert_int_equal(query_vectors_find(world->queries, slice_str("a"), 0, &query),
                     QUERY_ENCODED);
    world->width = query.width;
}

static void end(struct world *world)
{
    assert_null(search_vectors_free(NULL));
    search_vectors_free(world->search);
    query_vectors_free(world->queries);
    content_scores_free(world->content_scores);
    ids_free(world->ids);
}

static void set(struct world *world, int32_t item, uint64_t *rng, bool there, bool ours)
{
    const struct slice other = slice_str("another model");
    for (size_t i = 0; i < world->width; i++) {
        world->numbers[item][i] = (int8_t)((int)rng_below(rng, 255) - 127);
    }
    (void)content_scores_set_vector(world->content_scores, item, CONTENT_TEXT,
                                    there ? world->numbers[item] : NULL,
                                    there ? world->width : 0);
    search_vectors_note(world->search, item, there ? ours ? &world->model : &other : NULL);
    world->there[item] = there;
    world->ours[item] = there && ours;
}

/* How many of the items that may be found have a greater cosine with the query than one has. */
static size_t nearer_than(const struct world *world, const struct search_query *query, int32_t item)
{
    size_t nearer = 0;
    float cosine = vector_neighbours_cosine(query->vectors, query->vector, item);
    for (int32_t i = 0; i < ITEMS; i++) {
        float own = world->ours[i]
                        ? vector_neighbours_cosine(query->vectors, query->vector, i) : 0.0F;
        nearer += own > cosine || (own == cosine && i != item && ids_before(world->ids, i, item));
    }
    return nearer;
}

static void test_nearest_follow_the_vectors(void **state _unused_)
{
    static const char *const texts[TEXTS] = {"the sea", "a moon", "two trains", "water", "sea"};
    static struct world world;
    uint64_t rng = 5;
    begin(&world);
    struct search_query query = {0};
    assert_false(search_vectors_find(world.search, slice_str("the sea"), &query));
    for (int32_t i = 0; i < ITEMS; i++) { set(&world, i, &rng, true, i % 5 != 0); }
    for (int turn = 0; turn < TURNS; turn++) {
        if (turn % 3 == 0) {
            set(&world, (int32_t)rng_below(&rng, ITEMS), &rng, turn % 2, turn % 4 == 1);
        }
        query = (struct search_query){0};
        const char *text = texts[rng_below(&rng, TEXTS)];
        assert_true(search_vectors_find(world.search, slice_str(text), &query));
        assert_true(query.nearest_count > 20 && query.nearest_count <= FOUND_EACH);
        for (size_t k = 0; k < query.nearest_count; k++) {
            assert_true(world.ours[query.nearest[k]]);
            assert_int_equal(nearer_than(&world, &query, query.nearest[k]), k);
        }
    }
    assert_int_equal(query_vectors_encoded(world.queries), TEXTS + 1); /* each once */
    end(&world);
}

static void test_texts_that_have_none(void **state _unused_)
{
    static struct world world;
    static char text[QUERY_BYTES_MAX + 1];
    uint64_t rng = 5;
    struct search_query query = {0};
    begin(&world);
    for (int32_t i = 0; i < ITEMS; i++) { set(&world, i, &rng, true, false); }
    assert_false(search_vectors_find(world.search, slice_of("", 0), &query));
    memset(text, 'a', sizeof(text));
    assert_false(search_vectors_find(world.search, slice_of(text, sizeof(text)), &query));
    /* none is of the model */
    assert_false(search_vectors_find(world.search, slice_str("the sea"), &query));
    set(&world, 3, &rng, true, true);
    for (int i = 0; i < 20 && !search_vectors_find(world.search, slice_str("the sea"), &query);
         i++) {
        set(&world, 3, &rng, true, true);
    }
    assert_int_equal(query.nearest_count, 1);
    end(&world);
}

static void test_without_a_model(void **state _unused_)
{
    const struct list_settings none = {.query_model_path = ""};
    const struct list_settings wrong = {.query_model_path = "tests/none",
                                        .query_pieces_max = 64,
                                        .query_cache = QUERIES_WAITING_MAX};
    struct query_vectors *queries = (void *)1;
    char why[512] = "";
    assert_int_equal(search_vectors_open(&none, &queries, why, sizeof(why)), 0);
    assert_null(queries);
    assert_int_equal(search_vectors_open(&wrong, &queries, why, sizeof(why)), -1);
    assert_non_null(strstr(why, "tests/none"));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_nearest_follow_the_vectors),
        cmocka_unit_test(test_texts_that_have_none),
        cmocka_unit_test(test_without_a_model),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
