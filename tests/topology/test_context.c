/* Counts of contexts from events to rows, against their definition computed from the
 * events that are left: late and repeated actions, in timelines of which half has left; taken back,
 * forgotten and merged; one copy and three that die. */
#include "base/base.h"
#include "model/counting/context_text.h"
#include "tests/topology/merging.h"

enum { ACTIONS = 1000, FIRST = 700, WINDOW = 8, KILLS = 4, DEVICES = 2, VALUES = 8,
       INDICATORS = DEVICES + (VALUES - DEVICES) * CONTEXT_GROUPS };

enum scenario { PLAIN, TAKEN_BACK, FORGOTTEN, MERGED };

struct plan {
    enum scenario scenario;
    const char *const *settings;
    int copies;
};

static const char *const timelines[] = {
    "history.actions.max=64", "pairs.window=8",        "transitions.window=5",
    "history.length=10",      "batch.records.max=100", NULL};
/* Merged users' actions are never too late. */
static const char *const long_timelines[] = {
    "history.actions.max=1200", "pairs.window=8",        "transitions.window=5",
    "history.length=10",        "batch.records.max=100", NULL};
static const char *const uncounted[] = {"context.counted=false", NULL};

/* ---- The events ---- */

static const struct {
    enum context_dimension dimension;
    const char *value;
} values[VALUES] = {
    {CONTEXT_DEVICE, "mobile"},   {CONTEXT_DEVICE, "tv"},    {CONTEXT_DAY, "night"},
    {CONTEXT_DAY, "morning"},     {CONTEXT_DAY, "afternoon"}, {CONTEXT_DAY, "evening"},
    {CONTEXT_WEEK, "weekday"},    {CONTEXT_WEEK, "weekend"}};

/* Indicators are values, and those behind the devices by groups of days. */
static int indicator_at(int value, int32_t group)
{
    return value < DEVICES ? value : DEVICES + (value - DEVICES) * CONTEXT_GROUPS + group;
}

static int value_of(int indicator)
{
    return indicator < DEVICES ? indicator : DEVICES + (indicator - DEVICES) / CONTEXT_GROUPS;
}

static struct context_id id_at(int indicator)
{
    int value = value_of(indicator);
    return (struct context_id){
        .dimension = values[value].dimension,
        .value = slice_str(values[value].value),
        .group = value < DEVICES ? 0 : (indicator - DEVICES) % CONTEXT_GROUPS};
}

static int number_of(const struct click *click)
{
    return (int)strtol(click->id + 1, NULL, 10);
}

/* Some actions have a device, some a clock, some nothing. */
static const char *device_of(int number)
{
    static const char *const devices[] = {"", "Mobile", "tv", "mobile"};
    return devices[number * 7 % 4];
}

static int32_t weekday_of(int number)
{
    return number % 3 ? number % 7 + 1 : 0;
}

static int32_t hour_of(int number)
{
    return number * 5 % 24;
}

static bool has(int number, int value)
{
    const char *device = device_of(number);
    int32_t weekday = weekday_of(number);
    if (value == 0) { return *device && strcasecmp(device, "mobile") == 0; }
    if (value == 1) { return strcmp(device, "tv") == 0; }
    if (!weekday) { return false; }
    if (value < 6) { return hour_of(number) / 6 == value - 2; }
    return (weekday > 5) == (value == 7);
}

static double weight_of(int number)
{
    return number % 11 ? 0.5 * (number % 7 + 1) : 0;
}

static void send_click(struct rig *rig, struct message_writer *writer, const struct click *click)
{
    int number = number_of(click);
    const struct user_event ev = {.event_id = slice_str(click->id),
                                  .user_id = slice_str(click->user),
                                  .item_id = slice_str(click->item),
                                  .action = ACTION_VIEW,
                                  .weight = weight_of(number),
                                  .event_time_ms = click->time_ms,
                                  .device = slice_str(device_of(number)),
                                  .hour = hour_of(number),
                                  .weekday = weekday_of(number)};
    send_event(rig, writer, &ev);
}

static bool is_taken(const struct plan *plan, const struct click *click)
{
    return plan->scenario == TAKEN_BACK && number_of(click) % 2 == 0;
}

static void feed(struct rig *rig, struct message_writer *writer, const struct plan *plan)
{
    for (int n = 0; n < ACTIONS; n++) {
        const struct click click = click_of(3, n);
        if (n >= FIRST && is_taken(plan, &click)) { send_take_back(rig, writer, &click); }
        send_click(rig, writer, &click);
        for (int k = 0; k < FIRST && n == FIRST - 1; k++) {
            const struct click other = click_of(3, k * 317 % FIRST);
            if (is_taken(plan, &other)) { send_take_back(rig, writer, &other); }
        }
    }
    if (plan->scenario == FORGOTTEN) {
        send_request(rig, writer, "r", "user-2", feed_time_ms() + 1);
    }
    if (plan->scenario == MERGED) {
        send_identify(rig, writer, "join", "user-0", "user-1", feed_time_ms());
    }
}

/* ---- The definition ---- */

struct done {
    char user[16];
    int64_t time_ms;
    uint64_t id;
    size_t item;
    int number;
};

struct definition {
    struct done done[ACTIONS];
    size_t count;
    double users[INDICATORS][FEED_ITEMS];
};

static int by_order(const void *a, const void *b)
{
    const struct done *x = a, *y = b;
    int user = strcmp(x->user, y->user);
    if (user) { return user; }
    if (x->time_ms != y->time_ms) { return x->time_ms < y->time_ms ? -1 : 1; }
    return x->id < y->id ? -1 : x->id > y->id;
}

static void collect(struct definition *all, const struct plan *plan)
{
    for (int n = 0; n < ACTIONS; n++) {
        const struct click click = click_of(3, n);
        bool repeated = number_of(&click) != n, is_gone = strcmp(click.user, "user-2") == 0;
        if (repeated || is_taken(plan, &click)) { continue; }
        if (plan->scenario == FORGOTTEN && is_gone) { continue; }
        struct done *done = &all->done[all->count++];
        bool joins = plan->scenario == MERGED && strcmp(click.user, "user-0") == 0;
        (void)snprintf(done->user, sizeof(done->user), "%s", joins ? "user-1" : click.user);
        done->time_ms = click.time_ms;
        done->id = ids_fingerprint(slice_str(click.id));
        done->item = sums_item(slice_str(click.item));
        done->number = n;
    }
    qsort(all->done, all->count, sizeof(*all->done), by_order);
}

static int32_t group_of(const struct done *done)
{
    return context_group(done->time_ms, weekday_of(done->number));
}

static void define_one(struct definition *all, const struct done *y)
{
    const struct done *from = y;
    if (!(weight_of(y->number) > 0)) { return; }
    while (from > all->done && y - from < WINDOW && strcmp(from[-1].user, y->user) == 0) { from--; }
    for (int v = 0; v < VALUES; v++) {
        bool new = has(y->number, v);
        for (const struct done *x = from; x < y && new; x++) {
            bool counts = x->item == y->item && weight_of(x->number) > 0;
            new = !(counts && has(x->number, v));
        }
        all->users[indicator_at(v, group_of(y))][y->item] += new;
    }
}

static struct definition *define(const struct plan *plan)
{
    struct definition *all = xcalloc(1, sizeof(*all));
    collect(all, plan);
    for (size_t y = 0; y < all->count; y++) { define_one(all, &all->done[y]); }
    return all;
}

/* ---- The rows ---- */

static double of_indicator(const struct definition *all, int c)
{
    double sum = 0;
    for (size_t i = 0; i < FEED_ITEMS; i++) { sum += all->users[c][i]; }
    return sum;
}

static int indicator_of(struct slice id)
{
    for (int c = 0; c < INDICATORS; c++) {
        char text[CONTEXT_ID_BYTES_MAX];
        const struct context_id one = id_at(c);
        if (slice_equal(id, context_id_write(&one, text))) { return c; }
    }
    fail();
    return 0;
}

static double of_dimension(const struct definition *all, enum context_dimension dimension)
{
    double sum = 0;
    for (int c = 0; c < INDICATORS; c++) {
        sum += id_at(c).dimension == dimension ? of_indicator(all, c) : 0;
    }
    return sum;
}

/* Checks an item's row, an indicator's, or that of all of a dimension; returns its pairs. */
static size_t check_row(const struct definition *all, const struct item_neighbours *row)
{
    struct slice name;
    struct context_id id;
    double want = 0;
    assert_true(row->actions == 0 && row->trend == 0 && row->first_users == 0);
    if (context_item_read(row->item_id, &name)) {
        size_t item = sums_item(name);
        for (int c = 0; c < INDICATORS; c++) { want += all->users[c][item]; }
        for (size_t k = 0; k < row->items.count; k++) {
            int c = indicator_of(row->items.at[k]);
            assert_true(row->backwards.at[k] == all->users[c][item]);
            assert_true(row->forwards.at[k] == 0 && row->co_ratings.at[k] == 0);
        }
    } else if (context_id_read(row->item_id, &id) && !id.value.size) {
        assert_int_equal(id.group, 0);
        want = of_dimension(all, id.dimension);
        assert_int_equal(row->items.count, 0);
    } else {
        int c = indicator_of(row->item_id);
        want = of_indicator(all, c);
        for (size_t k = 0; k < row->items.count; k++) {
            assert_true(context_item_read(row->items.at[k], &name));
            assert_true(row->forwards.at[k] == all->users[c][sums_item(name)]);
            assert_true(row->backwards.at[k] == 0 && row->co_ratings.at[k] == 0);
        }
    }
    assert_true(row->mass == want);
    return row->items.count;
}

static void check_rows(const struct rig *rig, const struct definition *all)
{
    struct answers answers;
    struct item_neighbours row;
    size_t pairs = 0, want = 0;
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "neighbours");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data || fold->at[i].key.data[0] != CONTEXT_MARK) { continue; }
        answers_decode(&answers, answers.rows, fold->at[i].value, &row);
        pairs += check_row(all, &row);
    }
    const double *cells = &all->users[0][0];
    for (size_t k = 0; k < sizeof(all->users) / sizeof(*cells); k++) { want += cells[k] > 0; }
    assert_int_equal(pairs, 2 * want); /* in the rows of both */
    assert_true(want > 50);
    free(fold);
    answers_release(&answers);
}

static char *run_all(const struct plan *plan)
{
    struct rig rig;
    struct message_writer writer;
    struct answers answers;
    struct copy *features[3];
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    feed(&rig, &writer, plan);
    rig.tolerant = true;
    for (int c = 0; c < plan->copies; c++) {
        features[c] = rig_start(&rig, &features_worker, c, plan->settings);
    }
    rig_start(&rig, &trainer_worker, 0, unpruned);
    for (int i = 0; i < KILLS && plan->copies > 1; i++) {
        struct copy *copy = features[i % plan->copies];
        for (int n = 0; n < 7; n++) { rig_round(&rig, /* empty= */ false); }
        rig_kill(&rig, copy);
        if (i % 2) { rig_empty(copy); }
        while (!rig_launch(&rig, copy)) { assert_true(++rig.restarts < RESTARTS_MAX); }
    }
    rig_survive(&rig, /* empty= */ false);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    struct definition *all = define(plan);
    check_rows(&rig, all);
    free(all);
    answers_init(&answers, &rig);
    answers_rows(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    message_writer_release(&writer);
    rig_release(&rig);
    return text;
}

static void copies_that_die_count_what_one_counts(void **state _unused_)
{
    struct plan plan = {.scenario = PLAIN, .settings = timelines, .copies = 1};
    char *one = run_all(&plan);
    plan.copies = 3;
    char *three = run_all(&plan);
    assert_string_equal(one, three);
    free(one);
    free(three);
}

static void what_is_taken_back_was_never_counted(void **state _unused_)
{
    free(run_all(&(struct plan){.scenario = TAKEN_BACK, .settings = timelines, .copies = 3}));
}

static void a_forgotten_user_was_never_counted(void **state _unused_)
{
    free(run_all(&(struct plan){.scenario = FORGOTTEN, .settings = timelines, .copies = 3}));
}

static void merged_users_are_one(void **state _unused_)
{
    free(run_all(&(struct plan){.scenario = MERGED, .settings = long_timelines, .copies = 3}));
}

static void nothing_is_counted_when_it_is_off(void **state _unused_)
{
    struct rig rig;
    struct message_writer writer;
    const struct plan plan = {.scenario = PLAIN};
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    feed(&rig, &writer, &plan);
    rig_start(&rig, &features_worker, 0, uncounted);
    rig_start(&rig, &trainer_worker, 0, unpruned);
    rig_survive(&rig, /* empty= */ false);
    struct fold *fold = rig_fold(&rig, "neighbours");
    assert_true(fold->count > 0);
    for (size_t i = 0; i < fold->count; i++) {
        assert_true(fold->at[i].key.data[0] != CONTEXT_MARK);
    }
    free(fold);
    message_writer_release(&writer);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_that_die_count_what_one_counts),
        cmocka_unit_test(what_is_taken_back_was_never_counted),
        cmocka_unit_test(a_forgotten_user_was_never_counted),
        cmocka_unit_test(merged_users_are_one),
        cmocka_unit_test(nothing_is_counted_when_it_is_off),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
