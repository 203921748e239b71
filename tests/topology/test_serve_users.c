/* Users who would want an item, as freshet-serve finds them: those on whose list it stands. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/recommendation_response.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "tests/topology/asking.h"
#include "tests/topology/feed.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 3, ROUNDS = 40, LENGTH = 20 };

static const char *const settings[] = {"http.port=0", NULL};

static void run_rounds(struct rig *rig)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(rig, false); }
}

/* Lists are made last, from the complete tables. */
static struct copy *begin(struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    feed_events(rig, 3, 0, FEED_EVENTS);
    rig_work(rig, &features_worker);
    rig_work(rig, &trainer_worker);
    rig_work(rig, &scorer_worker);
    struct copy *copy = rig_start(rig, &serve_worker, 0, settings);
    run_rounds(rig);
    return copy;
}

/* Returns the place that an answer gives a user; 0: the user is not in it. */
static int place_of(const char *body, struct slice user)
{
    int place = 0;
    _cleanup_(xfreep) char *part = xprintf("{\"user\":\"%.*s\",\"place\":", SLICE_ARGS(user));
    const char *at = strstr(body, part);
    if (at) { assert_int_equal(sscanf(at + strlen(part), "%d", &place), 1); }
    return place;
}

/* Each user's place is that of the item on the user's list. Returns on how many it stands. */
static size_t compare(struct answers *answers, const struct fold *lists, const char *body,
                      struct slice item)
{
    size_t standing = 0;
    for (size_t i = 0; i < lists->count; i++) {
        struct recommendation_list list;
        answers_decode(answers, answers->lists, lists->at[i].value, &list);
        int place = place_of(body, lists->at[i].key), want = 0;
        for (size_t k = 0; k < list.items.count; k++) {
            if (slice_equal(list.items.at[k], item)) { want = (int)k + 1; }
        }
        standing += want > 0;
        if (want ? place != want : place > 0 && place <= LENGTH) {
            fail_msg("%.*s for %.*s: place %d, on the list %d", SLICE_ARGS(item),
                     SLICE_ARGS(lists->at[i].key), place, want);
        }
    }
    return standing;
}

static void test_places(void **state _unused_)
{
    static struct rig rig;
    struct answers answers;
    size_t standing = 0;
    struct copy *copy = begin(&rig);
    answers_init(&answers, &rig);
    struct fold *lists = rig_fold(&rig, "recommendations");
    assert_true(lists->count > 40);
    for (int number = 0; number <= 30; number += 3) {
        char item[16];
        (void)snprintf(item, sizeof(item), "i%02d", number);
        _cleanup_(xfreep) char *path = xprintf("/v1/items/%s/users?limit=1000", item);
        standing += compare(&answers, lists, ask_get(copy, path, 200), slice_str(item));
    }
    assert_true(standing > 40);
    free(lists);
    answers_release(&answers);
    rig_release(&rig);
}

/* Copies the users of an answer, which the caller frees. */
static char *users_of(const char *body)
{
    const char *from = strstr(body, "\"users\":["), *to = strstr(body, "],\"offset\"");
    if (!from || !to) { fail_msg("%s", body); }
    from += strlen("\"users\":[");
    return xprintf("%.*s", (int)(to - from), from);
}

static void test_pages(void **state _unused_)
{
    static struct rig rig;
    struct copy *copy = begin(&rig);
    _cleanup_(xfreep) char *whole = users_of(ask_get(copy, "/v1/items/i30/users?limit=9", 200));
    _cleanup_(xfreep) char *first = users_of(ask_get(copy, "/v1/items/i30/users?limit=4", 200));
    _cleanup_(xfreep) char *rest =
        users_of(ask_get(copy, "/v1/items/i30/users?limit=5&offset=4", 200));
    _cleanup_(xfreep) char *joined = xprintf("%s,%s", first, rest);
    assert_string_equal(joined, whole);
    char user[16] = "";
    assert_int_equal(sscanf(whole, "{\"user\":\"%15[^\"]", user), 1);
    _cleanup_(xfreep) char *without = xprintf("/v1/items/i30/users?limit=8&exclude=%s", user);
    _cleanup_(xfreep) char *others = users_of(ask_get(copy, without, 200));
    assert_string_equal(others, strstr(whole, "},{") + 2);
    const char *body = ask_get(copy, "/v1/items/i30/users?limit=1", 200);
    assert_begins(body, "{\"item\":\"i30\",\"users\":[{\"user\":\"u");
    assert_has(body, "\"reason\":\"because\",\"because\":\"i");
    assert_has(ask_get(copy, "/v1/items/none/users", 404), "\"error\":\"no_item\"");
    assert_has(ask_get(copy, "/v1/items/i30/users?placement=x", 400), "unknown argument");
    rig_release(&rig);
}

/* Somebody who was forgotten is not found; after a restart the others are. By topic, too. */
static void test_forgotten_and_restarted(void **state _unused_)
{
    static struct rig rig;
    struct answers answers;
    struct copy *copy = begin(&rig);
    char user[16] = "";
    const char *body = ask_get(copy, "/v1/items/i30/users?limit=1000", 200);
    assert_int_equal(sscanf(strstr(body, "{\"user\""), "{\"user\":\"%15[^\"]", user), 1);
    memlog_append(rig.log, "histories", PARTITION_BY_KEY, slice_str(user), (struct slice){0},
                  RIG_WALL_MS);
    run_rounds(&rig);
    _cleanup_(xfreep) char *before =
        users_of(ask_get(copy, "/v1/items/i30/users?limit=1000", 200));
    assert_int_equal(place_of(before, slice_str(user)), 0);
    rig_finish(copy);
    assert_true(rig_launch(&rig, copy));
    run_rounds(&rig);
    _cleanup_(xfreep) char *after = users_of(ask_get(copy, "/v1/items/i30/users?limit=1000", 200));
    assert_string_equal(after, before);
    answers_init(&answers, &rig);
    struct codec *requests = codec_new(&recommendation_request_contract, answers.schemas);
    struct codec *responses = codec_new(&recommendation_response_contract, answers.schemas);
    const struct recommendation_request request = {.request_id = slice_str("r"),
                                                   .kind = REQUEST_USERS,
                                                   .item_id = slice_str("i30"),
                                                   .limit = 3};
    struct recommendation_response response;
    buf_clear(&answers.text);
    assert_int_equal(codec_encode(requests, &request, &answers.text), 0);
    memlog_append(rig.log, "requests", PARTITION_BY_KEY, slice_str("r"), buf_slice(&answers.text),
                  RIG_WALL_MS);
    run_rounds(&rig);
    struct fold *fold = rig_fold(&rig, "responses");
    assert_int_equal(fold->count, 1);
    answers_decode(&answers, responses, fold->at[0].value, &response);
    assert_int_equal(response.status, 200);
    assert_int_equal(response.users.count, 3);
    for (size_t k = 0; k < 3; k++) {
        assert_int_equal(place_of(before, response.users.at[k]), response.ranks.at[k]);
    }
    free(fold);
    codec_free(requests);
    codec_free(responses);
    answers_release(&answers);
    rig_release(&rig);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_pages),
        cmocka_unit_test(test_forgotten_and_restarted),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
