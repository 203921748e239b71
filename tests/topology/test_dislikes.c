/* A user's dislikes lower what is similar, from events to lists. */
#include "base/base.h"
#include "features/features.h"
#include "scorer/scorer.h"
#include "tests/topology/answers.h"
#include "trainer/similarity/trainer.h"

#include <setjmp.h>
#include <cmocka.h>

enum { PARTITIONS = 1, OTHERS = 60, EACH = 12, FIRST = 10 };

static const char *const with[] = {"list.length=10", NULL};
static const char *const without[] = {"list.length=10", "dislike.weight=0", NULL};

struct sender {
    struct rig *rig;
    struct schema_cache *schemas;
    struct codec *codec;
    struct buf out;
    int sent;
};

static void act(struct sender *sender, const char *user, const char *department, int number,
                bool likes)
{
    char id[16], item[16];
    (void)snprintf(id, sizeof(id), "e%d", sender->sent);
    (void)snprintf(item, sizeof(item), "%s-%02d", department, number);
    const struct user_event ev = {.event_id = slice_str(id),
                                  .user_id = slice_str(user),
                                  .item_id = slice_str(item),
                                  .action = likes ? ACTION_LIKE : ACTION_DISLIKE,
                                  .weight = likes ? 1.0 : 0.0,
                                  .event_time_ms = feed_from_ms + sender->sent++ * 60000};
    buf_clear(&sender->out);
    assert_int_equal(codec_encode(sender->codec, &ev, &sender->out), 0);
    memlog_append(sender->rig->log, "events", PARTITION_BY_KEY, ev.user_id,
                  buf_slice(&sender->out), feed_time_ms());
}

/* Two of three others are for shoes, the third one for books. The user has liked two of each, and
 * then dislikes six shoes. */
static void feed(struct rig *rig)
{
    struct sender sender = {.rig = rig, .schemas = schema_cache_new()};
    sender.codec = codec_new(&user_event_contract, sender.schemas);
    buf_init(&sender.out, 4096);
    for (int u = 0; u < OTHERS; u++) {
        char user[16];
        (void)snprintf(user, sizeof(user), "other-%d", u);
        for (int k = 0; k < EACH; k++) {
            act(&sender, user, u % 3 ? "shoe" : "book", (u * 7 + k * (u % 5 + 1)) % 30, true);
        }
    }
    for (int k = 0; k < 2; k++) {
        act(&sender, "me", "book", k, true);
        act(&sender, "me", "shoe", k, true);
    }
    for (int k = 2; k < 8; k++) { act(&sender, "me", "shoe", k, false); }
    buf_release(&sender.out);
    codec_free(sender.codec);
    schema_cache_free(sender.schemas);
}

static int shoes(const char *const *scoring)
{
    struct rig rig;
    struct answers answers;
    struct recommendation_list list;
    int count = -1;
    rig_init(&rig, PARTITIONS);
    feed(&rig);
    rig_start(&rig, &features_worker, 0, NULL);
    rig_start(&rig, &trainer_worker, 0, NULL);
    rig_until_idle(&rig);
    rig_start(&rig, &scorer_worker, 0, scoring);
    rig_until_idle(&rig);
    answers_init(&answers, &rig);
    struct fold *fold = rig_fold(&rig, "recommendations");
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str("me"))) { continue; }
        answers_decode(&answers, answers.lists, fold->at[i].value, &list);
        assert_int_equal(list.items.count, FIRST);
        count = 0;
        for (size_t k = 0; k < FIRST; k++) { count += list.items.at[k].data[0] == 's'; }
    }
    free(fold);
    answers_release(&answers);
    rig_release(&rig);
    return count;
}

static void six_dislikes_are_seen(void **state _unused_)
{
    int before = shoes(without), after = shoes(with);
    print_message("shoes among ten: %d, with dislikes %d\n", before, after);
    assert_true(after <= before - 4);
    assert_true(after <= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(six_dislikes_are_seen),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
