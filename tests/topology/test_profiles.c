/* What the platform says of its users, for rules: lists follow it without an action of anybody,
 * those of the user whom it concerns alone; freshet-serve makes lists by it, of pseudonyms, too. */
#include "base/base.h"
#include "features/features.h"
#include "pseudonyms/pseudonyms.h"
#include "schemas/applied_rules.h"
#include "schemas/item.h"
#include "schemas/user_profile.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/asking.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 3, EVENTS = 300, ROUNDS = 40, REST_ROUNDS_MAX = 8000 };

static const char *const scoring[] = {"list.length=5", "lists.remake.share=50", NULL};

/* x1 and x2 are items that nobody has had. */
static const char rules_text[] = "main.length=5\n"
                                 "home.length=5\n"
                                 "home.pin.vip=1 if id = 'x1' and user.tags has 'vip'\n"
                                 "home.pin.born=2 if id = 'x2' and user.born < 1990\n"
                                 "land.length=5\n"
                                 "land.filter.land=user.country = 'DE' or price < 3\n";

struct fixture {
    struct rig rig;
    struct copy *scorer;
    struct answers answers;
    struct codec *items, *rules, *profiles;
    struct buf out;
};

static void append(struct fixture *fixture, const char *topic, struct codec *codec,
                   struct slice key, const void *object)
{
    buf_clear(&fixture->out);
    if (object) { assert_int_equal(codec_encode(codec, object, &fixture->out), 0); }
    memlog_append(fixture->rig.log, topic, PARTITION_BY_KEY, key,
                  object ? buf_slice(&fixture->out) : (struct slice){0}, RIG_WALL_MS);
}

static void rest(struct fixture *fixture)
{
    rig_until_rest(&fixture->rig, 40, REST_ROUNDS_MAX);
}

static void run_rounds(struct fixture *fixture)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(&fixture->rig, false); }
}

static void apply(struct fixture *fixture, const char *text)
{
    const struct applied_rules rules = {.text = slice_str(text)};
    append(fixture, "rules", fixture->rules, slice_str(APPLIED_RULES_KEY), &rules);
}

/* NULL: there is none any more. */
static void describe(struct fixture *fixture, struct slice user, const char *country,
                     const char *tag, int32_t born)
{
    struct slice tags[] = {slice_str(tag ? tag : "")};
    const struct user_profile profile = {.user_id = user,
                                         .country = slice_str(country ? country : ""),
                                         .tags = {tags, tag != NULL},
                                         .birth_year = born};
    append(fixture, "users", fixture->profiles, user, country ? &profile : NULL);
}

static void begin_with(struct fixture *fixture, const char *const *settings)
{
    rig_init(&fixture->rig, PARTITIONS);
    answers_init(&fixture->answers, &fixture->rig);
    fixture->items = codec_new(&item_contract, fixture->answers.schemas);
    fixture->rules = codec_new(&applied_rules_contract, fixture->answers.schemas);
    fixture->profiles = codec_new(&user_profile_contract, fixture->answers.schemas);
    buf_init(&fixture->out, 1 << 20);
    for (int number = 0; number < FEED_ITEMS; number++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%02d", number);
        const struct item item = {.item_id = slice_str(id), .available = true, .price = number};
        append(fixture, "items", fixture->items, item.item_id, &item);
    }
    for (int number = 1; number <= 2; number++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "x%d", number);
        const struct item item = {.item_id = slice_str(id), .available = true, .price = 90};
        append(fixture, "items", fixture->items, item.item_id, &item);
    }
    apply(fixture, rules_text);
    feed_events(&fixture->rig, 3, 0, EVENTS);
    rig_start(&fixture->rig, &features_worker, 0, NULL);
    rig_start(&fixture->rig, &trainer_worker, 0, NULL);
    fixture->scorer = rig_start(&fixture->rig, &scorer_worker, 0, settings);
    rest(fixture);
}

static void end(struct fixture *fixture)
{
    codec_free(fixture->items);
    codec_free(fixture->rules);
    codec_free(fixture->profiles);
    answers_release(&fixture->answers);
    buf_release(&fixture->out);
    rig_release(&fixture->rig);
}

static int64_t lists_sent(const struct fixture *fixture)
{
    return memlog_count(fixture->rig.log, "recommendations", MEMLOG_ALL);
}

/* Reads a user's list, in answers.arena until the next one. */
static struct recommendation_list read_list(struct fixture *fixture, const char *user)
{
    struct fold *fold = rig_fold(&fixture->rig, "recommendations");
    struct recommendation_list list = {.items = {0}};
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(user))) { continue; }
        answers_decode(&fixture->answers, fixture->answers.lists, fold->at[i].value, &list);
    }
    free(fold);
    assert_int_equal(list.placements.count, 3);
    return list;
}

/* Says whether the first, or the second, place of `home` has this item by this rule. */
static bool has(const struct recommendation_list *list, size_t place, const char *item,
                const char *rule)
{
    size_t at = (size_t)list->placement_counts.at[0] + place;
    return slice_equal(list->placement_items.at[at], slice_str(item)) &&
           slice_equal(list->placement_rules.at[at], slice_str(rule));
}

/* Adds up how far the list's scorer had read the profiles. */
static int64_t profiles_read(const struct recommendation_list *list)
{
    int64_t sum = 0;
    for (size_t p = 0; p < list->profile_offsets.count; p++) { sum += list->profile_offsets.at[p]; }
    return sum;
}

/* Counts the removals of `land`. */
static int32_t land_removals(const struct recommendation_list *list)
{
    return list->removal_counts.at[2];
}

static void test_lists_follow(void **state _unused_)
{
    static struct fixture fixture;
    begin_with(&fixture, scoring);
    struct recommendation_list list = read_list(&fixture, "u07");
    assert_false(has(&list, 0, "x1", "pin.vip"));
    assert_true(land_removals(&list) > 0);
    assert_int_equal(profiles_read(&list), 0);
    int64_t sent = lists_sent(&fixture);
    describe(&fixture, slice_str("u07"), "DE", "vip", 1989);
    describe(&fixture, slice_str("somebody else"), "DE", "vip", 1989);
    rest(&fixture);
    list = read_list(&fixture, "u07");
    assert_true(has(&list, 0, "x1", "pin.vip"));
    assert_true(has(&list, 1, "x2", "pin.born"));
    assert_int_equal(list.cause, CAUSE_CATALOGUE);
    assert_true(profiles_read(&list) > 0);
    assert_int_equal(land_removals(&list), 0);
    assert_int_equal(lists_sent(&fixture), sent + 1);
    list = read_list(&fixture, "u08");
    assert_false(has(&list, 0, "x1", "pin.vip"));
    /* The same once more changes nothing; another one does. */
    describe(&fixture, slice_str("u07"), "DE", "vip", 1989);
    rest(&fixture);
    assert_int_equal(lists_sent(&fixture), sent + 1);
    describe(&fixture, slice_str("u07"), "FR", "vip", 1990);
    rest(&fixture);
    list = read_list(&fixture, "u07");
    assert_true(has(&list, 0, "x1", "pin.vip"));
    assert_false(has(&list, 1, "x2", "pin.born"));
    assert_true(land_removals(&list) > 0);
    describe(&fixture, slice_str("u07"), NULL, NULL, 0);
    rest(&fixture);
    list = read_list(&fixture, "u07");
    assert_false(has(&list, 0, "x1", "pin.vip"));
    struct metric *count = metrics_gauge(fixture.scorer->metrics, "freshet_profiles", "", "");
    assert_true(metric_value(count) == 1.0);
    end(&fixture);
}

/* A scorer that starts later makes the same lists. */
static void test_restart(void **state _unused_)
{
    static struct fixture fixture;
    begin_with(&fixture, scoring);
    rig_finish(fixture.scorer);
    describe(&fixture, slice_str("u07"), "DE", "vip", 1989);
    assert_true(rig_launch(&fixture.rig, fixture.scorer));
    rest(&fixture);
    struct recommendation_list list = read_list(&fixture, "u07");
    assert_true(has(&list, 0, "x1", "pin.vip"));
    int64_t sent = lists_sent(&fixture);
    rig_finish(fixture.scorer);
    rig_empty(fixture.scorer);
    assert_true(rig_launch(&fixture.rig, fixture.scorer));
    rest(&fixture);
    assert_int_equal(lists_sent(&fixture), sent);
    end(&fixture);
}

static void test_not_used(void **state _unused_)
{
    static const char *const settings[] = {"list.length=5", "profiles.used=false", NULL};
    static struct fixture fixture;
    begin_with(&fixture, settings);
    describe(&fixture, slice_str("u07"), "DE", "vip", 1989);
    rest(&fixture);
    struct recommendation_list list = read_list(&fixture, "u07");
    assert_false(has(&list, 0, "x1", "pin.vip"));
    end(&fixture);
}

static int64_t dead_letters(const struct fixture *fixture)
{
    return memlog_count(fixture->rig.log, "dead-letters", MEMLOG_ALL);
}

static void test_refused(void **state _unused_)
{
    static const char *const settings[] = {"list.length=5", "profiles.memory.max=64k", NULL};
    static struct fixture fixture;
    begin_with(&fixture, settings);
    const struct user_profile other = {.user_id = slice_str("u08"), .country = slice_str("DE")};
    append(&fixture, "users", fixture.profiles, slice_str("u07"), &other);
    rest(&fixture);
    assert_int_equal(dead_letters(&fixture), 1);
    memlog_append(fixture.rig.log, "users", 0, (struct slice){0}, slice_str("x"), RIG_WALL_MS);
    memlog_append(fixture.rig.log, "users", 0, slice_str("u07"), slice_str("x"), RIG_WALL_MS);
    rest(&fixture);
    assert_int_equal(dead_letters(&fixture), 3);
    static char country[ID_BYTES_MAX + 1];
    memset(country, 'x', ID_BYTES_MAX);
    for (int user = 0; user < 400; user++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "w%d", user);
        describe(&fixture, slice_str(id), country, NULL, 0);
    }
    rest(&fixture);
    struct metric *count = metrics_gauge(fixture.scorer->metrics, "freshet_profiles", "", "");
    assert_in_range((int)metric_value(count), 100, 399);
    assert_int_equal(dead_letters(&fixture), 3 + 400 - (int)metric_value(count));
    end(&fixture);
}

/* ---- freshet-serve ---- */

static const char home[] = "/v1/users/%s/recommendations?placement=home&device=tv";

static const char *ask_home(struct copy *copy, const char *user)
{
    _cleanup_(xfreep) char *path = xprintf(home, user);
    return ask_get(copy, path, 200);
}

static void test_requests(void **state _unused_)
{
    static const char *const settings[] = {"http.port=0", NULL};
    static struct fixture fixture;
    begin_with(&fixture, scoring);
    struct copy *copy = rig_start(&fixture.rig, &serve_worker, 0, settings);
    describe(&fixture, slice_str("new one"), "DE", "vip", 1989);
    run_rounds(&fixture);
    const char *body = ask_home(copy, "new%20one");
    assert_has(body, "\"items\":[{\"item\":\"x1\"");
    assert_has(body, "\"rule\":\"pin.born\"");
    assert_null(strstr(ask_home(copy, "nobody"), "pin.vip"));
    body = ask_post(copy, "/v1/recommendations",
                    "{\"user\":\"new one\",\"placement\":\"home\","
                    "\"actions\":[{\"item\":\"i01\"}]}", 200);
    assert_has(body, "\"items\":[{\"item\":\"x1\"");
    rig_finish(copy);
    assert_true(rig_launch(&fixture.rig, copy));
    run_rounds(&fixture);
    assert_has(ask_home(copy, "new%20one"), "\"items\":[{\"item\":\"x1\"");
    describe(&fixture, slice_str("new one"), NULL, NULL, 0);
    run_rounds(&fixture);
    assert_null(strstr(ask_home(copy, "new%20one"), "pin.vip"));
    end(&fixture);
}

/* Rules see the user by the pseudonym, as in the scorer: profile, and bucket. */
static void test_pseudonyms(void **state _unused_)
{
    static const char keys[] = "k1 1970-01-01 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b\n"
                               "k2 2027-01-01 4a6565664a6565664a6565664a656566\n";
    static struct fixture fixture;
    struct pseudonyms *pseudonyms = NULL;
    char why[256];
    begin_with(&fixture, scoring);
    _cleanup_(xfreep) char *path = xprintf("%s/keys", fixture.rig.dir);
    FILE *file = fopen(path, "w");
    assert_true(file && fputs(keys, file) >= 0 && fclose(file) == 0);
    assert_int_equal(pseudonyms_new(slice_str(keys), &pseudonyms, why, sizeof(why)), 0);
    struct arena *arena = arena_new(4096);
    struct slice name = pseudonyms_of(pseudonyms, 1, slice_str("ann"), arena);
    describe(&fixture, name, "DE", "vip", 2000);
    _cleanup_(xfreep) char *rules =
        xprintf("home.length=5\nhome.pin.vip=1 if id = 'x1' and user.tags has 'vip'\n"
                "home.pin.bucket=2 if id = 'x2' and user.bucket = %" PRIu64 "\n",
                ids_fingerprint(name) % 100);
    assert_true(ids_fingerprint(name) % 100 != ids_fingerprint(slice_str("ann")) % 100);
    apply(&fixture, rules);
    _cleanup_(xfreep) char *pair = xprintf("pseudonym.keys=%s", path);
    const char *const settings[] = {"http.port=0", pair, NULL};
    struct copy *copy = rig_start(&fixture.rig, &serve_worker, 0, settings);
    run_rounds(&fixture);
    const char *body = ask_home(copy, "ann");
    assert_has(body, "{\"user\":\"ann\",\"items\":[{\"item\":\"x1\"");
    assert_has(body, "\"rule\":\"pin.bucket\"");
    assert_null(strstr(ask_home(copy, "bob"), "pin.vip"));
    arena_free(arena);
    pseudonyms_free(pseudonyms);
    end(&fixture);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_lists_follow),
        cmocka_unit_test(test_restart),
        cmocka_unit_test(test_not_used),
        cmocka_unit_test(test_refused),
        cmocka_unit_test(test_requests),
        cmocka_unit_test(test_pseudonyms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
