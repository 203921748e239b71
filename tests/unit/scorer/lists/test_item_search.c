#include "base/base.h"
#include "scorer/lists/item_search.h"
#include "tests/unit/numbers.h"

enum { ITEMS = 400, WIDTH = 12 };

static void name(struct ids *ids, int32_t count)
{
    for (int32_t i = 0; i < count; i++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%03d", i);
        (void)ids_put(ids, slice_str(id));
    }
}

static void put(struct item_search *search, int32_t number, const char *title, const char *tag)
{
    struct slice tags[] = {slice_str(tag)};
    const struct item item = {.title = slice_str(title), .tags = {tags, tag[0] ? 1 : 0}};
    item_search_put(search, number, &item);
}

static size_t find(struct item_search *search, const char *text, const struct item_flags *flags,
                   struct found_item *found)
{
    const struct search_query query = {.text = slice_str(text)};
    return item_search_find(search, &query, flags, found);
}

/* By words alone: every word counts by how rare it is, wherever it stands; what is barred or has
 * gone is not found. */
static void test_words(void **state _unused_)
{
    static struct found_item found[FOUND_ITEMS_MAX];
    struct ids *ids = ids_new(100);
    struct item_search *search = item_search_new(100, ids);
    uint8_t at[5] = {ITEM_LISTED, ITEM_LISTED, ITEM_LISTED, ITEM_LISTED, ITEM_LISTED};
    const struct item_flags flags = {.at = at, .count = 5};
    name(ids, 6);
    put(search, 0, "Space Opera", "music");
    put(search, 1, "A space film", "film");
    put(search, 2, "Opera of the sea", "film");
    put(search, 3, "The sea", "space travel");
    put(search, 4, "Something else", "film");
    assert_int_equal(find(search, "SPACE opera!", &flags, found), 4);
    assert_int_equal(found[0].item, 0);
    assert_true(found[0].relevance == 1.0F);
    for (size_t k = 1; k < 4; k++) {
        assert_true(found[k].relevance > 0.0F && found[k].relevance < 1.0F);
    }
    assert_int_equal(find(search, "sea sea sea", &flags, found), 2);
    assert_int_equal(found[0].item, 3);
    assert_int_equal(find(search, "unheard", &flags, found), 0);
    assert_int_equal(find(search, "", &flags, found), 0);
    at[0] |= ITEM_BARRED;
    assert_int_equal(find(search, "space opera", &flags, found), 3);
    item_search_remove(search, 3);
    assert_int_equal(find(search, "space opera", &flags, found), 2);
    put(search, 1, "A film", "");
    assert_int_equal(find(search, "space opera", &flags, found), 1);
    assert_int_equal(found[0].item, 2);
    item_search_put(search, ID_NONE, &(struct item){.title = slice_str("opera")});
    assert_null(item_search_free(NULL));
    item_search_free(search);
    ids_free(ids);
}

/* Titles that change for years: what nobody has any more is forgotten, and counts in a query as
 * what nobody ever had. */
static void test_titles_that_change(void **state _unused_)
{
    enum { CHANGES = 200000, BOUND = 1 << 17 };
    static struct found_item found[FOUND_ITEMS_MAX];
    const int8_t east[] = {100, 5};
    static struct vector_query vector;
    float relevance[2];
    char title[64];
    const struct item_flags flags = {0};
    for (int way = 0; way < 2; way++) { /* a process that saw it all, and a new one */
        struct ids *ids = ids_new(100);
        struct vector_neighbours *vectors = vector_neighbours_new(100, ids);
        const int32_t nearest[] = {1};
        const struct search_query query = {
            .text = slice_str("train updated7 updated7 updated199998"), .vectors = vectors,
            .vector = &vector, .nearest = nearest, .nearest_count = 1, .vectors_weight = 0.5};
        struct item_search *search = item_search_new(100, ids);
        name(ids, 6);
        put(search, 0, "wooden train", "");
        put(search, 1, "wooden boat", "");
        (void)vector_neighbours_put(vectors, 1, east, 2);
        vector_neighbours_mark(vectors, 1, true);
        vector_query_set(&vector, east, 2);
        for (int change = way ? CHANGES - 1 : 0; change < CHANGES; change++) {
            (void)snprintf(title, sizeof(title), "boat updated%d", change);
            put(search, 2, title, "");
            assert_true(item_search_words(search) < BOUND);
        }
        size_t count = item_search_find(search, &query, &flags, found);
        assert_int_equal(count, 2);
        relevance[way] = found[1].relevance;
        vector_neighbours_free(vectors);
        item_search_free(search);
        ids_free(ids);
    }
    assert_true(relevance[0] == relevance[1]);
}

/* A text may have any number of words, known or not. */
static void test_many_words(void **state _unused_)
{
    static struct found_item found[FOUND_ITEMS_MAX];
    char text[QUERY_BYTES_MAX + 1] = "";
    struct ids *ids = ids_new(ITEMS);
    struct item_search *search = item_search_new(ITEMS, ids);
    const struct item_flags flags = {0};
    name(ids, ITEMS);
    for (int32_t i = 0; i < ITEMS; i++) { put(search, i, i % 2 ? "a b c" : "b d", "e"); }
    for (size_t k = 0; k + 2 < sizeof(text); k += 2) { memcpy(text + k, k % 14 ? "q " : "a ", 3); }
    for (size_t k = 0; k + 3 < sizeof(text); k += 7) { text[k] = (char)('a' + (char)(k % 26)); }
    size_t count = find(search, text, &flags, found);
    assert_int_equal(count, FOUND_EACH);
    for (size_t k = 1; k < count; k++) {
        assert_true(found[k].relevance <= found[k - 1].relevance);
        bool equal = found[k].relevance == found[k - 1].relevance;
        assert_true(!equal || found[k].item > found[k - 1].item);
    }
    item_search_free(search);
    ids_free(ids);
}

struct world {
    struct ids *ids;
    struct item_search *search;
    struct vector_neighbours *vectors;
    struct vector_query vector;
    int32_t nearest[FOUND_EACH];
    size_t nearest_count;
};

static bool before(const void *ids, int32_t a, int32_t b)
{
    return ids_before(ids, a, b);
}

static bool any(const void *arg _unused_, int32_t item _unused_)
{
    return true;
}

static void make(struct world *world, uint64_t *rng)
{
    struct topk top;
    int8_t numbers[WIDTH];
    world->ids = ids_new(ITEMS);
    world->search = item_search_new(ITEMS, world->ids);
    world->vectors = vector_neighbours_new(ITEMS, world->ids);
    name(world->ids, ITEMS);
    for (int32_t i = 0; i < ITEMS; i++) {
        char title[64];
        (void)snprintf(title, sizeof(title), "w%d w%d w%d", (int)(draw(rng) * 9),
                       (int)(draw(rng) * 30), (int)(draw(rng) * 300));
        put(world->search, i, title, "");
        for (size_t k = 0; k < WIDTH; k++) { numbers[k] = (int8_t)(draw(rng) * 255.0 - 127.0); }
        (void)vector_neighbours_put(world->vectors, i, numbers, WIDTH);
        vector_neighbours_mark(world->vectors, i, draw(rng) < 0.9);
    }
    vector_query_set(&world->vector, numbers, WIDTH);
    topk_init(&top, before, world->ids);
    topk_clear(&top, FOUND_EACH);
    (void)vector_neighbours_offer(world->vectors, &world->vector, 0, SIZE_MAX, any, NULL, &top);
    topk_sort(&top);
    for (size_t k = 0; k < top.count; k++) { world->nearest[k] = top.entries[k].item; }
    world->nearest_count = top.count;
    topk_release(&top);
}

static void release(struct world *world)
{
    item_search_free(world->search);
    vector_neighbours_free(world->vectors);
    ids_free(world->ids);
}

/* Finds an item's relevance by one part alone; 0: it is not found. */
static double part(const struct found_item *found, size_t count, int32_t item)
{
    for (size_t k = 0; k < count; k++) {
        if (found[k].item == item) { return (double)found[k].relevance; }
    }
    return 0.0;
}

/* Words and vectors together: the sum of both parts, of whichever candidates. */
static void test_both(void **state _unused_)
{
    static struct world world;
    static struct found_item words[FOUND_ITEMS_MAX], vectors[FOUND_ITEMS_MAX],
        both[FOUND_ITEMS_MAX];
    uint64_t rng = 23;
    make(&world, &rng);
    const struct item_flags flags = {0};
    struct search_query query = {.text = slice_str("w3 w17 unheard")};
    size_t words_count = item_search_find(world.search, &query, &flags, words);
    query.vectors = world.vectors;
    query.vector = &world.vector;
    query.nearest = world.nearest;
    query.nearest_count = world.nearest_count;
    query.vectors_weight = 1.0;
    size_t vectors_count = item_search_find(world.search, &query, &flags, vectors);
    query.vectors_weight = 0.4;
    size_t both_count = item_search_find(world.search, &query, &flags, both);
    assert_true(words_count > 20 && vectors_count > 50 && both_count >= vectors_count);
    /* the cosine of the nearest is the whole of V, and that of the last one none */
    float best = vector_neighbours_cosine(world.vectors, &world.vector, world.nearest[0]);
    float floor = world.nearest_count == FOUND_EACH
                      ? vector_neighbours_cosine(world.vectors, &world.vector,
                                                 world.nearest[FOUND_EACH - 1])
                      : 0.0F;
    for (size_t k = 0; k < vectors_count; k++) {
        double cosine = (double)vector_neighbours_cosine(world.vectors, &world.vector,
                                                         vectors[k].item);
        near_to((double)vectors[k].relevance,
                (cosine - (double)floor) / ((double)best - (double)floor), 1e-5, "cosine", k);
    }
    /* the ratio of W and V is known from two items; the others must agree with it */
    double scale = 0.0, unit = 0.0;
    for (size_t k = 0; k < both_count; k++) {
        double w = part(words, words_count, both[k].item);
        double v = part(vectors, vectors_count, both[k].item);
        if (!(w > 0.0)) { unit = (double)both[k].relevance / v; }
    }
    assert_true(unit > 0.0);
    for (size_t k = 0; k < both_count; k++) {
        double w = part(words, words_count, both[k].item);
        double v = part(vectors, vectors_count, both[k].item);
        double rest = (double)both[k].relevance - unit * v;
        if (w > 0.0 && scale == 0.0) { scale = rest / w; }
        near_to(rest, scale * w, 1e-5, "item", k);
    }
    assert_true(scale > 0.0 && both[0].relevance == 1.0F);
    release(&world);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_words),
        cmocka_unit_test(test_many_words),
        cmocka_unit_test(test_titles_that_change),
        cmocka_unit_test(test_both),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
