/* freshet-serve on the in-process log: what it answers is what stands in `recommendations`. */
#include "base/base.h"
#include "pseudonyms/pseudonyms.h"
#include "schemas/item.h"
#include "schemas/recommendation_list.h"
#include "stream/avro/codec.h"
#include "tests/topology/asking.h"

enum { PARTITIONS = 3, ROUNDS = 40 };

static const char *const settings[] = {"http.port=0", NULL};

struct fixture {
    struct rig rig;
    struct schema_cache *schemas;
    struct codec *codec;
    struct buf out;
};

static void fixture_init(struct fixture *fixture)
{
    fixture->schemas = schema_cache_new();
    fixture->codec = codec_new(&recommendation_list_contract, fixture->schemas);
    rig_init(&fixture->rig, PARTITIONS);
    buf_init(&fixture->out, 1 << 20);
}

static void fixture_release(struct fixture *fixture)
{
    rig_release(&fixture->rig);
    codec_free(fixture->codec);
    schema_cache_free(fixture->schemas);
    buf_release(&fixture->out);
}

/* Writes a list of four items a, b, c, d, with `first` before them. */
static void write_list(struct fixture *fixture, struct slice user, struct slice first)
{
    struct slice items[] = {first, slice_str("a"), slice_str("b"), slice_str("c"), slice_str("d")};
    struct slice because[] = {slice_str("x\"y"), slice_str(""), slice_str(""), slice_str(""),
                              slice_str("")};
    float scores[] = {5.5F, 4, 3, 2, 1}, evidence[] = {9, 8, 7, 6, 5};
    float shares[] = {0.5F, 0, 0, 0, 0};
    int32_t reasons[] = {REASON_BECAUSE, REASON_POPULAR, REASON_NEW, REASON_TRENDING,
                         REASON_OTHER};
    const struct recommendation_list list = {
        .user_id = user,
        .items = {items, 5},
        .scores = {scores, 5},
        .reasons = {reasons, 5},
        .because = {because, 5},
        .evidence = {evidence, 5},
        .shares = {shares, 5},
        .model = slice_str("item-item"),
        .made_by = slice_str("counting"),
        .vectors = slice_str("v7"),
        .generation = slice_str("g2"),
        .list_id = slice_str("main:g2:0123456789abcdef"),
        .actions = 12,
        .event_time_ms = 1000,
        .as_of_ms = 2000,
        .cause = CAUSE_CATALOGUE,
    };
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(fixture->codec, &list, &fixture->out), 0);
    memlog_append(fixture->rig.log, "recommendations", PARTITION_BY_KEY, user,
                  buf_slice(&fixture->out), RIG_WALL_MS);
}

static struct copy *start(struct fixture *fixture)
{
    return rig_start(&fixture->rig, &serve_worker, 0, settings);
}

static void run_rounds(struct fixture *fixture)
{
    for (int i = 0; i < ROUNDS; i++) { rig_round(&fixture->rig, false); }
}

/* Every column of the list is in the answer. */
static void test_list_as_it_stands(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    write_list(&fixture, slice_str("u1"), slice_str("i1"));
    struct copy *copy = start(&fixture);
    run_rounds(&fixture);
    const char *body = ask_get(copy, "/v1/users/u1/recommendations", 200);
    assert_begins(body, "{\"user\":\"u1\",\"items\":[{\"item\":\"i1\",\"reason\":\"because\","
                        "\"because\":\"x\\\"y\",\"share\":0.5,\"evidence\":9,\"score\":5.5},"
                        "{\"item\":\"a\",");
    assert_has(body, "{\"item\":\"d\",\"reason\":\"other\",\"because\":\"\",\"share\":0,"
                     "\"evidence\":5,"
                     "\"score\":1}],\"cause\":\"catalogue\","
                     "\"list_id\":\"main:g2:0123456789abcdef\",\"generation\":\"g2\","
                     "\"ranking\":\"item-item\",\"made_by\":\"counting\",\"model_version\":\"v7\","
                     "\"offset\":0,\"total\":5,\"actions\":12,\"event_time_ms\":1000,"
                     "\"as_of_ms\":2000,\"data_age_ms\":");
    assert_has(asked, "Content-Type: application/json\r\n");
    assert_has(asked, "Freshet-Data-Age-Ms: ");
    fixture_release(&fixture);
}

/* A new list replaces the one before, a tombstone removes it; an unknown user has none. */
static void test_newest_list(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    write_list(&fixture, slice_str("u1"), slice_str("i1"));
    struct copy *copy = start(&fixture);
    run_rounds(&fixture);
    assert_has(ask_get(copy, "/v1/users/u1/recommendations", 200), "\"i1\"");
    write_list(&fixture, slice_str("u1"), slice_str("i2"));
    run_rounds(&fixture);
    assert_has(ask_get(copy, "/v1/users/u1/recommendations", 200), "\"i2\"");
    memlog_append(fixture.rig.log, "recommendations", PARTITION_BY_KEY, slice_str("u1"),
                  slice_of(NULL, 0), RIG_WALL_MS);
    run_rounds(&fixture);
    assert_begins(ask_get(copy, "/v1/users/u1/recommendations", 404),
                  "{\"error\":\"no_list\"");
    assert_has(ask_get(copy, "/v1/users/u9/recommendations", 404), "\"no_list\"");
    fixture_release(&fixture);
}

static void test_pages_and_excluded_items(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    write_list(&fixture, slice_str("u1"), slice_str("i,1"));
    struct copy *copy = start(&fixture);
    run_rounds(&fixture);
    const char *body =
        ask_get(copy, "/v1/users/u1/recommendations?exclude=a,b&limit=1&offset=1", 200);
    assert_begins(body, "{\"user\":\"u1\",\"items\":[{\"item\":\"c\",");
    assert_null(strstr(body, "\"item\":\"d\""));
    assert_has(body, "\"offset\":1,\"total\":3,");
    body =
        ask_get(copy, "/v1/users/u1/recommendations?exclude=i%2C1&exclude=b,,nothing", 200);
    assert_begins(body, "{\"user\":\"u1\",\"items\":[{\"item\":\"a\",");
    assert_has(body, "\"total\":3,");
    body = ask_get(copy, "/v1/users/u1/recommendations?offset=1000", 200);
    assert_has(body, "\"items\":[],");
    fixture_release(&fixture);
}

static void put_item(struct fixture *fixture, const char *id, const struct item *entry)
{
    struct codec *codec = codec_new(&item_contract, fixture->schemas);
    struct item item = entry ? *entry : (struct item){0};
    item.item_id = slice_str(id);
    buf_clear(&fixture->out);
    assert_int_equal(codec_encode(codec, &item, &fixture->out), 0);
    memlog_append(fixture->rig.log, "items", PARTITION_BY_KEY, item.item_id,
                  entry ? buf_slice(&fixture->out) : slice_of(NULL, 0), RIG_WALL_MS);
    codec_free(codec);
    run_rounds(fixture);
}

/* What may not be recommended is not shown, also while no scorer takes it off the list. */
static void test_barred_items(void **state)
{
    static struct fixture fixture;
    const char *path = "/v1/users/u1/recommendations";
    fixture_init(&fixture);
    write_list(&fixture, slice_str("u1"), slice_str("i1"));
    struct copy *copy = start(&fixture);
    put_item(&fixture, "a", &(struct item){.available = false});
    put_item(&fixture, "c", NULL);
    put_item(&fixture, "d", &(struct item){.available = true,
                                           .available_until_ms = fixture.rig.wall_ms + 1000});
    put_item(&fixture, "i1", &(struct item){.available = true});
    const char *body = ask_get(copy, path, 200);
    assert_null(strstr(body, "\"item\":\"a\""));
    assert_null(strstr(body, "\"item\":\"c\""));
    assert_has(body, "\"total\":3,");
    assert_has(body, "{\"item\":\"i1\",\"reason\":\"because\",\"because\":\"x\\\"y\",");
    assert_has(body, "{\"item\":\"b\",\"reason\":\"new\",");
    assert_has(body, "{\"item\":\"d\",\"reason\":\"other\",");
    fixture.rig.wall_ms += 1000;
    for (int i = 0; i < 10; i++) { run_rounds(&fixture); }
    body = ask_get(copy, path, 200);
    assert_null(strstr(body, "\"item\":\"d\""));
    assert_has(body, "\"total\":2,");
    fixture_release(&fixture);
}

static void test_odd_ids(void **state)
{
    static struct fixture fixture;
    static const struct {
        const char *id, *sent, *shown;
    } ids[] = {
        {"a/b", "a%2fb", "a/b"},
        {"a+b c", "a+b%20c", "a+b c"},
        {"50%", "50%25", "50%"},
        {"q\"\\\n", "q%22%5C%0A", "q\\\"\\\\\\n"},
        {"\xc3\xa4?", "%C3%A4%3F", "\xc3\xa4?"},
    };
    fixture_init(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        write_list(&fixture, slice_str(ids[i].id), slice_str("i1"));
    }
    write_list(&fixture, slice_of("n\0l", 3), slice_of("i\0\x01", 3));
    struct copy *copy = start(&fixture);
    run_rounds(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(ids); i++) {
        _cleanup_(xfreep) char *path = xprintf("/v1/users/%s/recommendations", ids[i].sent);
        _cleanup_(xfreep) char *want = xprintf("{\"user\":\"%s\",", ids[i].shown);
        assert_begins(ask_get(copy, path, 200), want);
    }
    const char *body = ask_get(copy, "/v1/users/n%00l/recommendations", 200);
    assert_begins(body, "{\"user\":\"n\\u0000l\",\"items\":[{\"item\":\"i\\u0000\\u0001\",");
    fixture_release(&fixture);
}

/* Ends the buffer with a NUL; borrowed. */
static const char *text_of(struct buf *buf)
{
    buf_append(buf, "", 1);
    return buf->data;
}

static void test_bad_requests(void **state)
{
    static struct fixture fixture;
    static const char *const bad[] = {
        "/v1/users//recommendations",
        "/v1/users/a%/recommendations",
        "/v1/users/a%4/recommendations",
        "/v1/users/a%zz/recommendations",
        "/v1/users/%ff/recommendations",
        "/v1/users/u1/recommendations?limit=0",
        "/v1/users/u1/recommendations?limit=1001",
        "/v1/users/u1/recommendations?limit=",
        "/v1/users/u1/recommendations?limit=99999999999999999999999",
        "/v1/users/u1/recommendations?offset=-1",
        "/v1/users/u1/recommendations?exclude=a,%f",
        "/v1/users/u1/recommendations?sort=a%0Ab",
    };
    fixture_init(&fixture);
    write_list(&fixture, slice_str("u1"), slice_str("i1"));
    struct copy *copy = start(&fixture);
    run_rounds(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(bad); i++) {
        assert_begins(ask_get(copy, bad[i], 400), "{\"error\":\"bad_request\"");
    }
    struct buf many;
    buf_init(&many, 1 << 16);
    buf_printf(&many, "/v1/users/u1/recommendations?exclude=1");
    for (int i = 0; i < 1000; i++) { buf_printf(&many, ",%d", i); }
    assert_has(ask_get(copy, text_of(&many), 400), "too many ids");
    buf_clear(&many);
    buf_printf(&many, "/v1/users/u1/recommendations?limit=1");
    for (int i = 0; i < 64; i++) { buf_printf(&many, "&limit=1"); }
    assert_has(ask_get(copy, text_of(&many), 400), "too many arguments");
    buf_release(&many);
    char longest[ID_BYTES_MAX + 2];
    memset(longest, 'x', ID_BYTES_MAX + 1);
    longest[ID_BYTES_MAX + 1] = '\0';
    _cleanup_(xfreep) char *path = xprintf("/v1/users/%s/recommendations", longest);
    assert_has(ask_get(copy, path, 400), "bytes");
    assert_has(ask_get(copy, "/v1/users/u1", 404), "no_such_path");
    assert_begins(ask(copy, "POST /live HTTP/1.1\r\nHost: x\r\nContent-Length: 0\r\n"
                                           "Connection: close\r\n\r\n"),
                  "HTTP/1.1 405 ");
    assert_int_equal(metric_value(metrics_counter(copy->metrics, "freshet_serve_requests_total",
                                                  "code=\"400\"", "")),
                     ARRAY_COUNT(bad) + 2); /* the server below refuses too many arguments */
    fixture_release(&fixture);
}

/* A list that is damaged goes to dead letters; the user keeps the one before. */
static void test_bad_records(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    write_list(&fixture, slice_str("u1"), slice_str("i1"));
    memlog_append(fixture.rig.log, "recommendations", PARTITION_BY_KEY, slice_str("u1"),
                  slice_str("nonsense"), RIG_WALL_MS);
    memlog_append(fixture.rig.log, "recommendations", 0, slice_of(NULL, 0), slice_of(NULL, 0),
                  RIG_WALL_MS);
    struct copy *copy = start(&fixture);
    run_rounds(&fixture);
    assert_has(ask_get(copy, "/v1/users/u1/recommendations", 200), "\"i1\"");
    assert_int_equal(memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL), 2);
    fixture_release(&fixture);
}

/* Until all lists are read no request is told that a user has none. */
static void test_not_ready(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    write_list(&fixture, slice_str("u1"), slice_str("i1"));
    struct copy *copy = start(&fixture);
    assert_begins(ask_get(copy, "/live", 200), "{\"live\":true}");
    assert_begins(ask_get(copy, "/ready", 503), "{\"ready\":false}");
    assert_has(ask_get(copy, "/v1/users/u1/recommendations", 503), "loading");
    run_rounds(&fixture);
    assert_begins(ask_get(copy, "/ready", 200), "{\"ready\":true}");
    fixture_release(&fixture);
}

/* A copy that starts again reads only what came since. */
static void test_restarted(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    for (int i = 0; i < 50; i++) {
        char user[16];
        (void)snprintf(user, sizeof(user), "u%d", i);
        write_list(&fixture, slice_str(user), slice_str("i1"));
    }
    struct copy *copy = start(&fixture);
    run_rounds(&fixture);
    rig_finish(copy);
    write_list(&fixture, slice_str("u7"), slice_str("i2"));
    assert_true(rig_launch(&fixture.rig, copy));
    run_rounds(&fixture);
    assert_int_equal(
        metric_value(metrics_counter(copy->metrics, "freshet_broadcast_records_total", "", "")), 1);
    assert_has(ask_get(copy, "/v1/users/u7/recommendations", 200), "\"i2\"");
    assert_has(ask_get(copy, "/v1/users/u8/recommendations", 200), "\"i1\"");
    fixture_release(&fixture);
}

/* A record that was refused is the last of its partition, or among the histories that are read
 * again to know who acted last: there is one dead letter of it, however often a copy starts. */
static void test_a_refused_row_is_refused_once(void **state)
{
    static const char *const tables[] = {"recommendations", "histories", "items", "serving-rows"};
    static struct fixture fixture;
    fixture_init(&fixture);
    struct copy *copy = start(&fixture);
    for (size_t i = 0; i < ARRAY_COUNT(tables); i++) {
        memlog_append(fixture.rig.log, tables[i], 1, slice_str("u1"), slice_str("nothing of ours"),
                      RIG_WALL_MS);
        memlog_append(fixture.rig.log, tables[i], 1, slice_of(NULL, 0), slice_str("x"),
                      RIG_WALL_MS);
    }
    run_rounds(&fixture);
    int64_t refused = memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL);
    assert_int_equal(refused, 2 * ARRAY_COUNT(tables));
    for (int starts = 0; starts < 2; starts++) {
        rig_finish(copy);
        assert_true(rig_launch(&fixture.rig, copy));
        run_rounds(&fixture);
        assert_int_equal(memlog_count(fixture.rig.log, "dead-letters", MEMLOG_ALL), refused);
    }
    fixture_release(&fixture);
}

/* Requests name users as the platform does; the topic has pseudonyms, of the newest key first. */
static void test_pseudonyms(void **state)
{
    static struct fixture fixture;
    static const char keys[] = "k1 1970-01-01 0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b\n"
                               "k2 2027-01-01 4a6565664a6565664a6565664a656566\n";
    struct pseudonyms *pseudonyms = NULL;
    char why[256];
    fixture_init(&fixture);
    _cleanup_(xfreep) char *path = xprintf("%s/keys", fixture.rig.dir);
    FILE *file = fopen(path, "w");
    assert_true(file && fputs(keys, file) >= 0 && fclose(file) == 0);
    assert_int_equal(pseudonyms_new(slice_str(keys), &pseudonyms, why, sizeof(why)), 0);
    struct arena *arena = arena_new(4096);
    write_list(&fixture, pseudonyms_of(pseudonyms, 0, slice_str("u1"), arena), slice_str("old"));
    write_list(&fixture, pseudonyms_of(pseudonyms, 0, slice_str("u2"), arena), slice_str("old"));
    write_list(&fixture, pseudonyms_of(pseudonyms, 1, slice_str("u2"), arena), slice_str("new"));
    write_list(&fixture, slice_str("u3"), slice_str("plain"));
    _cleanup_(xfreep) char *pair = xprintf("pseudonym.keys=%s", path);
    const char *const pairs[] = {"http.port=0", pair, NULL};
    struct copy *copy = rig_start(&fixture.rig, &serve_worker, 0, pairs);
    run_rounds(&fixture);
    assert_has(ask_get(copy, "/v1/users/u1/recommendations", 200), "\"old\"");
    const char *body = ask_get(copy, "/v1/users/u2/recommendations", 200);
    assert_has(body, "\"new\"");
    assert_begins(body, "{\"user\":\"u2\",");
    (void)ask_get(copy, "/v1/users/u3/recommendations", 404);
    arena_free(arena);
    pseudonyms_free(pseudonyms);
    fixture_release(&fixture);
}

/* With tokens, a request for a list needs one; probes do not. */
static void test_tokens(void **state)
{
    static struct fixture fixture;
    fixture_init(&fixture);
    write_list(&fixture, slice_str("u1"), slice_str("i1"));
    _cleanup_(xfreep) char *path = xprintf("%s/tokens", fixture.rig.dir);
    FILE *file = fopen(path, "w");
    assert_true(file && fputs("0123456789abcdef\n", file) >= 0 && fclose(file) == 0);
    _cleanup_(xfreep) char *pair = xprintf("http.tokens=%s", path);
    const char *const pairs[] = {"http.port=0", pair, NULL};
    struct copy *copy = rig_start(&fixture.rig, &serve_worker, 0, pairs);
    run_rounds(&fixture);
    assert_has(ask_get(copy, "/v1/users/u1/recommendations", 401), "no_token");
    assert_has(asked, "WWW-Authenticate: Bearer\r\n");
    (void)ask_get(copy, "/ready", 200);
    assert_has(ask_get(copy, "/v1/openapi.json", 200), "/v1/users/{id}/recommendations");
    assert_begins(ask(copy, "GET /v1/users/u1/recommendations HTTP/1.1\r\nHost: x\r\n"
                           "Authorization: Bearer 0123456789abcdef\r\n"
                           "Connection: close\r\n\r\n"),
                  "HTTP/1.1 200 ");
    fixture_release(&fixture);
}

int main(void)
{
    rig_choose_place();
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_list_as_it_stands),
        cmocka_unit_test(test_newest_list),
        cmocka_unit_test(test_pages_and_excluded_items),
        cmocka_unit_test(test_barred_items),
        cmocka_unit_test(test_odd_ids),
        cmocka_unit_test(test_bad_requests),
        cmocka_unit_test(test_bad_records),
        cmocka_unit_test(test_not_ready),
        cmocka_unit_test(test_restarted),
        cmocka_unit_test(test_a_refused_row_is_refused_once),
        cmocka_unit_test(test_pseudonyms),
        cmocka_unit_test(test_tokens),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
