/* Records that somebody else has written to a worker's own changelog: numbers at the limits of
 * their types, columns of different lengths, bytes that are no message. Each becomes a dead letter,
 * its user or item begins anew, and everybody else goes on. Only a state of a newer version ends
 * the worker, with what helps. */
#include "base/base.h"
#include "base/exit_code.h"
#include "features/features.h"
#include "schemas/item_neighbours.h"
#include "schemas/pair_deltas.h"
#include "schemas/user_state.h"
#include "tests/topology/feed.h"
#include "tests/topology/rig.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { MESSAGE_MAX = 4 << 20, LONG_ID = 60000, ROUNDS_TO_END = 300 };

static const char *const pairs[] = {"batch.records.max=40", NULL};
static const char *const skipping[] = {"batch.records.max=40", "state.unknown.schema=skip", NULL};

/* ---- Messages ---- */

struct messages {
    struct schema_cache *schemas;
    struct codec *states, *rows, *deltas, *events;
    struct arena *arena;
    struct buf out;
};

static void messages_init(struct messages *messages)
{
    messages->schemas = schema_cache_new();
    messages->states = codec_new(&user_state_contract, messages->schemas);
    messages->rows = codec_new(&item_neighbours_contract, messages->schemas);
    messages->deltas = codec_new(&pair_deltas_contract, messages->schemas);
    messages->events = codec_new(&user_event_contract, messages->schemas);
    messages->arena = arena_new(1 << 12);
    buf_init(&messages->out, MESSAGE_MAX);
}

static void messages_release(struct messages *messages)
{
    codec_free(messages->states);
    codec_free(messages->rows);
    codec_free(messages->deltas);
    codec_free(messages->events);
    schema_cache_free(messages->schemas);
    arena_free(messages->arena);
    buf_release(&messages->out);
}

static void append(struct rig *rig, struct messages *messages, struct codec *codec,
                   const char *topic, struct slice key, const void *message)
{
    buf_clear(&messages->out);
    assert_int_equal(codec_encode(codec, message, &messages->out), 0);
    memlog_append(rig->log, topic, 0, key, buf_slice(&messages->out), feed_time_ms());
}

static char *long_id(void)
{
    char *id = xmalloc(LONG_ID + 1);
    memset(id, 'x', LONG_ID);
    id[LONG_ID] = '\0';
    return id;
}

/* ---- Users ---- */

/* One action of a user, in columns that a test spoils. */
struct columns {
    struct slice item;
    int32_t action;
    double weight;
    int64_t time_ms, sequence, event_id, offset;
};

static struct user_state state_of(struct columns *columns)
{
    *columns = (struct columns){.item = slice_str("i01"), .weight = 1.0, .time_ms = feed_from_ms};
    return (struct user_state){
        .items = {&columns->item, 1},
        .actions = {&columns->action, 1},
        .weights = {&columns->weight, 1},
        .event_times_ms = {&columns->time_ms, 1},
        .sequences = {&columns->sequence, 1},
        .event_ids = {&columns->event_id, 1},
        .offsets = {&columns->offset, 1},
        .events_total = 1,
        .forgotten_ms = FORGOTTEN_NEVER,
    };
}

static const char *const spoiled_users[] = {"total-least", "total-most", "archived", "segments",
                                            "time-least",  "time-most",  "weight",   "long-id",
                                            "empty-id",    "columns",    "left",     "seen"};

static void spoil_user(size_t which, struct user_state *state, struct columns *columns,
                       const char *id)
{
    static struct slice left_item;
    static double left_weight = 1.0;
    static int64_t left_time_ms = INT64_MIN;
    switch (which) {
    case 0: state->events_total = INT64_MIN; break;
    case 1: state->events_total = INT64_MAX; break;
    case 2: state->archived = INT64_MAX; break;
    case 3: state->segments = INT32_MAX; break;
    case 4: columns->time_ms = INT64_MIN; break;
    case 5: columns->time_ms = INT64_MAX; break;
    case 6: columns->weight = 1e300; break;
    case 7: columns->item = slice_str(id); break;
    case 8: columns->item = slice_str(""); break;
    case 9: state->offsets.count = 0; break;
    case 10:
        left_item = slice_str("i02");
        state->events_total = 2;
        state->left_items = (struct slices){&left_item, 1};
        state->left_weights = (struct doubles){&left_weight, 1};
        state->left_times_ms = (struct longs){&left_time_ms, 1};
        break;
    default: state->seen = slice_str("not eight");
    }
}

static void feed_one(struct rig *rig, struct messages *messages, const char *user, int n)
{
    char id[32];
    (void)snprintf(id, sizeof(id), "e-%s-%d", user, n);
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str(user),
                                  .item_id = slice_str(n % 2 ? "i03" : "i04"),
                                  .action = ACTION_CLICK,
                                  .weight = 1.0,
                                  .event_time_ms = feed_from_ms + n};
    append(rig, messages, messages->events, "events", ev.user_id, &ev);
}

static int64_t dead_letters(struct copy *copy, const char *reason)
{
    char labels[64];
    (void)snprintf(labels, sizeof(labels), "reason=\"%s\"", reason);
    return (int64_t)metric_value(
        metrics_counter(copy->metrics, "freshet_dead_letters_total", labels, "Known already."));
}

static struct copy *begin(struct rig *rig, struct messages *messages, const struct worker *worker,
                          const char *const *settings)
{
    rig_init(rig, 1);
    messages_init(messages);
    struct copy *copy = rig_start(rig, worker, 0, settings);
    if (worker == &features_worker) {
        feed_one(rig, messages, "first", 0);
    } else {
        const struct pair_deltas none = {.event_time_ms = 1};
        append(rig, messages, messages->deltas, "pair-deltas", slice_of(NULL, 0), &none);
    }
    rig_until_idle(rig);
    rig_finish(copy);
    return copy;
}

/* Each user acts again, twice: the second time the new state is stored and read. */
static void test_users(void **state)
{
    struct rig rig;
    struct messages messages;
    struct copy *copy = begin(&rig, &messages, &features_worker, pairs);
    _cleanup_(xfreep) char *id = long_id();
    size_t count = ARRAY_COUNT(spoiled_users);
    for (size_t i = 0; i < count; i++) {
        struct columns columns;
        struct user_state user = state_of(&columns);
        spoil_user(i, &user, &columns, id);
        append(&rig, &messages, messages.states, "features-changelog",
               slice_str(spoiled_users[i]), &user);
    }
    memlog_append(rig.log, "features-changelog", 0, slice_str("bytes"), slice_str("no message"),
                  feed_time_ms());
    assert_true(rig_launch(&rig, copy));
    for (int n = 1; n <= 2; n++) {
        for (size_t i = 0; i < count; i++) { feed_one(&rig, &messages, spoiled_users[i], n); }
        feed_one(&rig, &messages, "bytes", n);
        rig_until_idle(&rig);
        assert_int_equal(dead_letters(copy, "state_damaged"), n == 1 ? count + 1 : 0);
        rig_finish(copy);
        if (n == 1) { assert_true(rig_launch(&rig, copy)); }
    }
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), count + 1);
    struct fold *fold = rig_fold(&rig, "histories");
    assert_int_equal(fold->count, count + 2);
    free(fold);
    messages_release(&messages);
    rig_release(&rig);
}

/* ---- Rows ---- */

static const char *const spoiled_rows[] = {
    "epoch-least", "epoch-most", "trend-epoch", "users-least", "pruned-most", "mass",
    "co",          "long-id",    "itself",      "columns",     "other-key"};

static void spoil_row(size_t which, struct item_neighbours *row, const char *id)
{
    switch (which) {
    case 0: row->epoch = INT64_MIN + 1; break;
    case 1: row->epoch = INT64_MAX; break;
    case 2: row->trend_epoch = INT64_MAX; break;
    case 3: row->first_users = INT64_MIN; break;
    case 4: row->pruned = INT64_MAX; break;
    case 5: row->mass = -1e308; break;
    case 6: row->co_ratings.at[0] = 1e308; break;
    case 7: row->items.at[0] = slice_str(id); break;
    case 8: row->items.at[0] = row->item_id; break;
    case 9: row->backwards.count = 0; break;
    default: row->item_id = slice_str("another");
    }
}

static void append_row(struct rig *rig, struct messages *messages, size_t which, const char *id)
{
    struct slice item = slice_str("i09");
    double co = 1.0, forward = 1.0, backward = 1.0;
    struct item_neighbours row = {
        .item_id = slice_str(spoiled_rows[which]),
        .mass = 1.0,
        .actions = 1.0,
        .first_users = 1,
        .items = {&item, 1},
        .co_ratings = {&co, 1},
        .forwards = {&forward, 1},
        .backwards = {&backward, 1},
    };
    spoil_row(which, &row, id);
    append(rig, messages, messages->rows, "neighbours", slice_str(spoiled_rows[which]), &row);
}

static void feed_deltas(struct rig *rig, struct messages *messages, int64_t epoch)
{
    enum { ROWS = ARRAY_COUNT(spoiled_rows) };
    struct slice items[ROWS];
    double ones[ROWS], zeros[ROWS] = {0};
    int32_t users[ROWS];
    for (size_t i = 0; i < ROWS; i++) {
        items[i] = slice_str(spoiled_rows[i]);
        ones[i] = 1.0;
        users[i] = 1;
    }
    const struct pair_deltas deltas = {
        .epoch = epoch,
        .trend_epoch = epoch,
        .event_time_ms = 1,
        .items = {items, ROWS},
        .masses = {ones, ROWS},
        .action_counts = {ones, ROWS},
        .trends = {zeros, ROWS},
        .new_users = {users, ROWS},
    };
    append(rig, messages, messages->deltas, "pair-deltas", slice_of(NULL, 0), &deltas);
}

static void test_rows(void **state)
{
    struct rig rig;
    struct messages messages;
    struct copy *copy = begin(&rig, &messages, &trainer_worker, pairs);
    _cleanup_(xfreep) char *id = long_id();
    for (size_t i = 0; i < ARRAY_COUNT(spoiled_rows); i++) { append_row(&rig, &messages, i, id); }
    assert_true(rig_launch(&rig, copy));
    feed_deltas(&rig, &messages, 0);
    rig_until_idle(&rig);
    assert_int_equal(dead_letters(copy, "state_damaged"), ARRAY_COUNT(spoiled_rows));
    feed_deltas(&rig, &messages, INT64_C(1) << 53); /* the newest epoch that is taken */
    feed_deltas(&rig, &messages, -(INT64_C(1) << 53));
    rig_until_idle(&rig);
    assert_int_equal(dead_letters(copy, "bad_value"), 0);
    assert_true(run_healthy(copy->run));
    rig_finish(copy);
    messages_release(&messages);
    rig_release(&rig);
}

/* ---- What is told ---- */

static enum verdict end_at(struct task *task, const struct record *rec)
{
    if (rec->offset == 0) { return VERDICT_DONE; }
    (void)task_refuse(task, "full", "no room for record %d", (int)rec->offset);
    return VERDICT_FATAL;
}

/* The reason of an end is whole: what, and at which record. */
static void test_end_names_the_reason_and_the_record(void **state)
{
    static const struct input inputs[] = {{.name = "events", .kind = INPUT_PARTITIONED}};
    static const struct worker ending = {.name = "ending",
                                         .inputs = inputs,
                                         .inputs_count = 1,
                                         .changelog = NO_CHANGELOG,
                                         .process = end_at};
    struct rig rig;
    struct messages messages;
    rig_init(&rig, 1);
    messages_init(&messages);
    struct copy *copy = rig_start(&rig, &ending, 0, NULL);
    for (int n = 0; n < 4; n++) { feed_one(&rig, &messages, "u", n); }
    bool going = true;
    for (int i = 0; going && i < ROUNDS_TO_END; i++) { going = rig_step(&rig, copy); }
    assert_false(going);
    assert_string_equal(copy->why, "no room for record 1, at events partition 0 offset 1");
    messages_release(&messages);
    rig_release(&rig);
}

/* An event of a schema without a field is told as what it is: `events` has requests, too. */
static void test_missing_field_is_named(void **state)
{
    static const char schema[] =
        "{\"type\":\"record\",\"name\":\"UserEvent\",\"namespace\":\"freshet\",\"fields\":["
        "{\"name\":\"event_id\",\"type\":\"string\"},{\"name\":\"user_id\",\"type\":\"string\"}]}";
    static const struct contract_field fields[] = {
        CONTRACT_FIELD(user_event, FIELD_STRING, event_id, ID_BYTES_MAX),
        CONTRACT_FIELD(user_event, FIELD_STRING, user_id, ID_BYTES_MAX),
    };
    static const struct contract shorter = {.name = "freshet.UserEvent",
                                            .schema = schema,
                                            .fields = fields,
                                            .fields_count = ARRAY_COUNT(fields),
                                            .size = sizeof(struct user_event)};
    struct rig rig;
    struct messages messages;
    rig_init(&rig, 1);
    messages_init(&messages);
    _cleanup_(xfreep) char *file = xprintf("%s/shorter.avsc", rig.dir);
    _cleanup_(xfreep) char *path = xprintf("schemas.path=%s", rig.dir);
    FILE *out = fopen(file, "w");
    assert_non_null(out);
    fputs(schema, out);
    fclose(out);
    struct copy *copy = rig_start(&rig, &features_worker, 0, (const char *const[]){path, NULL});
    struct codec *codec = codec_new(&shorter, messages.schemas);
    const struct user_event ev = {.event_id = slice_str("e"), .user_id = slice_str("u")};
    append(&rig, &messages, codec, "events", slice_str("u"), &ev);
    rig_until_idle(&rig);
    assert_int_equal(dead_letters(copy, "schema_mismatch"), 1);
    struct slice message;
    assert_int_equal(memlog_header(rig.log, "dead-letters", 0, 0, "message", &message), 0);
    assert_non_null(memmem(message.data, message.size, "item_id", strlen("item_id")));
    codec_free(codec);
    messages_release(&messages);
    rig_release(&rig);
}

/* ---- A newer version ---- */

static const char newer[] = "\xc3\x01newer-12 and more";

static void test_newer_version_ends(void **state)
{
    struct rig rig;
    struct messages messages;
    struct copy *copy = begin(&rig, &messages, &features_worker, pairs);
    memlog_append(rig.log, "features-changelog", 0, slice_str("u"), slice_str(newer), 1);
    feed_one(&rig, &messages, "u", 1);
    bool going = rig_launch(&rig, copy);
    for (int i = 0; going && i < ROUNDS_TO_END; i++) { going = rig_step(&rig, copy); }
    assert_false(going);
    assert_int_equal(copy->exit_code, EXIT_CONFIG);
    assert_non_null(strstr(copy->why, "state of user 'u' in features-changelog partition 0"));
    assert_non_null(strstr(copy->why, "state.unknown.schema=skip"));
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    messages_release(&messages);
    rig_release(&rig);
}

static void test_newer_version_skipped(void **state)
{
    struct rig rig;
    struct messages messages;
    struct copy *copy = begin(&rig, &messages, &features_worker, skipping);
    memlog_append(rig.log, "features-changelog", 0, slice_str("u"), slice_str(newer), 1);
    feed_one(&rig, &messages, "u", 1);
    assert_true(rig_launch(&rig, copy));
    rig_until_idle(&rig);
    assert_int_equal(dead_letters(copy, "state_damaged"), 1);
    messages_release(&messages);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_users),
        cmocka_unit_test(test_rows),
        cmocka_unit_test(test_end_names_the_reason_and_the_record),
        cmocka_unit_test(test_missing_field_is_named),
        cmocka_unit_test(test_newer_version_ends),
        cmocka_unit_test(test_newer_version_skipped),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
