/* Vectors and searches in the Transformer's sequences, from the catalogue to the lists: embed makes
 * vectors of texts, the sequence trainer learns what they mean, and what a user has just searched
 * for decides what the model expects next. */
#include "base/base.h"
#include "embed/embed.h"
#include "schemas/content_vectors.h"
#include "scorer/scorer.h"
#include "tests/topology/catalogued.h"
#include "tests/topology/training.h"

#define MODEL "tests/golden/sentences"

enum { SEARCHERS = 240, SEARCHES = 5, PROBES = ITEMS };

static const char *const encoding[] = {"model.path=" MODEL, NULL};
static const char *const learning[] = {
    "train.threads=0",      "train.d=32",          "train.blocks=1",
    "train.length=12",      "train.dropout=0.1",   "train.batch=8",
    "train.epochs.max=20",  "train.patience=20",   "train.actions.min=300",
    "train.rate=0.003",     "train.vectors.d=20",  "train.publish.interval.ms=0",
    "query.model.path=" MODEL, NULL,
};
static const char *const without_vectors[] = {
    "train.threads=0",     "train.d=16",         "train.blocks=1",
    "train.length=12",     "train.batch=8",      "train.epochs.max=3",
    "train.vectors=",      "train.actions.min=300", NULL,
};
/* What matches a search goes up by nothing but the model. */
static const char *const scoring[] = {"blend.leader=sequence", "search.weight=1e-6",
                                      "content.used=true", "query.model.path=" MODEL, NULL};

static struct slice text_of(char *to, size_t size, int item)
{
    static const char *const words[] = {"sea", "moon", "forest", "town", "red"};
    static const char *const kinds[] = {"film", "book", "song", "game", "play"};
    (void)snprintf(to, size, "%s %s %s", words[item % 5], kinds[item / 5 % 5], words[item / 7 % 5]);
    return slice_str(to);
}

static void write_catalogue(struct fixture *fixture)
{
    for (int n = 0; n < ITEMS; n++) {
        char id[16], text[64];
        (void)snprintf(id, sizeof(id), "i%d", n);
        struct item item = catalogued_item(id);
        item.title = text_of(text, sizeof(text), n);
        catalogued_put(&fixture->rig, &item, RIG_WALL_MS);
    }
    rig_start(&fixture->rig, &embed_worker, 0, encoding);
    rig_until_idle(&fixture->rig);
    struct fold *rows = rig_fold(&fixture->rig, "content-vectors");
    assert_int_equal(rows->count, ITEMS);
    free(rows);
}

/* Writes the history of a user who took items and searched for texts, each in its turn; -1: no
 * search or no item in that place. */
static void write_searcher(struct fixture *fixture, const char *user, const int *items,
                           const int *searches, size_t steps)
{
    char ids[SEARCHES][16], texts[SEARCHES][64];
    struct slice item_ids[SEARCHES], search_texts[SEARCHES];
    float weights[SEARCHES];
    int32_t actions[SEARCHES];
    int64_t times[SEARCHES], searched[SEARCHES], zeros[SEARCHES] = {0};
    size_t count = 0, found = 0;
    for (size_t k = 0; k < steps; k++) {
        if (searches[k] >= 0) {
            search_texts[found] = text_of(texts[found], sizeof(texts[found]), searches[k]);
            searched[found++] = RIG_WALL_MS + (int64_t)k * 1000;
        }
        if (items[k] < 0) { continue; }
        (void)snprintf(ids[count], sizeof(ids[count]), "i%d", items[k]);
        item_ids[count] = slice_str(ids[count]);
        weights[count] = 1.0F;
        actions[count] = ACTION_VIEW;
        times[count++] = RIG_WALL_MS + (int64_t)k * 1000 + 500;
    }
    const struct user_history history = {
        .user_id = slice_str(user),
        .items = {item_ids, count},
        .actions = {actions, count},
        .weights = {weights, count},
        .event_times_ms = {times, count},
        .offsets = {zeros, count},
        .search_texts = {search_texts, found},
        .search_times_ms = {searched, found},
        .event_time_ms = count ? times[count - 1] : 0,
        .events_total = (int64_t)count,
        .input_offset = fixture->offset++,
    };
    append_record(&fixture->rig, "histories", PARTITION_BY_KEY, &user_history_contract,
                  history.user_id, &history, RIG_WALL_MS);
}

/* Each searches for the text of an item and then takes it; which one, nothing else foretells. */
static void write_searchers(struct fixture *fixture)
{
    uint32_t seed = 1;
    for (int user = 0; user < SEARCHERS; user++) {
        char id[16];
        int items[SEARCHES];
        for (size_t k = 0; k < SEARCHES; k++) {
            seed = seed * 1664525U + 1013904223U;
            items[k] = (int)((seed >> 8) % ITEMS);
        }
        (void)snprintf(id, sizeof(id), "s%d", user);
        write_searcher(fixture, id, items, items, SEARCHES);
    }
}

/* The first item of a user's list, as a number; -1: there is no list. */
static int first_of_list(struct fixture *fixture, const char *user)
{
    struct recommendation_list list;
    struct codec *codec = codec_new(&recommendation_list_contract, fixture->schemas);
    struct fold *fold = rig_fold(&fixture->rig, "recommendations");
    int first = -1;
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(user)) || !fold->at[i].value.data) { continue; }
        arena_reset(fixture->arena);
        assert_int_equal(codec_decode(codec, fold->at[i].value, fixture->arena, &list, NULL), 0);
        if (list.items.count) { first = (int)strtol(list.items.at[0].data + 1, NULL, 10); }
    }
    free(fold);
    codec_free(codec);
    return first;
}

static void test_searches_decide(void **state)
{
    struct fixture fixture;
    fixture_init(&fixture);
    write_catalogue(&fixture);
    write_searchers(&fixture);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, learning);
    wait_until_idle(&fixture, copy, 1);
    const struct model_weights weights = newest_weights(&fixture);
    assert_true(weights.content > 0 && weights.content_model.size > 0);
    assert_int_equal(weights.projection.count, weights.content * weights.d);
    assert_int_equal(trainer_metric(copy, "freshet_training_content_items"), ITEMS);
    assert_true(trainer_metric(copy, "freshet_training_searches") > ITEMS / 2);
    rig_start(&fixture.rig, &scorer_worker, 0, scoring);
    rig_until_idle(&fixture.rig);
    int right = 0;
    for (int probe = 0; probe < PROBES; probe++) {
        char id[16];
        const int items[] = {(probe + 11) % ITEMS, -1}, searches[] = {-1, probe};
        (void)snprintf(id, sizeof(id), "probe%d", probe);
        write_searcher(&fixture, id, items, searches, 2);
        rig_until_idle(&fixture.rig);
        right += first_of_list(&fixture, id) == probe;
    }
    if (right < PROBES * 2 / 3) { fail_msg("%d of %d", right, PROBES); }
    fixture_release(&fixture);
}

/* A new item that has a text and no tag is known to the model by its vector; what is no vector is
 * refused; without train.vectors nothing of it is taken. */
static void test_new_item(void **state)
{
    struct fixture fixture;
    struct item_vector vector;
    fixture_init(&fixture);
    write_catalogue(&fixture);
    write_searchers(&fixture);
    struct copy *copy = rig_start(&fixture.rig, &sequence_worker, 0, learning);
    wait_until_idle(&fixture, copy, 1);
    struct item item = catalogued_item("added");
    item.title = slice_str("red song town");
    catalogued_put(&fixture.rig, &item, RIG_WALL_MS);
    for (int i = 0; i < 50; i++) { rig_round(&fixture.rig, false); }
    assert_true(slots_find_row(&fixture.slots, "added", &vector));
    assert_true(vector.row == ITEMS && vector.scale > 0.0F);
    const size_t refused = memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL);
    memlog_append(fixture.rig.log, "content-vectors", 0, slice_str("i1"), slice_str("nonsense"), 0);
    memlog_append(fixture.rig.log, "content-vectors", PARTITION_BY_KEY, slice_str("i2"),
                  slice_of(NULL, 0), 0);
    for (int i = 0; i < 20; i++) { rig_round(&fixture.rig, false); }
    assert_int_equal(memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL), refused + 1);
    rig_finish(copy);
    copy = rig_start(&fixture.rig, &sequence_worker, 1, without_vectors);
    wait_until_idle(&fixture, copy, 1);
    assert_int_equal(newest_weights(&fixture).content, 0);
    assert_int_equal(trainer_metric(copy, "freshet_training_content_items"), 0);
    fixture_release(&fixture);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_searches_decide),
        cmocka_unit_test(test_new_item),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
