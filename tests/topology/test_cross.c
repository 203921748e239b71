/* Cross pairs from events to lists, against their definition computed from the events that are
 * left: late and repeated actions, in timelines of which half has left; taken back, forgotten and
 * merged; one copy and three that die. */
#include "base/base.h"
#include "model/counting/cross_rules.h"
#include "tests/topology/merging.h"

enum { ACTIONS = 1000, FIRST = 700, WINDOW = 8, KILLS = 4, KINDS = ACTIONS_COUNT };

enum scenario { PLAIN, TAKEN_BACK, FORGOTTEN, MERGED };

struct plan {
    enum scenario scenario;
    const char *const *settings;
    int copies;
    bool many; /* users, who have not had all items: lists say something */
};

static const char *const timelines[] = {
    "history.actions.max=64", "pairs.window=8",        "transitions.window=5",
    "history.length=10",      "batch.records.max=100", "cross.pairs=VIEW>PURCHASE,CART>PURCHASE",
    NULL};
/* Merged users' actions are never too late. */
static const char *const long_timelines[] = {
    "history.actions.max=1200", "pairs.window=8",        "transitions.window=5",
    "history.length=10",        "batch.records.max=100", "cross.pairs=VIEW>PURCHASE,CART>PURCHASE",
    NULL};
static const char *const listing[] = {"list.length=8", "content.used=false", "vectors.used=false",
                                      "blend.leader=counting", "cross.weight=3", NULL};

/* ---- The events ---- */

struct done {
    char user[16];
    int64_t time_ms;
    uint64_t id;
    size_t item;
    int32_t kind;
    double weight;
};

static struct click action_of(const struct plan *plan, int n)
{
    return plan->many ? feed_click(3, n) : click_of(3, n);
}

static int number_of(const struct click *click)
{
    return (int)strtol(click->id + 1, NULL, 10);
}

static int32_t kind_of(const struct click *click)
{
    static const int32_t kinds[] = {ACTION_VIEW, ACTION_PURCHASE, ACTION_VIEW, ACTION_CART,
                                    ACTION_LIKE};
    return kinds[number_of(click) % 5];
}

static double weight_of(const struct click *click)
{
    return number_of(click) % 11 ? 0.5 * (number_of(click) % 7 + 1) : 0;
}

static void send_kind(struct rig *rig, struct message_writer *writer, const struct click *click)
{
    const struct user_event ev = {.event_id = slice_str(click->id),
                                  .user_id = slice_str(click->user),
                                  .item_id = slice_str(click->item),
                                  .action = kind_of(click),
                                  .weight = weight_of(click),
                                  .event_time_ms = click->time_ms};
    send_event(rig, writer, &ev);
}

static bool is_taken(const struct plan *plan, const struct click *click)
{
    return plan->scenario == TAKEN_BACK && number_of(click) % 2 == 0;
}

static void feed(struct rig *rig, struct message_writer *writer, const struct plan *plan)
{
    for (int n = 0; n < ACTIONS; n++) {
        const struct click click = action_of(plan, n);
        if (n >= FIRST && is_taken(plan, &click)) { send_take_back(rig, writer, &click); }
        send_kind(rig, writer, &click);
        for (int k = 0; k < FIRST && n == FIRST - 1; k++) {
            const struct click other = action_of(plan, k * 317 % FIRST);
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

struct definition {
    struct done done[ACTIONS];
    size_t count;
    double users[KINDS][FEED_ITEMS];
    double both[KINDS][FEED_ITEMS][KINDS][FEED_ITEMS];
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
        const struct click click = action_of(plan, n);
        bool repeated = number_of(&click) != n, is_gone = strcmp(click.user, "user-2") == 0;
        if (repeated || is_taken(plan, &click)) { continue; }
        if (plan->scenario == FORGOTTEN && is_gone) { continue; }
        struct done *done = &all->done[all->count++];
        bool joins = plan->scenario == MERGED && strcmp(click.user, "user-0") == 0;
        (void)snprintf(done->user, sizeof(done->user), "%s", joins ? "user-1" : click.user);
        done->time_ms = click.time_ms;
        done->id = ids_fingerprint(slice_str(click.id));
        done->item = sums_item(slice_str(click.item));
        done->kind = kind_of(&click);
        done->weight = weight_of(&click);
    }
    qsort(all->done, all->count, sizeof(*all->done), by_order);
}

static bool is(const struct done *done, int32_t kind, size_t item)
{
    return done->kind == kind && done->item == item && done->weight > 0;
}

static bool comes_behind(const struct done *from, const struct done *to, int32_t k, size_t other,
                         int32_t p, size_t item)
{
    bool seen = false, behind = false;
    for (; from < to && !behind; from++) {
        behind = seen && is(from, p, item);
        seen = seen || is(from, k, other);
    }
    return behind;
}

static void define_one(struct definition *all, const struct done *y)
{
    const struct done *from = y;
    bool had = false, named = y->kind != ACTION_LIKE && y->weight > 0;
    while (from > all->done && y - from < WINDOW && strcmp(from[-1].user, y->user) == 0) { from--; }
    for (const struct done *x = from; x < y; x++) { had = had || is(x, y->kind, y->item); }
    if (named && !had) { all->users[y->kind][y->item]++; }
    if (y->kind != ACTION_PURCHASE || !(y->weight > 0)) { return; }
    static const int32_t before[] = {ACTION_VIEW, ACTION_CART};
    for (size_t k = 0; k < 2; k++) {
        for (size_t q = 0; q < FEED_ITEMS; q++) {
            bool new = q != y->item &&
                       comes_behind(from, y + 1, before[k], q, ACTION_PURCHASE, y->item) &&
                       !comes_behind(from, y, before[k], q, ACTION_PURCHASE, y->item);
            if (new) { all->both[before[k]][q][ACTION_PURCHASE][y->item]++; }
        }
    }
}

/* ---- The rows ---- */

static size_t check_row(const struct definition *all, const struct item_neighbours *row)
{
    struct slice id;
    int32_t kind, other_kind;
    size_t pairs = 0;
    assert_true(cross_id_read(row->item_id, &kind, &id));
    size_t item = sums_item(id);
    assert_true(row->mass == all->users[kind][item]);
    assert_true(row->actions == 0 && row->trend == 0 && row->first_users == 0);
    for (size_t k = 0; k < row->items.count; k++) {
        assert_true(cross_id_read(row->items.at[k], &other_kind, &id));
        size_t other = sums_item(id);
        assert_true(row->co_ratings.at[k] == 0);
        assert_true(row->forwards.at[k] == all->both[kind][item][other_kind][other]);
        assert_true(row->backwards.at[k] == all->both[other_kind][other][kind][item]);
        pairs += row->forwards.at[k] != 0;
    }
    return pairs;
}

static void check_rows(const struct rig *rig, const struct definition *all)
{
    struct answers answers;
    struct item_neighbours row;
    size_t pairs = 0, rows = 0, want_pairs = 0, want_rows = 0;
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "neighbours");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data || !cross_id_is(fold->at[i].key)) { continue; }
        answers_decode(&answers, answers.rows, fold->at[i].value, &row);
        pairs += check_row(all, &row);
        rows++;
    }
    const double *cells = &all->both[0][0][0][0], *users = &all->users[0][0];
    for (size_t k = 0; k < sizeof(all->both) / sizeof(*cells); k++) { want_pairs += cells[k] > 0; }
    for (size_t k = 0; k < sizeof(all->users) / sizeof(*users); k++) { want_rows += users[k] > 0; }
    assert_int_equal(pairs, want_pairs);
    assert_int_equal(rows, want_rows);
    assert_true(pairs > 100);
    free(fold);
    answers_release(&answers);
}

/* What the lists say of cross pairs is what was counted. Items have their own names there. */
static void check_lists(const struct rig *rig, const struct definition *all)
{
    struct answers answers;
    struct recommendation_list list;
    size_t crossed = 0;
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        if (!fold->at[i].value.data) { continue; }
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        for (size_t k = 0; k < list.items.count; k++) {
            size_t item = sums_item(list.items.at[k]);
            if (list.reasons.at[k] != REASON_CROSS) { continue; }
            size_t because = sums_item(list.because.at[k]);
            double viewed = all->both[ACTION_VIEW][because][ACTION_PURCHASE][item];
            double in_cart = all->both[ACTION_CART][because][ACTION_PURCHASE][item];
            double evidence = (double)list.evidence.at[k];
            assert_true(evidence > 0 && (evidence == viewed || evidence == in_cart));
            crossed++;
        }
    }
    assert_true(crossed > 20);
    free(fold);
    answers_release(&answers);
}

static char *run_all(const struct plan *plan)
{
    struct rig rig;
    struct message_writer writer;
    struct answers answers;
    struct copy *features[3];
    struct definition *all = xcalloc(1, sizeof(*all));
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
    rig_start(&rig, &scorer_worker, 0, listing);
    rig_survive(&rig, /* empty= */ false);
    assert_int_equal(memlog_count(rig.log, "dead-letters", MEMLOG_ALL), 0);
    collect(all, plan);
    for (size_t y = 0; y < all->count; y++) { define_one(all, &all->done[y]); }
    check_rows(&rig, all);
    if (plan->many) { check_lists(&rig, all); }
    answers_init(&answers, &rig);
    answers_rows(&answers);
    answers_lists(&answers);
    char *text = answers_take(&answers);
    answers_release(&answers);
    message_writer_release(&writer);
    rig_release(&rig);
    free(all);
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

static void lists_say_how_many_users_did_both(void **state _unused_)
{
    const struct plan plan = {
        .scenario = PLAIN, .settings = timelines, .copies = 1, .many = true};
    free(run_all(&plan));
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

/* Nothing begins with our mark, neither rows nor items of a history, and lists are as before. */
static void off_by_default(void **state _unused_)
{
    struct rig rig;
    struct message_writer writer;
    const struct plan plan = {.scenario = PLAIN};
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    feed(&rig, &writer, &plan);
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, unpruned);
    rig_survive(&rig, /* empty= */ false);
    struct fold *fold = rig_fold(&rig, "neighbours");
    assert_true(fold->count > 0);
    for (size_t i = 0; i < fold->count; i++) { assert_false(cross_id_is(fold->at[i].key)); }
    free(fold);
    message_writer_release(&writer);
    rig_release(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_that_die_count_what_one_counts),
        cmocka_unit_test(lists_say_how_many_users_did_both),
        cmocka_unit_test(what_is_taken_back_was_never_counted),
        cmocka_unit_test(a_forgotten_user_was_never_counted),
        cmocka_unit_test(merged_users_are_one),
        cmocka_unit_test(off_by_default),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
