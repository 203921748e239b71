/* At rest, every list that stands is the one that its user's history and the present tables give:
 * after changes of rows and catalogue, after a start on topics that exist, and after a crash. */
#include "base/base.h"
#include "features/features.h"
#include "schemas/list_id.h"
#include "scorer/scorer.h"
#include "tests/topology/resting.h"
#include "trainer/similarity/trainer.h"

enum { PARTITIONS = 2, EVENTS = 800, LIST = 5 };

static const char *const scoring[] = {"list.length=5", "lists.remake.share=20", NULL};
static const char *const idle[] = {"list.length=5", "lists.remake.share=0", NULL};

static struct copy *begin(struct rig *rig, const char *const *settings)
{
    rig_init(rig, PARTITIONS);
    rig_start(rig, &features_worker, 0, NULL);
    rig_start(rig, &trainer_worker, 0, NULL);
    return rig_start(rig, &scorer_worker, 0, settings);
}

static void lists_follow_the_tables(void **state)
{
    struct rig rig;
    struct copy *scorer = begin(&rig, scoring);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    assert_true_lists(&rig, scorer);
    feed_events(&rig, 1, EVENTS, EVENTS + 100);
    rest(&rig);
    assert_true_lists(&rig, scorer);
    assert_true(remade(scorer, "rows") > 0);
    for (int item = 0; item < FEED_ITEMS; item++) { put_item(&rig, item, true, item % 7 != 0); }
    rest(&rig);
    assert_true_lists(&rig, scorer);
    put_item(&rig, 7, true, true);
    put_item(&rig, 1, false, false);
    rest(&rig);
    assert_true_lists(&rig, scorer);
    assert_int_equal(answers_listed(&rig, 1), 0);
    assert_true(remade(scorer, "catalogue") > 0);
    rig_release(&rig);
}

static double behind(struct copy *scorer, int partition)
{
    _cleanup_(xfreep) char *labels = xprintf("partition=\"%d\"", partition);
    return metric_value(metrics_gauge(scorer->metrics, "freshet_lists_behind", labels, "Known."));
}

/* The share of the time is the process's: its partitions take turns. */
static void partitions_take_turns(void **state)
{
    struct rig rig;
    struct copy *scorer = begin(&rig, scoring);
    double most[PARTITIONS];
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    put_item(&rig, 99, true, false);
    int rounds = 0;
    do {
        rig_round(&rig, false);
        assert_true(++rounds < REST_ROUNDS_MAX);
    } while (behind(scorer, 0) == 0 || behind(scorer, 1) == 0);
    for (int p = 0; p < PARTITIONS; p++) { most[p] = behind(scorer, p); }
    while (behind(scorer, 0) > most[0] / 2 || behind(scorer, 1) > most[1] / 2) {
        assert_true(behind(scorer, 0) > 0 && behind(scorer, 1) > 0);
        rig_round(&rig, false);
        assert_true(++rounds < REST_ROUNDS_MAX);
    }
    assert_true(behind(scorer, 0) > 0 && behind(scorer, 1) > 0);
    rig_release(&rig);
}

static double checked(struct copy *scorer)
{
    return metric_value(
        metrics_counter(scorer->metrics, "freshet_lists_checked_total", "", "Known."));
}

/* While histories wait, no list is made again, however many are behind; barred items go. */
static void nothing_is_made_again_while_histories_wait(void **state)
{
    static const char *const slow[] = {"list.length=5", "lists.remake.share=50",
                                       "lists.remake.rest.ms=0", "poll.records.max=1", NULL};
    struct rig rig;
    rig_init(&rig, /* partitions= */ 1); /* lag is a partition's own */
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, NULL);
    struct copy *scorer = rig_start(&rig, &scorer_worker, 0, slow);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    feed_events(&rig, 1, EVENTS, EVENTS + 100);
    for (int rounds = 0; !rig_read_all(&rig, &rig.copies[0]); rounds++) {
        assert_true(rounds < REST_ROUNDS_MAX);
        assert_true(rig_step(&rig, &rig.copies[0]));
        rig.now_ms += ROUND_MS;
    }
    int one = most_listed(&rig, -1);
    put_item(&rig, one, true, false);
    double before = checked(scorer);
    int64_t waiting = memlog_end(rig.log, "histories", 0) -
                      memlog_committed(rig.log, "freshet-scorer", "histories", 0);
    assert_true(waiting > 20);
    /* A step reads one at most. */
    for (int64_t read = 1; read < waiting; read++) {
        assert_true(rig_step(&rig, scorer));
        assert_int_equal(checked(scorer), before);
    }
    assert_int_equal(answers_listed(&rig, one), 0);
    rest(&rig);
    assert_true(checked(scorer) > before);
    assert_true_lists(&rig, scorer);
    rig_release(&rig);
}

/* What is the same is not sent again, and nothing is sent at rest. */
static void unchanged_lists_are_not_sent(void **state)
{
    struct rig rig;
    struct copy *scorer = begin(&rig, scoring);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    int64_t before = memlog_count(rig.log, "recommendations", MEMLOG_ALL);
    put_item(&rig, 99, true, false); /* nobody's item */
    rest(&rig);
    assert_int_equal(memlog_count(rig.log, "recommendations", MEMLOG_ALL), before);
    pass(&rig, 200);
    assert_int_equal(memlog_count(rig.log, "recommendations", MEMLOG_ALL), before);
    assert_true_lists(&rig, scorer);
    rig_release(&rig);
}

/* Barred and removed items go in any case; the places are filled by those who may. */
static void barred_items_go_at_once(void **state)
{
    struct rig rig;
    struct copy *scorer = begin(&rig, idle);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    feed_events(&rig, 1, EVENTS, EVENTS + 200);
    rest(&rig);
    int one = most_listed(&rig, -1), other = most_listed(&rig, one);
    assert_true(answers_listed(&rig, one) > 5 && answers_listed(&rig, other) > 5);
    put_item(&rig, one, true, false);
    put_item(&rig, other, false, false);
    pass(&rig, 20);
    assert_int_equal(answers_listed(&rig, one), 0);
    assert_int_equal(answers_listed(&rig, other), 0);
    rig_finish(scorer);
    scorer = rig_start(&rig, &scorer_worker, 0, scoring);
    rest(&rig);
    assert_true_lists(&rig, scorer);
    rig_release(&rig);
}

/* Calls `each` for all standing lists. */
static void look(const struct rig *rig, void (*each)(const struct rig *rig,
                                                     const struct recommendation_list *list))
{
    struct answers answers;
    struct recommendation_list list;
    answers_init(&answers, rig);
    struct fold *fold = rig_fold(rig, "recommendations");
    assert_true(fold->count > 40);
    for (size_t i = 0; i < fold->count; i++) {
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        each(rig, &list);
    }
    free(fold);
    answers_release(&answers);
}

static size_t stripped;

/* A list from which an item was taken is another list, of the catalogue as it is now. */
static void check_stripped(const struct rig *rig, const struct recommendation_list *list)
{
    struct recommendation_list copy = *list;
    struct list_ids ids;
    int64_t read = 0, end = 0;
    if (list->cause != CAUSE_BARRED) { return; }
    list_ids_set(&ids, &copy);
    assert_true(slice_equal(copy.list_id, list->list_id));
    for (size_t p = 0; p < list->item_offsets.count; p++) { read += list->item_offsets.at[p]; }
    for (int32_t p = 0; p < PARTITIONS; p++) { end += memlog_end(rig->log, "items", p); }
    assert_int_equal(read, end);
    stripped++;
}

static void a_stripped_list_says_what_it_is(void **state)
{
    struct rig rig;
    begin(&rig, idle);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    feed_events(&rig, 1, EVENTS, EVENTS + 200);
    rest(&rig);
    put_item(&rig, most_listed(&rig, -1), true, false);
    pass(&rig, 20);
    stripped = 0;
    look(&rig, check_stripped);
    assert_true(stripped > 5);
    rig_release(&rig);
}

/* A poll may hold many histories: what is barred then is off all lists when its lists are made. */
static void barred_items_go_between_the_histories_of_a_poll(void **state)
{
    struct rig rig;
    rig_init(&rig, /* partitions= */ 1);
    struct copy *features = rig_start(&rig, &features_worker, 0, NULL);
    struct copy *trainer = rig_start(&rig, &trainer_worker, 0, NULL);
    struct copy *scorer = rig_start(&rig, &scorer_worker, 0, idle);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    feed_events(&rig, 1, EVENTS, EVENTS + 200);
    rest(&rig);
    feed_events(&rig, 1, EVENTS + 200, EVENTS + 230);
    int one = most_listed(&rig, -1);
    assert_true(answers_listed(&rig, one) > 15);
    rig_finish(trainer);
    for (int rounds = 0; !rig_read_all(&rig, features); rounds++) {
        assert_true(rounds < REST_ROUNDS_MAX && rig_step(&rig, features));
        rig.now_ms += ROUND_MS;
    }
    put_item(&rig, one, true, false);
    int64_t before = memlog_count(rig.log, "recommendations", MEMLOG_ALL);
    while (memlog_count(rig.log, "recommendations", MEMLOG_ALL) == before) {
        assert_true(rig_step(&rig, scorer));
    }
    assert_int_equal(answers_listed(&rig, one), 0);
    rig_release(&rig);
}

static void check_date(const struct rig *rig, const struct recommendation_list *list)
{
    assert_true(list->as_of_ms <= rig->wall_ms);
}

/* The clock was ahead by a year when lists were made: they would not be old for a year. */
static void lists_of_a_wrong_clock_are_sent_again(void **state)
{
    struct rig rig;
    struct copy *scorer = begin(&rig, scoring);
    rig.wall_ms += INT64_C(365) * 86400000;
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    rig.wall_ms -= INT64_C(365) * 86400000;
    pass(&rig, 200);
    rest(&rig);
    look(&rig, check_date);
    assert_true_lists(&rig, scorer);
    rig_release(&rig);
}

/* A list without a barred item is lost on its way: it is sent again, with no share, too. */
static void barred_items_go_though_messages_are_lost(void **state)
{
    for (int nth = 1; nth <= 5; nth += 2) {
        struct rig rig;
        begin(&rig, idle);
        feed_events(&rig, 1, 0, EVENTS);
        rest(&rig);
        feed_events(&rig, 1, EVENTS, EVENTS + 200);
        rest(&rig);
        int one = most_listed(&rig, -1);
        assert_true(answers_listed(&rig, one) > 5);
        memlog_fail(rig.log, MEMLOG_PRODUCE, nth, WIRE_ABORTED);
        put_item(&rig, one, true, false);
        pass(&rig, 300);
        assert_int_equal(memlog_failed(rig.log, MEMLOG_PRODUCE), 1);
        assert_int_equal(answers_listed(&rig, one), 0);
        rig_release(&rig);
    }
}

/* An item comes and goes by its dates: no record says so, and no user acts. */
static void dates_are_kept_without_a_record(void **state)
{
    struct rig rig;
    struct copy *scorer = begin(&rig, scoring);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    int one = most_listed(&rig, -1);
    size_t before = answers_listed(&rig, one);
    int64_t records = memlog_count(rig.log, "items", MEMLOG_ALL) + 1;
    assert_true(before > 5);
    const struct item item = {.available = true,
                              .available_from_ms = rig.wall_ms + 60000,
                              .available_until_ms = rig.wall_ms + 120000};
    put_entry(&rig, one, &item);
    rest(&rig);
    assert_int_equal(answers_listed(&rig, one), 0);
    assert_true_lists(&rig, scorer);
    rig.wall_ms += 60000;
    pass(&rig, 100);
    rest(&rig);
    assert_int_equal(answers_listed(&rig, one), before);
    assert_true_lists(&rig, scorer);
    rig.wall_ms += 60000;
    pass(&rig, 100);
    rest(&rig);
    assert_int_equal(answers_listed(&rig, one), 0);
    assert_true_lists(&rig, scorer);
    assert_true(remade(scorer, "barred") > 0);
    assert_int_equal(memlog_count(rig.log, "items", MEMLOG_ALL), records);
    rig_release(&rig);
}

/* Lists that are older than list.age.max are sent again, though they are the same, once each. */
static void old_lists_are_sent_again(void **state)
{
    static const char *const daily[] = {"list.length=5", "lists.remake.share=20",
                                        "list.age.max=1d", NULL};
    struct rig rig;
    struct copy *scorer = begin(&rig, daily);
    feed_events(&rig, 1, 0, EVENTS);
    rest(&rig);
    int64_t before = memlog_count(rig.log, "recommendations", MEMLOG_ALL);
    size_t lists = recomputed_lists(&rig, "recommendations", scorer->worker_settings).lists;
    rig.wall_ms += 24 * 3600000;
    pass(&rig, 200);
    rest(&rig);
    assert_int_equal(remade(scorer, "age"), 0);
    rig.wall_ms += 1;
    pass(&rig, 200);
    rest(&rig);
    assert_int_equal(remade(scorer, "age"), lists);
    pass(&rig, 200);
    assert_int_equal(memlog_count(rig.log, "recommendations", MEMLOG_ALL),
                     before + (int64_t)lists);
    rig.wall_ms += 24 * 3600000 + 1; /* and of those that were read at a start */
    rig_finish(scorer);
    assert_true(rig_launch(&rig, scorer));
    pass(&rig, 200);
    rest(&rig);
    assert_int_equal(memlog_count(rig.log, "recommendations", MEMLOG_ALL),
                     before + 2 * (int64_t)lists);
    assert_true_lists(&rig, scorer);
    rig_release(&rig);
}

/* A start on histories that exist, before there are rows: all lists are empty at first. */
static void a_start_on_existing_topics(void **state)
{
    for (int catalogue = 0; catalogue < 2; catalogue++) {
        struct rig rig;
        rig_init(&rig, PARTITIONS);
        feed_events(&rig, 1, 0, EVENTS);
        struct copy *features = rig_start(&rig, &features_worker, 0, NULL);
        rig_until_idle(&rig);
        rig_finish(features);
        struct copy *scorer = rig_start(&rig, &scorer_worker, 0, scoring);
        rest(&rig);
        for (int item = 0; catalogue && item < FEED_ITEMS; item++) {
            put_item(&rig, item, true, item % 5 != 0);
        }
        rig_start(&rig, &trainer_worker, 0, NULL);
        rest(&rig);
        assert_true_lists(&rig, scorer);
        assert_true(remade(scorer, "provisional") > 0);
        rig_release(&rig);
    }
}

/* Killed in the middle of everything, with its state and without. */
static void a_killed_scorer_goes_on(void **state)
{
    for (int emptied = 0; emptied < 2; emptied++) {
        struct rig rig;
        struct copy *scorer = begin(&rig, scoring);
        for (int part = 0; part < 8; part++) {
            feed_events(&rig, 3, part * 100, part * 100 + 100);
            pass(&rig, 5 + 7 * part);
            for (int item = part; item < FEED_ITEMS; item += 8) {
                put_item(&rig, item, true, (item + part) % 3 != 0);
            }
            pass(&rig, part);
            rig_kill(&rig, scorer);
            memlog_expire_member(rig.log, "freshet-scorer", "freshet-scorer-0");
            if (emptied) { rig_empty(scorer); }
            assert_true(rig_launch(&rig, scorer));
        }
        rest(&rig);
        assert_true_lists(&rig, scorer);
        rig_release(&rig);
    }
}

/* Early lists arrive once more, as those of a former owner that were long under way. `input`:
 * histories follow, or none does. The owner sends its own again, whatever the share is. */
static void late_lists_do_not_stay(void **state)
{
    for (int input = 0; input < 2; input++) {
        struct rig rig;
        begin(&rig, idle);
        feed_events(&rig, 1, 0, EVENTS);
        rest(&rig);
        struct fold *before = rig_fold(&rig, "recommendations");
        for (int32_t p = 0; p < PARTITIONS; p++) {
            struct record rec;
            for (int64_t at = 0; at < 40; at = rec.offset + 1) {
                assert_int_equal(memlog_read(rig.log, "recommendations", p, at, &rec), 0);
                memlog_append(rig.log, "recommendations", p, rec.key, rec.value, 0);
            }
        }
        if (input) { feed_events(&rig, 1, EVENTS, EVENTS + 20); }
        for (int64_t until_ms = rig.now_ms + (input ? 2000 : 61000); rig.now_ms < until_ms;) {
            rig_round(&rig, false);
        }
        assert_non_null(strstr(rig.warned, "arrived late topic=recommendations"));
        struct fold *after = rig_fold(&rig, "recommendations");
        size_t same = 0;
        assert_int_equal(after->count, before->count);
        for (size_t i = 0; i < before->count; i++) {
            same += slice_equal(after->at[i].value, before->at[i].value);
        }
        assert_true(input ? same + 20 >= before->count : same == before->count);
        free(before);
        free(after);
        int64_t count = memlog_count(rig.log, "recommendations", MEMLOG_ALL);
        pass(&rig, 61000 / ROUND_MS);
        assert_int_equal(memlog_count(rig.log, "recommendations", MEMLOG_ALL), count);
        rig_release(&rig);
    }
}

/* Messages are acknowledged together, after some rounds, those of an open batch with those of the
 * one before it. */
static void pass_in_waves(struct rig *rig, int rounds)
{
    memlog_ack_delay(rig->log, rounds);
    rig_round(rig, false);
    memlog_ack_delay(rig->log, 1); /* messages stay in order */
    for (int i = 1; i < rounds; i++) { rig_round(rig, false); }
    memlog_ack_delay(rig->log, 0);
}

struct disk {
    const struct rig *rig;
    const struct copy *copy;
    char *kept;
};

/* Keeps the disk as it is before the last commit of offsets. */
static void keep_disk(void *arg)
{
    const struct disk *disk = arg;
    if (rig_read_all(disk->rig, disk->copy)) { return; }
    rig_delete(disk->kept);
    rig_duplicate(disk->copy->state_path, disk->kept);
}

/* Several histories of each user. */
static void feed_histories(struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    rig_start(rig, &features_worker, 0, NULL);
    rig_start(rig, &trainer_worker, 0, NULL);
    for (int part = 0; part < 4; part++) {
        feed_events(rig, 1, part * EVENTS / 4, (part + 1) * EVENTS / 4);
        rig_until_idle(rig);
    }
}

/* A disk that is older than the group's offsets, as that of a copy that died between the commit of
 * the offsets and its own write: what the changelog has is restored, all of it, and no older list
 * is made again in its place. */
static void an_old_disk_is_restored_whole(void **state)
{
    static const char *const polls[] = {"poll.records.max=1", "poll.records.max=2",
                                        "poll.records.max=3", "poll.records.max=5"};
    for (size_t turn = 0; turn < ARRAY_COUNT(polls); turn++) {
        struct rig rig;
        feed_histories(&rig);
        const char *const often[] = {"list.length=5", "lists.remake.share=0",
                                     "commit.interval.ms=10ms", polls[turn], NULL};
        struct copy *scorer = rig_start(&rig, &scorer_worker, 0, often);
        _cleanup_(xfreep) char *kept = xprintf("%s/kept", rig.dir);
        struct disk disk = {&rig, scorer, kept};
        memlog_hook(rig.log, MEMLOG_OFFSETS_COMMIT, keep_disk, &disk);
        while (!rig_read_all(&rig, scorer)) { pass_in_waves(&rig, 20); }
        memlog_hook(rig.log, MEMLOG_OFFSETS_COMMIT, NULL, NULL);
        rest(&rig);
        rig_finish(scorer);
        scorer = rig_add(&rig, &scorer_worker, 0, scoring);
        rig_delete(scorer->state_path);
        rig_duplicate(kept, scorer->state_path);
        assert_true(rig_launch(&rig, scorer));
        rest(&rig);
        assert_true_lists(&rig, scorer);
        rig_release(&rig);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(lists_follow_the_tables),
        cmocka_unit_test(partitions_take_turns),
        cmocka_unit_test(nothing_is_made_again_while_histories_wait),
        cmocka_unit_test(unchanged_lists_are_not_sent),
        cmocka_unit_test(barred_items_go_at_once),
        cmocka_unit_test(a_stripped_list_says_what_it_is),
        cmocka_unit_test(barred_items_go_between_the_histories_of_a_poll),
        cmocka_unit_test(lists_of_a_wrong_clock_are_sent_again),
        cmocka_unit_test(barred_items_go_though_messages_are_lost),
        cmocka_unit_test(dates_are_kept_without_a_record),
        cmocka_unit_test(old_lists_are_sent_again),
        cmocka_unit_test(a_start_on_existing_topics),
        cmocka_unit_test(a_killed_scorer_goes_on),
        cmocka_unit_test(late_lists_do_not_stay),
        cmocka_unit_test(an_old_disk_is_restored_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
