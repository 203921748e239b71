/* Workers beside a schema registry: what they register, and what waits while it does not answer. */
#include "base/base.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "schemas/item.h"
#include "scorer/scorer.h"
#include "stream/avro/framing.h"
#include "tests/fake_registry.h"
#include "tests/topology/answers.h"
#include "trainer/sequence/sequence.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 2, EVENTS = 400, OLD_ID = 5000, FOREIGN_ID = 900, UNKNOWN_ID = 950 };

#define CLICK_SCHEMA                                                                               \
    "{\"type\":\"record\",\"name\":\"Click\",\"namespace\":\"shop\",\"fields\":["                  \
    "{\"name\":\"event_id\",\"type\":\"string\"},{\"name\":\"user_id\",\"type\":\"string\"},"      \
    "{\"name\":\"item_id\",\"type\":\"string\"},{\"name\":\"action\",\"type\":\"string\"},"        \
    "{\"name\":\"event_time_ms\",\"type\":\"long\"}]}"

struct scratch {
    struct rig rig;
    struct fake_registry fake;
    char url[128];
    const char *more[8]; /* further settings */
};

static int setup(void **state)
{
    struct scratch *scratch = xcalloc(1, sizeof(*scratch));
    rig_init(&scratch->rig, PARTITIONS);
    fake_init(&scratch->fake);
    (void)snprintf(scratch->url, sizeof(scratch->url), "schema.registry.url=%s", scratch->fake.url);
    scratch->more[0] = "schema.registry.unknown.timeout.ms=5s";
    scratch->more[1] = "schema.registry.negative.cache.ms=1h";
    scratch->more[2] = "connect.timeout.ms=1s";
    *state = scratch;
    return 0;
}

static int teardown(void **state)
{
    struct scratch *scratch = *state;
    rig_release(&scratch->rig);
    fake_release(&scratch->fake);
    free(scratch);
    return 0;
}

static struct copy *add(struct scratch *scratch, const struct worker *worker)
{
    const char *pairs[12] = {scratch->url};
    size_t count = 1;
    for (size_t i = 0; i < ARRAY_COUNT(scratch->more) && scratch->more[i]; i++) {
        pairs[count++] = scratch->more[i];
    }
    if (worker == &ingest_worker) { pairs[count++] = "action.click=CLICK:1"; }
    return rig_add(&scratch->rig, worker, 0, pairs);
}

static struct copy *begin(struct scratch *scratch, const struct worker *worker)
{
    struct copy *copy = add(scratch, worker);
    if (!rig_launch(&scratch->rig, copy)) { fail_msg("%s", copy->why); }
    return copy;
}

static void work(struct scratch *scratch, const struct worker *worker)
{
    struct copy *copy = begin(scratch, worker);
    rig_until_idle(&scratch->rig);
    rig_finish(copy);
}

static void rounds(struct scratch *scratch, int count)
{
    for (int i = 0; i < count; i++) { rig_round(&scratch->rig, false); }
}

/* ---- What is registered ---- */

static const struct fake_schema *subject(struct scratch *scratch, const char *name)
{
    const struct fake_schema *schema = fake_find(&scratch->fake, name, NULL);
    if (!schema) { fail_msg("no subject %s", name); }
    return schema;
}

static void test_all_register(void **state)
{
    struct scratch *scratch = *state;
    struct record rec;
    feed_clicks(&scratch->rig, 1, 0, EVENTS);
    work(scratch, &ingest_worker);
    work(scratch, &features_worker);
    work(scratch, &trainer_worker);
    work(scratch, &scorer_worker);
    assert_string_equal(subject(scratch, "events-value")->text, user_event_contract.schema);
    assert_string_equal(subject(scratch, "features-changelog-value")->text,
                        user_state_contract.schema);
    subject(scratch, "features-changelog-freshet.UserArchive");
    subject(scratch, "features-changelog-freshet.UserErasure");
    subject(scratch, "receipts-value");
    subject(scratch, "pair-deltas-value");
    subject(scratch, "neighbours-value");
    subject(scratch, "quality-value");
    subject(scratch, "generations-value");
    const struct fake_schema *lists = subject(scratch, "recommendations-value");
    assert_int_equal(lists->id, subject(scratch, "lists-value")->id);
    assert_int_equal(memlog_read(scratch->rig.log, "recommendations", 0, 0, &rec), 0);
    struct frame frame;
    struct slice body;
    assert_int_equal(frame_read(rec.value, &frame, &body, NULL), 0);
    assert_true(frame.framing == FRAMING_CONFLUENT && frame.number == lists->id);
    assert_int_equal(memlog_count(scratch->rig.log, "dead-letters", MEMLOG_ALL), 0);
}

static void test_may_not_follow(void **state)
{
    struct scratch *scratch = *state;
    fake_add(&scratch->fake, "neighbours-value", "\"int\"");
    scratch->fake.incompatible = true;
    struct copy *copy = add(scratch, &trainer_worker);
    assert_false(rig_launch(&scratch->rig, copy));
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, "neighbours-value: the schema may not follow the one there"));
    assert_non_null(strstr(copy->why, "field x has no default; and y"));
    assert_int_equal(scratch->fake.schemas_count, 1);
}

static void assert_not_started(struct scratch *scratch, int exit_code, const char *why)
{
    struct copy *copy = add(scratch, &trainer_worker);
    assert_false(rig_launch(&scratch->rig, copy));
    assert_int_equal(copy->exit_code, exit_code);
    if (!strstr(copy->why, why)) { fail_msg("%s", copy->why); }
}

static void test_not_started(void **state)
{
    struct scratch *scratch = *state;
    fake_tell(&scratch->fake, 401, "{\"message\":\"who?\"}");
    assert_not_started(scratch, EXIT_CONFIG, "401 who?");
    fake_tell(&scratch->fake, 404, "<html>");
    assert_not_started(scratch, EXIT_CONFIG, "neighbours-value: 404");
    fake_tell(&scratch->fake, 500, "");
    assert_not_started(scratch, EXIT_BROKEN, ": 500");
    fake_tell(&scratch->fake, 0, NULL);
    scratch->more[3] = "schema.registry.auto.register.schemas=false";
    assert_not_started(scratch, EXIT_CONFIG, "does not have this schema; hint: register it there");
    fake_close(&scratch->fake);
    assert_not_started(scratch, EXIT_BROKEN, "127.0.0.1");
}

static void test_starts_in_an_outage(void **state)
{
    struct scratch *scratch = *state;
    feed_events(&scratch->rig, 1, 0, EVENTS / 2);
    struct copy *copy = begin(scratch, &features_worker);
    rig_until_idle(&scratch->rig);
    fake_close(&scratch->fake);
    /* known ids are no question */
    feed_events(&scratch->rig, 1, EVENTS / 2, EVENTS);
    rig_until_idle(&scratch->rig);
    rig_finish(copy);
    /* a new process finds its ids on the disk, and its state too */
    feed_events(&scratch->rig, 1, EVENTS, EVENTS + 100);
    assert_true(rig_launch(&scratch->rig, copy));
    rig_until_idle(&scratch->rig);
    rig_finish(copy);
    /* one that never met the registry does not */
    rig_empty(copy);
    assert_false(rig_launch(&scratch->rig, copy));
    assert_int_equal(copy->exit_code, EXIT_BROKEN);
}

/* ---- Ids that are not known ---- */

/* Appends a click in a foreign schema's frame to a partition. */
static void append_click(struct scratch *scratch, int32_t partition, uint32_t id, const char *user)
{
    struct buf out;
    char frame[FRAME_BYTES_MAX];
    const char *texts[] = {user, user, "i01", "click"};
    buf_init(&out, 1024);
    size_t size = frame_write((struct frame){FRAMING_CONFLUENT, id}, frame);
    buf_append(&out, frame, size);
    for (size_t i = 0; i < ARRAY_COUNT(texts); i++) {
        char length = (char)(2 * strlen(texts[i]));
        buf_append(&out, &length, 1);
        buf_append(&out, texts[i], strlen(texts[i]));
    }
    for (uint64_t rest = 2 * (uint64_t)feed_from_ms; rest; rest >>= 7) {
        char byte = (char)((rest & 0x7f) | (rest >= 0x80 ? 0x80 : 0));
        buf_append(&out, &byte, 1);
    }
    memlog_append(scratch->rig.log, "clicks", partition, slice_str(user), buf_slice(&out),
                  feed_time_ms());
    buf_release(&out);
}

static int64_t count(struct scratch *scratch, const char *topic)
{
    return (int64_t)memlog_count(scratch->rig.log, topic, MEMLOG_ALL);
}

static void add_schema(struct scratch *scratch, const char *name, uint32_t id, const char *text)
{
    scratch->fake.last_id = id - 1;
    fake_add(&scratch->fake, name, text);
}

static void test_a_partition_waits(void **state)
{
    struct scratch *scratch = *state;
    scratch->more[3] = "source.format=avro";
    scratch->more[4] = "schema.registry.unknown.timeout.ms=1h";
    scratch->more[0] = scratch->more[4];
    scratch->more[4] = NULL;
    add_schema(scratch, "clicks-value", FOREIGN_ID, CLICK_SCHEMA);
    append_click(scratch, 0, FOREIGN_ID, "a");
    append_click(scratch, 0, UNKNOWN_ID, "b");
    append_click(scratch, 0, FOREIGN_ID, "c");
    append_click(scratch, 1, FOREIGN_ID, "d");
    struct copy *copy = begin(scratch, &ingest_worker);
    rounds(scratch, 100);
    for (int i = 0; i < 50; i++) { append_click(scratch, 1, FOREIGN_ID, "d"); }
    rounds(scratch, 100);
    /* what stands before it is done and committed, what stands behind it waits */
    assert_int_equal(count(scratch, "events"), 52);
    assert_int_equal(memlog_committed(scratch->rig.log, "freshet-ingest", "clicks", 0), 1);
    assert_int_equal(memlog_committed(scratch->rig.log, "freshet-ingest", "clicks", 1), 51);
    /* a rewind in the middle changes nothing */
    rig_finish(copy);
    assert_true(rig_launch(&scratch->rig, copy));
    rounds(scratch, 100);
    assert_int_equal(count(scratch, "events"), 52);
    add_schema(scratch, "clicks-value", UNKNOWN_ID, CLICK_SCHEMA " ");
    rig_until_idle(&scratch->rig);
    assert_int_equal(count(scratch, "events"), 54);
    assert_int_equal(count(scratch, "dead-letters"), 0);
    rig_finish(copy);
}

static void test_given_up(void **state)
{
    struct scratch *scratch = *state;
    struct record rec;
    scratch->more[3] = "source.format=avro";
    add_schema(scratch, "clicks-value", FOREIGN_ID, CLICK_SCHEMA);
    append_click(scratch, 0, 77, "a");
    append_click(scratch, 0, FOREIGN_ID, "b");
    for (uint32_t id = 100; id < 150; id++) { append_click(scratch, 0, id, "flood"); }
    append_click(scratch, 0, FOREIGN_ID, "c");
    struct copy *copy = begin(scratch, &ingest_worker);
    int64_t from_ms = scratch->rig.now_ms;
    rounds(scratch, 100);
    assert_int_equal(count(scratch, "events"), 0);
    rig_until_idle(&scratch->rig);
    assert_int_equal(count(scratch, "events"), 2);
    assert_int_equal(count(scratch, "dead-letters"), 51);
    assert_in_range(scratch->rig.now_ms - from_ms, 5000, 20000); /* once 5 s, not 51 times */
    int32_t letter = memlog_read(scratch->rig.log, "dead-letters", 0, 0, &rec) == 0 ? 0 : 1;
    assert_int_equal(memlog_read(scratch->rig.log, "dead-letters", letter, 0, &rec), 0);
    assert_int_equal(rec.value.data[0], 0);
    rig_finish(copy);
}

static void append_item(struct scratch *scratch, const char *item_id, uint32_t id)
{
    struct schema_cache *schemas = schema_cache_new();
    assert(schema_cache_bind(schemas, id, item_contract.schema, NULL) == 0);
    schema_cache_write(schemas, FRAMING_CONFLUENT);
    struct codec *codec = codec_new(&item_contract, schemas);
    struct buf out;
    struct item item;
    buf_init(&out, 4096);
    codec_defaults(codec, &item);
    item.item_id = slice_str(item_id);
    assert(codec_encode(codec, &item, &out) == 0);
    memlog_append(scratch->rig.log, "items", 0, item.item_id, buf_slice(&out), feed_time_ms());
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
}

static void test_tables_wait(void **state)
{
    struct scratch *scratch = *state;
    scratch->more[0] = "schema.registry.unknown.timeout.ms=1h";
    append_item(scratch, "i01", FOREIGN_ID);
    append_item(scratch, "i02", FOREIGN_ID);
    struct copy *copy = begin(scratch, &scorer_worker);
    rounds(scratch, 50);
    assert_false(run_healthy(copy->run));
    add_schema(scratch, "items-value", FOREIGN_ID, item_contract.schema);
    rounds(scratch, 200);
    assert_true(run_healthy(copy->run));
    assert_int_equal(count(scratch, "dead-letters"), 0);
    /* and once it serves: another one, which nobody ever knows */
    append_item(scratch, "i03", UNKNOWN_ID);
    append_item(scratch, "i04", FOREIGN_ID);
    rounds(scratch, 50);
    assert_int_equal(count(scratch, "dead-letters"), 0);
    scratch->rig.now_ms += 3600000;
    rounds(scratch, 50);
    assert_int_equal(count(scratch, "dead-letters"), 1);
    rig_finish(copy);
}

/* After a restart no id of a registry is known yet; what sequence has stored needs none, and is not
 * read again. */
static void test_stored_histories(void **state)
{
    struct scratch *scratch = *state;
    feed_events(&scratch->rig, 1, 0, EVENTS);
    work(scratch, &features_worker);
    struct copy *copy = add(scratch, &sequence_worker);
    double users[2], read[2];
    for (int turn = 0; turn < 2; turn++) {
        if (!rig_launch(&scratch->rig, copy)) { fail_msg("%s", copy->why); }
        rounds(scratch, 200);
        users[turn] =
            metric_value(metrics_gauge(copy->metrics, "freshet_training_users", "", ""));
        read[turn] =
            metric_value(metrics_counter(copy->metrics, "freshet_broadcast_records_total", "", ""));
        rig_finish(copy);
    }
    double groups = (double)memlog_count(scratch->rig.log, "profiles", MEMLOG_ALL);
    assert_true(read[0] >= users[0] && read[1] <= groups);
    assert_true(users[0] > 10);
    assert_true(users[1] == users[0]);
}

/* ---- State of an older schema ---- */

static void test_old_state(void **state)
{
    struct scratch *scratch = *state;
    _cleanup_(xfreep) char *dir = xprintf("%s/old", scratch->rig.dir);
    _cleanup_(xfreep) char *path = xprintf("schemas.path=%s", dir);
    assert_int_equal(mkdir(dir, 0777), 0);
    for (size_t i = 0; i < contracts_count; i++) {
        _cleanup_(xfreep) char *file = xprintf("%s/%zu.avsc", dir, OLD_ID + i);
        FILE *out = fopen(file, "w");
        assert_non_null(out);
        fputs(contracts[i]->schema, out);
        assert_int_equal(fclose(out), 0);
    }
    feed_events(&scratch->rig, 1, 0, EVENTS);
    const char *pairs[] = {"schema.framing=confluent", path, NULL};
    struct copy *copy = rig_start(&scratch->rig, &features_worker, 0, pairs);
    rig_until_idle(&scratch->rig);
    rig_finish(copy);
    /* the same state, local and restored, by a worker whose schemas have other ids now */
    for (size_t i = 0; i < contracts_count; i++) {
        _cleanup_(xfreep) char *text = xprintf("%s ", contracts[i]->schema);
        add_schema(scratch, "old", OLD_ID + (uint32_t)i, text);
    }
    feed_events(&scratch->rig, 1, EVENTS, EVENTS + 200);
    work(scratch, &features_worker);
    assert_int_equal(count(scratch, "dead-letters"), 0);
    /* and by one that cannot ask: it does not take the user for a new one */
    feed_events(&scratch->rig, 1, EVENTS + 200, EVENTS + 300);
    const char *blind[] = {"schema.framing=single", NULL};
    copy = rig_add(&scratch->rig, &features_worker, 0, blind);
    assert_true(rig_launch(&scratch->rig, copy));
    for (int i = 0; i < 1000 && copy->run && rig_step(&scratch->rig, copy); i++) {}
    assert_null(copy->run);
    assert_int_equal(copy->exit_code, EXIT_BROKEN);
    assert_non_null(strstr(copy->why, "written with schema id"));
}

int main(void)
{
#define SCRATCH_TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        SCRATCH_TEST(test_all_register),      SCRATCH_TEST(test_may_not_follow),
        SCRATCH_TEST(test_not_started),       SCRATCH_TEST(test_starts_in_an_outage),
        SCRATCH_TEST(test_a_partition_waits), SCRATCH_TEST(test_given_up),
        SCRATCH_TEST(test_tables_wait),       SCRATCH_TEST(test_stored_histories),
        SCRATCH_TEST(test_old_state),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
