/* Weights of actions, from events to lists, as they count by default: an item that few bought
 * stands before one that more looked at, if the weights say so; equal weights change nothing, and
 * the value of a rating is an opinion. */
#include "base/base.h"
#include "scorer/scorer.h"
#include "tests/topology/forgetting.h"

enum { VIEWERS = 6, BUYERS = 3, ACTIONS = 1500, TOP = 10 };

static const char *const counted[] = {NULL};
static const char *const uncounted[] = {"weights.power=0", NULL};
static const char *const scoring[] = {"list.length=10", "blend.leader=counting",
                                      "vectors.used=false", "content.used=false", NULL};
static const char *const scoring_flat[] = {"list.length=10", "blend.leader=counting",
                                           "vectors.used=false", "content.used=false",
                                           "recent.weights.power=0", NULL};

static void act(struct rig *rig, struct message_writer *writer, const char *user, const char *item,
                int n, enum action_kind kind, double weight)
{
    char id[24];
    (void)snprintf(id, sizeof(id), "%s-%d", user, n);
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str(user),
                                  .item_id = slice_str(item),
                                  .action = kind,
                                  .weight = weight,
                                  .event_time_ms = feed_from_ms + n * 1000};
    buf_clear(&writer->out);
    assert_int_equal(codec_encode(writer->events, &ev, &writer->out), 0);
    memlog_append(rig->log, "events", PARTITION_BY_KEY, ev.user_id, buf_slice(&writer->out),
                  feed_time_ms());
}

static void run_all(struct rig *rig, const char *const *features, const char *const *scorer)
{
    rig_start(rig, &features_worker, 0, features);
    rig_start(rig, &trainer_worker, 0, unpruned);
    rig_until_idle(rig);
    rig_start(rig, &scorer_worker, 0, scorer);
    rig_until_idle(rig);
}

/* The first item of a user who has looked at `start`. */
static void first_of(enum action_kind kind, double bought, const char *const *features,
                     char ret_item[16])
{
    struct rig rig;
    struct message_writer writer;
    struct answers answers;
    struct recommendation_list list;
    char user[16];
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    for (int n = 0; n < VIEWERS + BUYERS; n++) {
        bool buys = n >= VIEWERS;
        (void)snprintf(user, sizeof(user), "u%d", n);
        act(&rig, &writer, user, "start", 1, ACTION_VIEW, 1.0);
        act(&rig, &writer, user, buys ? "bought" : "seen", 2, buys ? kind : ACTION_VIEW,
            buys ? bought : 1.0);
    }
    act(&rig, &writer, "asker", "start", 3, ACTION_VIEW, 1.0);
    run_all(&rig, features, scoring);
    answers_init(&answers, &rig);
    struct fold *fold = rig_fold(&rig, "recommendations");
    ret_item[0] = '\0';
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str("asker"))) { continue; }
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        assert_true(list.items.count > 0);
        (void)snprintf(ret_item, 16, "%.*s", SLICE_ARGS(list.items.at[0]));
    }
    free(fold);
    answers_release(&answers);
    message_writer_release(&writer);
    rig_release(&rig);
}

static void few_purchases_outweigh_more_views(void **state _unused_)
{
    char item[16];
    first_of(ACTION_PURCHASE, 1.0, counted, item);
    assert_string_equal(item, "seen");
    first_of(ACTION_PURCHASE, 5.0, counted, item);
    assert_string_equal(item, "bought");
    first_of(ACTION_PURCHASE, 5.0, uncounted, item);
    assert_string_equal(item, "seen");
    first_of(ACTION_RATING, 5.0, counted, item);
    assert_string_equal(item, "seen");
}

/* ---- Lists of many users ---- */

struct tops {
    char items[FOLDED_MAX / 8][TOP][8];
    size_t users;
};

static void make_tops(struct tops *tops, const double weights[3], const char *const *features,
                      const char *const *scorer)
{
    struct rig rig;
    struct message_writer writer;
    struct answers answers;
    struct recommendation_list list;
    rig_init(&rig, PARTITIONS);
    message_writer_init(&writer);
    for (int n = 0; n < ACTIONS; n++) {
        const struct click click = feed_click(9, n);
        uint64_t kind = ids_fingerprint(slice_str(click.id)) % 10;
        act(&rig, &writer, click.user, click.item, n, ACTION_OTHER,
            weights[kind < 6 ? 0 : kind < 9 ? 1 : 2]);
    }
    run_all(&rig, features, scorer);
    answers_init(&answers, &rig);
    memset(tops, 0, sizeof(*tops));
    struct fold *fold = rig_fold(&rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        for (size_t k = 0; k < list.items.count && k < TOP; k++) {
            (void)snprintf(tops->items[i][k], 8, "%.*s", SLICE_ARGS(list.items.at[k]));
        }
        tops->users++;
    }
    free(fold);
    answers_release(&answers);
    message_writer_release(&writer);
    rig_release(&rig);
}

/* The share of the items of one that stand on the other, too. */
static double overlap(const struct tops *one, const struct tops *other)
{
    size_t both = 0, all = 0;
    assert_int_equal(one->users, other->users);
    for (size_t u = 0; u < one->users; u++) {
        for (size_t k = 0; k < TOP && one->items[u][k][0]; k++, all++) {
            for (size_t m = 0; m < TOP; m++) {
                both += strcmp(one->items[u][k], other->items[u][m]) == 0;
            }
        }
    }
    assert_true(all > 0);
    return (double)both / (double)all;
}

static void lists_follow_the_weights(void **state _unused_)
{
    static const double ones[] = {1, 1, 1}, fives[] = {5, 5, 5}, kinds[] = {1, 3, 5};
    static struct tops flat, same, before, after;
    make_tops(&flat, ones, counted, scoring);
    make_tops(&same, fives, counted, scoring);
    make_tops(&before, kinds, uncounted, scoring_flat);
    make_tops(&after, kinds, counted, scoring);
    double share_same = overlap(&flat, &same), share_before = overlap(&flat, &before),
           share_after = overlap(&flat, &after);
    print_message("overlap with equal weights: 5/5/5 %.3f, 1/3/5 without powers %.3f, with %.3f\n",
                  share_same, share_before, share_after);
    assert_true(share_same > 0.95);
    assert_true(share_after < share_before - 0.03);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(few_purchases_outweigh_more_views),
        cmocka_unit_test(lists_follow_the_weights),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
