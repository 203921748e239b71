/* Outcomes: what features counts by placement, generation, rule and hour is what a loop over the
 * events counts: in any order, with repeats, with what is taken back, and through kills. */
#include "base/base.h"
#include "features/outcome_sums.h"
#include "schemas/placement_outcomes.h"
#include "tests/topology/forgetting.h"

enum { ACTIONS = 900, KILLS = 8, GROUPS_MAX = 9000, SHOWN_ITEMS = 3 };

#define HASH "0123456789abcdef"

static const char *const plain[] = {"history.shown.max=1000", "batch.records.max=100", NULL};
static const char *const small[] = {"history.shown.max=1000", "batch.records.max=7", NULL};
static const char *const brief[] = {"history.shown.max=1000", "batch.records.max=100",
                                    "outcomes.kept=1d", NULL};

/* ---- The events ---- */

static int number_of(const struct click *click)
{
    return (int)strtol(click->id + 1, NULL, 10);
}

/* Which list an action is of; NULL: none, or none of ours. */
static const char *list_of(int n)
{
    static const char *const lists[] = {"home::" HASH, "home:g2:" HASH, "basket::" HASH, NULL};
    return lists[n % 4];
}

static const char *rule_of(int n)
{
    return n % 3 == 0 ? "boost.new" : "";
}

static int32_t kind_of(int n)
{
    static const int32_t kinds[] = {ACTION_VIEW, ACTION_CLICK, ACTION_PURCHASE, ACTION_LIKE};
    return kinds[n / 4 % 4];
}

static double value_of(int n)
{
    return kind_of(n) == ACTION_PURCHASE ? 0.1 + n : 0.0;
}

static bool is_taken(int n)
{
    return n % 7 == 3;
}

static void act(struct rig *rig, struct message_writer *writer, const struct click *click)
{
    int n = number_of(click);
    const char *list = list_of(n);
    const struct user_event ev = {.event_id = slice_str(click->id),
                                  .user_id = slice_str(click->user),
                                  .item_id = slice_str(click->item),
                                  .action = kind_of(n),
                                  .weight = 1.0,
                                  .event_time_ms = click->time_ms,
                                  .list_id = slice_str(list ? list : "a list of somebody else"),
                                  .rule = slice_str(rule_of(n)),
                                  .value = value_of(n)};
    send_event(rig, writer, &ev);
}

static void show(struct rig *rig, struct message_writer *writer, const struct click *click)
{
    char id[24];
    const struct slice items[SHOWN_ITEMS] = {slice_str("i01"), slice_str("i02"),
                                             slice_str(click->item)};
    (void)snprintf(id, sizeof(id), "shown-%s", click->id);
    const char *list = list_of(number_of(click));
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str(click->user),
                                  .action = ACTION_EXPOSURE,
                                  .event_time_ms = click->time_ms,
                                  .list_id = slice_str(list ? list : ""),
                                  .rule = slice_str(rule_of(number_of(click))),
                                  .items = {(struct slice *)items, SHOWN_ITEMS}};
    send_event(rig, writer, &ev);
}

/* All of them, and some again; the step says in which order. */
static void feed(struct rig *rig, struct message_writer *writer, int step)
{
    for (int k = 0; k < ACTIONS; k++) {
        const struct click click = click_of(5, k * step % ACTIONS);
        bool early = k % 2 == 0;
        if (is_taken(number_of(&click)) && early) { send_take_back(rig, writer, &click); }
        if (number_of(&click) % 5 == 0) { show(rig, writer, &click); }
        act(rig, writer, &click);
        if (k % 11 == 0) { act(rig, writer, &click); }
        if (is_taken(number_of(&click))) { send_take_back(rig, writer, &click); }
    }
}

/* ---- What they are ---- */

struct group {
    char key[128]; /* hour placement generation rule */
    struct outcome_counts counts;
};

struct groups {
    struct group at[GROUPS_MAX];
    size_t count;
};

static void group_add(struct groups *groups, int64_t hour_ms, const struct placement_outcomes *of,
                      const struct outcome_counts *counts)
{
    char key[128];
    (void)snprintf(key, sizeof(key), "%" PRId64 " %.*s %.*s %.*s", hour_ms,
                   SLICE_ARGS(of->placement), SLICE_ARGS(of->generation), SLICE_ARGS(of->rule));
    size_t i = 0;
    while (i < groups->count && strcmp(groups->at[i].key, key) != 0) { i++; }
    if (i == groups->count) {
        assert_true(groups->count < GROUPS_MAX);
        groups->at[groups->count++] = (struct group){.counts = {0}};
        (void)snprintf(groups->at[i].key, sizeof(groups->at[i].key), "%s", key);
    }
    struct outcome_counts *sum = &groups->at[i].counts;
    sum->impressions += counts->impressions;
    sum->clicks += counts->clicks;
    sum->actions += counts->actions;
    sum->conversions += counts->conversions;
    sum->revenue_micros += counts->revenue_micros;
}

static void count_event(struct groups *groups, const struct click *click,
                        const struct outcome_counts *counts)
{
    int n = number_of(click);
    const char *list = list_of(n);
    struct placement_outcomes of = {.rule = slice_str(rule_of(n))};
    if (!list) { return; }
    assert_true(list_id_read(slice_str(list), &of.placement, &of.generation));
    group_add(groups, click->time_ms / OUTCOMES_HOUR_MS * OUTCOMES_HOUR_MS, &of, counts);
    group_add(groups, /* total= */ 0, &of, counts);
}

static void expect(struct groups *groups)
{
    static const struct outcome_counts shown = {.impressions = SHOWN_ITEMS};
    bool known[ACTIONS] = {false};
    groups->count = 0;
    for (int k = 0; k < ACTIONS; k++) {
        const struct click click = click_of(5, k);
        int n = number_of(&click);
        if (known[n]) { continue; }
        known[n] = true;
        if (n % 5 == 0) { count_event(groups, &click, &shown); }
        const struct outcome_counts counts = {
            .clicks = kind_of(n) == ACTION_VIEW || kind_of(n) == ACTION_CLICK,
            .actions = 1,
            .conversions = kind_of(n) == ACTION_PURCHASE,
            .revenue_micros = llround(value_of(n) * 1e6)};
        if (!is_taken(n)) { count_event(groups, &click, &counts); }
    }
}

/* Sums over the partitions what the topic says. */
static void read_topic(const struct rig *rig, struct groups *groups)
{
    struct answers answers;
    struct placement_outcomes of;
    answers_init(&answers, rig);
    struct codec *codec = codec_new(&placement_outcomes_contract, answers.schemas);
    struct fold *fold = rig_fold(rig, "outcomes");
    groups->count = 0;
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(&answers, codec, fold->at[i].value, &of);
        const struct outcome_counts counts = placement_outcomes_counts(&of);
        bool total = of.to_ms == 0;
        assert_int_equal(of.to_ms - of.from_ms, total ? 0 : OUTCOMES_HOUR_MS);
        group_add(groups, of.from_ms, &of, &counts);
    }
    free(fold);
    codec_free(codec);
    answers_release(&answers);
}

static int by_key(const void *a, const void *b)
{
    return strcmp(((const struct group *)a)->key, ((const struct group *)b)->key);
}

static void same(struct groups *want, struct groups *are)
{
    qsort(want->at, want->count, sizeof(want->at[0]), by_key);
    qsort(are->at, are->count, sizeof(are->at[0]), by_key);
    assert_int_equal(are->count, want->count);
    for (size_t i = 0; i < want->count; i++) {
        assert_string_equal(are->at[i].key, want->at[i].key);
        assert_memory_equal(&are->at[i].counts, &want->at[i].counts, sizeof(want->at[i].counts));
    }
}

/* ---- Runs ---- */

static void check_gauges(const struct copy *copy, const struct groups *groups)
{
    double clicks = 0, revenue = 0, want_clicks = 0, want_revenue = 0;
    for (int p = 0; p < PARTITIONS; p++) {
        char labels[64];
        (void)snprintf(labels, sizeof(labels), "partition=\"%d\",placement=\"home\"", p);
        clicks += metric_value(
            metrics_gauge(copy->metrics, "freshet_outcome_clicks", labels, ""));
        revenue += metric_value(
            metrics_gauge(copy->metrics, "freshet_outcome_revenue", labels, ""));
    }
    for (size_t i = 0; i < groups->count; i++) {
        if (strncmp(groups->at[i].key, "0 home ", 7) != 0) { continue; }
        want_clicks += (double)groups->at[i].counts.clicks;
        want_revenue += (double)groups->at[i].counts.revenue_micros / 1e6;
    }
    assert_true(want_clicks > 0 && clicks == want_clicks);
    assert_true(fabs(revenue - want_revenue) < 1e-6);
}

static void run_all(struct groups *are, const char *const *settings, int step, int kills,
                    bool empty)
{
    struct rig rig;
    struct message_writer writer;
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    feed(&rig, &writer, step);
    rig.tolerant = true;
    struct copy *features = rig_start(&rig, &features_worker, 0, settings);
    for (int i = 0; i < kills; i++) {
        for (int n = 0; n < 5; n++) { rig_round(&rig, /* empty= */ false); }
        rig_kill(&rig, features);
        if (empty) { rig_empty(features); }
        while (!rig_launch(&rig, features)) { assert_true(++rig.restarts < RESTARTS_MAX); }
    }
    rig_survive(&rig, empty);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    read_topic(&rig, are);
    check_gauges(features, are);
    message_writer_release(&writer);
    rig_release(&rig);
}

static struct groups want, is;

static void outcomes_are_those_of_a_loop(void **state _unused_)
{
    expect(&want);
    assert_true(want.count > 100);
    run_all(&is, plain, 1, 0, false);
    same(&want, &is);
}

static void the_order_and_the_batches_do_not_matter(void **state _unused_)
{
    expect(&want);
    run_all(&is, small, 317, 0, false);
    same(&want, &is);
}

static void nothing_is_counted_twice_through_kills(void **state _unused_)
{
    expect(&want);
    run_all(&is, plain, 1, KILLS, false);
    same(&want, &is);
    run_all(&is, small, 317, KILLS, true);
    same(&want, &is);
}

/* Totals stay, hours go. */
static void old_hours_are_deleted(void **state _unused_)
{
    size_t totals = 0, hours = 0;
    expect(&want);
    run_all(&is, brief, 1, 0, false);
    for (size_t i = 0; i < is.count; i++) {
        bool total = strncmp(is.at[i].key, "0 ", 2) == 0;
        int64_t hour_ms = strtoll(is.at[i].key, NULL, 10);
        totals += total;
        hours += !total;
        assert_true(total || hour_ms >= feed_from_ms + (ACTIONS * INT64_C(600000)) - 4 * 86400000);
    }
    assert_true(hours > 0 && hours < want.count / 2);
    for (size_t i = 0; i < want.count; i++) { totals -= strncmp(want.at[i].key, "0 ", 2) == 0; }
    assert_int_equal(totals, 0);
}

/* ---- Names that anybody may send ---- */

static void show_under(struct rig *rig, struct message_writer *writer, const char *id,
                       const char *list, const char *rule, int64_t time_ms)
{
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str("u"),
                                  .item_id = slice_str("i01"),
                                  .action = ACTION_EXPOSURE,
                                  .event_time_ms = time_ms,
                                  .list_id = slice_str(list),
                                  .rule = slice_str(rule)};
    send_event(rig, writer, &ev);
}

static void show_many(struct rig *rig, struct message_writer *writer, int first, int count,
                      bool by_rule)
{
    for (int n = first; n < first + count; n++) {
        char id[24], list[48];
        (void)snprintf(id, sizeof(id), "x%d", n);
        (void)snprintf(list, sizeof(list), "%s::" HASH, by_rule ? "home" : id);
        show_under(rig, writer, id, list, by_rule ? id : "", feed_from_ms + n);
    }
}

/* The sum of a placement's impressions by its rows, and how many totals there are. */
static int64_t impressions(const struct groups *groups, const char *placement, size_t *ret_totals)
{
    char key[64];
    int64_t sum = 0;
    *ret_totals = 0;
    (void)snprintf(key, sizeof(key), "0 %s ", placement);
    for (size_t i = 0; i < groups->count; i++) {
        *ret_totals += strncmp(groups->at[i].key, "0 ", 2) == 0;
        bool named = strncmp(groups->at[i].key, key, strlen(key)) == 0;
        sum += named ? groups->at[i].counts.impressions : 0;
    }
    return sum;
}

enum { MANY = 1 + 4200 };

static void begin_names(struct rig *rig, struct message_writer *writer)
{
    rig_init(rig, 1);
    message_writer_init(writer);
}

static void end_names(struct rig *rig, struct message_writer *writer)
{
    message_writer_release(writer);
    rig_release(rig);
}

/* Rules that nobody has written take no room from placements, and are counted with theirs. */
static void rules_are_bounded(void **state _unused_)
{
    struct rig rig;
    struct message_writer writer;
    size_t totals;
    begin_names(&rig, &writer);
    show_many(&rig, &writer, 0, MANY, /* by_rule= */ true);
    show_under(&rig, &writer, "p", "basket::" HASH, "", feed_from_ms + MANY);
    (void)rig_start(&rig, &features_worker, 0, plain);
    rig_until_idle(&rig);
    read_topic(&rig, &is);
    assert_int_equal(impressions(&is, "home", &totals), MANY);
    assert_int_equal(impressions(&is, "basket", &totals), 1);
    assert_int_equal(impressions(&is, "other", &totals), 0);
    assert_int_equal(totals, OUTCOME_RULES_MAX + 2);
    end_names(&rig, &writer);
}

/* Further placements count as `other`, until names fall silent: their totals go there, too. */
static void names_leave_when_they_are_silent(void **state _unused_)
{
    const int64_t days_ms = 3 * INT64_C(86400000);
    struct rig rig;
    struct message_writer writer;
    size_t totals;
    begin_names(&rig, &writer);
    show_many(&rig, &writer, 0, MANY, /* by_rule= */ false);
    struct copy *features = rig_start(&rig, &features_worker, 0, brief);
    rig_until_idle(&rig);
    read_topic(&rig, &is);
    assert_int_equal(impressions(&is, "other", &totals), MANY - OUTCOME_SOURCES_MAX);
    assert_int_equal(totals, OUTCOME_SOURCES_MAX + 1);
    rig_kill(&rig, features);
    assert_true(rig_launch(&rig, features));
    show_under(&rig, &writer, "p", "basket::" HASH, "", feed_from_ms + days_ms);
    rig_until_idle(&rig);
    show_under(&rig, &writer, "q", "basket::" HASH, "", feed_from_ms + days_ms);
    show_under(&rig, &writer, "r", "basket::" HASH, "boost", feed_from_ms + days_ms);
    rig_until_idle(&rig);
    read_topic(&rig, &is);
    assert_int_equal(impressions(&is, "other", &totals), MANY + 1);
    assert_int_equal(impressions(&is, "basket", &totals), 2);
    assert_int_equal(totals, 3);
    end_names(&rig, &writer);
}

/* A placement of which much was seen has metrics after a start, whatever names came before it. */
static void metrics_are_of_those_that_are_seen(void **state _unused_)
{
    enum { MADE_UP = OUTCOME_PLACEMENTS_MAX + 6, SEEN = 5 };
    struct rig rig;
    struct message_writer writer;
    begin_names(&rig, &writer);
    show_many(&rig, &writer, 0, MADE_UP, /* by_rule= */ false);
    for (int n = 0; n < SEEN; n++) {
        char id[24];
        (void)snprintf(id, sizeof(id), "z%d", n);
        show_under(&rig, &writer, id, "zoo::" HASH, "", feed_from_ms);
    }
    struct copy *features = rig_start(&rig, &features_worker, 0, plain);
    rig_until_idle(&rig);
    rig_kill(&rig, features);
    assert_true(rig_launch(&rig, features));
    show_under(&rig, &writer, "last", "zoo::" HASH, "", feed_from_ms + 1);
    rig_until_idle(&rig);
    assert_int_equal(metric_value(metrics_gauge(features->metrics, "freshet_outcome_impressions",
                                                "partition=\"0\",placement=\"zoo\"", "")),
                     SEEN + 1);
    end_names(&rig, &writer);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(outcomes_are_those_of_a_loop),
        cmocka_unit_test(the_order_and_the_batches_do_not_matter),
        cmocka_unit_test(nothing_is_counted_twice_through_kills),
        cmocka_unit_test(old_hours_are_deleted),
        cmocka_unit_test(rules_are_bounded),
        cmocka_unit_test(names_leave_when_they_are_silent),
        cmocka_unit_test(metrics_are_of_those_that_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
