/* What content says of items follows from the catalogue and the rows of vectors as they are. One
 * process saw entries and rows come, change and go between lists; another one, started later, read
 * what was left of them, in another order. All scores are equal, to the bit.
 *
 * Widths and names of vectors differ from item to item, as they do while a platform goes over to
 * another model, and where somebody errs.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/content_rows.h"
#include "scorer/lists/item_features.h"
#include "tests/unit/numbers.h"

enum { ITEMS = 700, RECENT = 5, ROW_VECTORS = 3, WIDTH_MOST = 100, NAMES = 9, LOOKED = 60 };

/* What the topics have of the items: the seeds of entries and rows; 0: none. */
struct topics {
    uint64_t entries[ITEMS], rows[ITEMS];
    double strays; /* the share of vectors that have another width than most */
};

struct reader {
    struct list_settings settings;
    struct tables tables;
    struct content_scores *scores;
    struct item_features *features;
};

static void begin(struct reader *reader)
{
    *reader = (struct reader){.settings = {.items_max = 2 * ITEMS, .recent_items = RECENT,
                                           .neighbours_used = 16}};
    tables_init(&reader->tables, &reader->settings);
    reader->scores = content_scores_new(admission_numbers(reader->settings.items_max), RECENT,
                                        reader->tables.ids);
    reader->features = item_features_new();
}

static void end(struct reader *reader)
{
    content_scores_free(reader->scores);
    item_features_free(reader->features);
    tables_release(&reader->tables);
}

static struct slice id_of(int item, char text[16])
{
    (void)snprintf(text, 16, "i%d", item);
    return slice_str(text);
}

static void read_entry(struct reader *reader, int item, uint64_t seed)
{
    char id[16], tags[6][16], title[64];
    struct slice tagged[6];
    int32_t number = tables_number(&reader->tables, id_of(item, id));
    if (!seed) {
        (void)content_scores_describe(reader->scores, number, NULL, 0);
        return;
    }
    for (size_t k = 0; k < 6; k++) {
        double of = draw(&seed);
        (void)snprintf(tags[k], sizeof(tags[k]), "tag%d", (int)(of * of * 80.0));
        tagged[k] = slice_str(tags[k]);
    }
    (void)snprintf(title, sizeof(title), "word%d and w%d", (int)(draw(&seed) * 40.0),
                   (int)(draw(&seed) * 40.0));
    const struct item entry = {
        .tags = {tagged, 6},
        .title = slice_str(title),
        .brand = slice_str(tags[(size_t)(draw(&seed) * 6.0)]),
        .price = exp(8.0 * draw(&seed)),
    };
    (void)item_features_describe(reader->features, number, &entry, reader->scores);
}

static void read_row(struct reader *reader, const struct topics *topics, int item, uint64_t seed)
{
    static const char *const names[NAMES] = {"text", "given", "clip", "image", "llm",
                                             "n1",   "n2",    "n3",   "n4"};
    char id[16];
    int8_t bytes[ROW_VECTORS * WIDTH_MOST];
    struct slice named[ROW_VECTORS];
    int32_t widths[ROW_VECTORS];
    float scales[ROW_VECTORS] = {1.0F, 1.0F, 1.0F};
    size_t size = 0;
    if (!seed) {
        content_rows_remove(reader->scores, &reader->tables, id_of(item, id));
        return;
    }
    for (size_t k = 0; k < ROW_VECTORS; k++) {
        double of = draw(&seed);
        named[k] = slice_str(names[k == 0 ? 0 : k + (size_t)(of * of * of * (NAMES - k))]);
        if (k == 2 && slice_equal(named[1], named[2])) { named[2] = slice_str("n5"); }
        widths[k] = draw(&seed) >= topics->strays ? WIDTH_MOST : 12 + (int)(draw(&seed) * 3.0);
        for (int32_t i = 0; i < widths[k]; i++) {
            bytes[size++] = (int8_t)(250.0 / (1.0 + 0.1 * i) * (draw(&seed) - 0.5));
        }
    }
    const struct content_vectors row = {
        .item_id = id_of(item, id),
        .names = {named, ROW_VECTORS},
        .widths = {widths, ROW_VECTORS},
        .scales = {scales, ROW_VECTORS},
        .bytes = slice_of((const char *)bytes, size),
    };
    assert_null(content_rows_put(reader->scores, &reader->tables, &row));
}

/* What content says to a user: of all items as a whole, and of some by aspect. */
struct said {
    float scores[ITEMS], compared[LOOKED], aspects[ASPECTS][LOOKED];
    int because[ITEMS];
};

static int32_t number_of(const struct reader *reader, int item)
{
    char id[16];
    return ids_find(reader->tables.ids, id_of(item, id));
}

static void ask(struct reader *reader, int user, struct said *ret_said)
{
    const float weights[] = {1, 1, 1, 1};
    int32_t history[4], looked[LOOKED];
    const int32_t *found;
    for (int k = 0; k < 4; k++) { history[k] = number_of(reader, (user * 31 + k * 7) % ITEMS); }
    for (int k = 0; k < LOOKED; k++) { looked[k] = number_of(reader, (user + k) % ITEMS); }
    (void)content_scores_find(reader->scores, history, weights, 4, &found);
    for (int i = 0; i < ITEMS; i++) {
        float share;
        int32_t number = number_of(reader, i);
        ret_said->scores[i] = number == ID_NONE ? 0.0F : content_scores_of(reader->scores, number);
        int32_t because = number == ID_NONE
                              ? ID_NONE
                              : content_scores_because(reader->scores, number, &share);
        ret_said->because[i] = -1;
        for (int k = 0; k < 4; k++) {
            if (because == history[k] && because != ID_NONE) { ret_said->because[i] = k; }
        }
    }
    for (int k = 0; k < LOOKED; k++) {
        ret_said->compared[k] = content_scores_compare(reader->scores, looked[k]).score;
    }
    content_scores_by_aspect(reader->scores, looked, LOOKED, &ret_said->aspects[0][0], LOOKED);
}

static void assert_equal(const struct said *a, const struct said *b)
{
    for (int i = 0; i < ITEMS; i++) {
        if (a->scores[i] != b->scores[i]) {
            fail_msg("item %d: %.9g and %.9g", i, (double)a->scores[i], (double)b->scores[i]);
        }
        assert_int_equal(a->because[i], b->because[i]);
    }
    for (int k = 0; k < LOOKED; k++) {
        assert_true(a->compared[k] == b->compared[k]);
        for (int of = 0; of < ASPECTS; of++) {
            if (a->aspects[of][k] == b->aspects[of][k]) { continue; }
            fail_msg("aspect %s: %.9g and %.9g", content_aspect_name(of),
                     (double)a->aspects[of][k], (double)b->aspects[of][k]);
        }
    }
}

/* Lets entries and rows come, change and go, with lists in between. */
static void live(struct reader *reader, struct topics *topics, uint64_t *rng, int steps)
{
    static struct said said;
    for (int step = 0; step < steps; step++) {
        int item = (int)(draw(rng) * ITEMS);
        uint64_t seed = draw(rng) < 0.25 ? 0 : *rng | 1;
        if (draw(rng) < 0.5) {
            topics->entries[item] = seed;
            read_entry(reader, item, seed);
        } else {
            topics->rows[item] = seed;
            read_row(reader, topics, item, seed);
        }
        if (step % 97 == 0) { ask(reader, step, &said); }
    }
}

static void load(struct reader *reader, const struct topics *topics)
{
    for (int i = ITEMS - 1; i >= 0; i--) {
        if (topics->rows[i]) { read_row(reader, topics, i, topics->rows[i]); }
    }
    for (int i = 0; i < ITEMS; i++) {
        int item = i * 11 % ITEMS;
        if (topics->entries[item]) { read_entry(reader, item, topics->entries[item]); }
    }
}

/* Says whether a reader of what is left in the topics says what one does who saw it all. */
static void compare_after(double strays, int steps, uint64_t seed)
{
    static struct said said[2];
    static struct topics topics;
    struct reader readers[2];
    uint64_t rng = seed;
    topics = (struct topics){.strays = strays};
    begin(&readers[0]);
    for (int turn = 0; turn < 4; turn++) {
        live(&readers[0], &topics, &rng, steps);
        begin(&readers[1]);
        load(&readers[1], &topics);
        for (int user = 0; user < 40; user++) {
            ask(&readers[0], user, &said[0]);
            ask(&readers[1], user, &said[1]);
            assert_equal(&said[0], &said[1]);
        }
        end(&readers[1]);
    }
    end(&readers[0]);
}

static void test_vectors_of_one_width(void **state)
{
    compare_after(0.0, 1500, 1);
}

static void test_stray_widths(void **state)
{
    compare_after(0.02, 1500, 2);
}

static void test_a_model_of_another_width(void **state)
{
    compare_after(0.6, 1500, 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_vectors_of_one_width),
        cmocka_unit_test(test_stray_widths),
        cmocka_unit_test(test_a_model_of_another_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
