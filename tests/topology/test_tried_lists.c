/* Weights that are tried in the console: the list is that of a server with these settings, and
 * nobody else's list changes. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "tests/topology/asking.h"
#include "tests/topology/catalogued.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

enum { ROUNDS = 40, CATALOGUE = 12 };

static void list_item(struct rig *rig, int number)
{
    static const char *const words[] = {"drama", "comedy", "war"};
    struct slice tags[] = {slice_str(words[number % 3])};
    char id[16];
    (void)snprintf(id, sizeof(id), "i%02d", number);
    struct item item = catalogued_item(id);
    item.tags = (struct slices){tags, 1};
    catalogued_put(rig, &item, RIG_WALL_MS);
}

static void begin(struct rig *rig)
{
    rig_init(rig, 1);
    for (int number = 0; number < CATALOGUE; number++) { list_item(rig, number); }
    feed_events(rig, 3, 0, FEED_EVENTS);
    rig_work(rig, &features_worker);
    rig_work(rig, &trainer_worker);
}

static struct copy *serve(struct rig *rig, const char *const *pairs)
{
    struct copy *copy = rig_start(rig, &serve_worker, 0, pairs);
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
    return copy;
}

/* Returns the items of the list that is tried with these arguments behind an item, with their
 * scores and reasons; the caller frees. */
static char *tried(const struct copy *copy, const char *arguments)
{
    _cleanup_(xfreep) char *path =
        xprintf("/console/try?format=json&item=i05&item=i01%s", arguments);
    const char *body = ask_get(copy, path, 200);
    const char *from = strstr(body, "\"items\":["), *to = strstr(body, "}],");
    if (!from || !to) { fail_msg("%s", body); }
    return xprintf("%.*s", (int)(to - from), from);
}

static void test_terms_of_counting(void **state _unused_)
{
    static struct rig rig;
    static const char *const usual[] = {"http.port=0", "content.used=false", NULL};
    static const char *const other[] = {"http.port=0", "directed.weight=0", "symmetric.weight=2",
                                        "popularity.weight=0.5", NULL};
    begin(&rig);
    struct copy *copy = serve(&rig, other);
    _cleanup_(xfreep) char *want = tried(copy, "");
    rig_finish(copy);
    copy = serve(&rig, usual);
    _cleanup_(xfreep) char *before = tried(copy, "");
    _cleanup_(xfreep) char *got = tried(copy, "&w_next=0&w_together=2&w_popular=.5");
    assert_string_equal(got, want);
    assert_string_not_equal(got, before);
    _cleanup_(xfreep) char *after = tried(copy, "");
    assert_string_equal(after, before);
    /* No such weights: the usual ones; there are none of a member that has no scores. */
    _cleanup_(xfreep) char *same = tried(copy, "&w_next=-1&w_together=nan&w_popular=1e9&w_cross=x"
                                               "&w_counting=0&w_content=5&w_next=1.001");
    assert_string_equal(same, before);
    rig_release(&rig);
}

static void test_members(void **state _unused_)
{
    static struct rig rig;
    static const char *const counting[] = {"http.port=0", "content.used=false", NULL};
    static const char *const blended[] = {"http.port=0", "content.used=true",
                                          "blend.leader=mixture", NULL};
    begin(&rig);
    struct copy *copy = serve(&rig, counting);
    _cleanup_(xfreep) char *of_counting = tried(copy, "");
    rig_finish(copy);
    copy = serve(&rig, blended);
    _cleanup_(xfreep) char *before = tried(copy, "");
    _cleanup_(xfreep) char *got = tried(copy, "&w_counting=1&w_content=0");
    assert_string_equal(got, of_counting);
    _cleanup_(xfreep) char *alike = tried(copy, "&w_counting=0&w_content=1");
    assert_string_not_equal(alike, of_counting);
    assert_has(ask_get(copy, "/console/try?format=json&item=i05&w_counting=0&w_content=1", 200),
               "\"made_by\":\"content\"");
    assert_has(ask_get(copy, "/console/try?format=json&item=i05&w_counting=1&w_content=1", 200),
               "\"made_by\":\"mixture\"");
    _cleanup_(xfreep) char *after = tried(copy, "");
    assert_string_equal(after, before);
    rig_release(&rig);
}

/* The page of an item says who gets it, when it is asked, and does not ask again by itself. */
static void test_who_gets_it(void **state _unused_)
{
    static struct rig rig;
    static const char *const usual[] = {"http.port=0", "content.used=false", NULL};
    begin(&rig);
    struct copy *copy = serve(&rig, usual);
    const char *page = ask_get(copy, "/console/item?id=i05", 200);
    assert_has(page, "<button class=\"small\" name=\"users\" value=\"yes\">Look at their lists");
    assert_has(page, " data-live>");
    page = ask_get(copy, "/console/item?id=i05&users=yes", 200);
    assert_null(strstr(page, "data-live"));
    assert_has(page, "<td class=\"wide\"><a href=\"/console/user?id=u");
    assert_has(page, "</a></td><td class=\"number\">1</td><td class=\"wide\">Because of ");
    assert_has(ask_get(copy, "/console/item?id=i05&users=yes&format=json", 200),
               ",\"wanting\":{\"item\":\"i05\",\"users\":[{\"user\":\"u");
    rig_release(&rig);
}

/* The page has the weights, the places before, and the way back. */
static void test_page(void **state _unused_)
{
    static struct rig rig;
    static const char *const usual[] = {"http.port=0", "content.used=false", NULL};
    begin(&rig);
    struct copy *copy = serve(&rig, usual);
    const char *page = ask_get(copy, "/console/try?item=i05", 200);
    assert_has(page, "name=\"w_next\" value=\"1.00\"");
    assert_has(page, "name=\"w_popular\" value=\"0.03\"");
    assert_has(page, "Only counting has scores here");
    assert_null(strstr(page, "w_content"));
    assert_null(strstr(page, "w_cross"));
    assert_null(strstr(page, "Usual place"));
    page = ask_get(copy, "/console/try?item=i05&w_popular=3", 200);
    assert_has(page, "name=\"w_popular\" value=\"3.00\"");
    assert_has(page, "<small>usually 0.03</small>");
    assert_has(page, "Usual place");
    assert_has(page, "Back to the usual weights");
    assert_has(page, "type=\"hidden\" name=\"w_popular\" value=\"3.00\"");
    assert_null(strstr(ask_get(copy, "/console/try", 200), "w_next"));
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_terms_of_counting),
        cmocka_unit_test(test_members),
        cmocka_unit_test(test_page),
        cmocka_unit_test(test_who_gets_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
