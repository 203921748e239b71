/* Somebody has written the largest number there is where the newest number counts: what comes after
 * it counts all the same. (Epochs: test_cutover.c; rows: tests/unit/scorer/lists/test_lists.c.) */
#include "base/base.h"

#include "schemas/user_history.h"
#include "tests/topology/two_generations.h"

/* Appends each user's newest history once more, as of the last offset that there is. */
static size_t append_histories(struct two_generations *both)
{
    struct codec *codec = codec_new(&user_history_contract, both->schemas);
    struct fold *fold = rig_fold(&both->rig, "histories");
    size_t count = fold->count;
    struct buf out;
    buf_init(&out, 1 << 20);
    for (size_t i = 0; i < count; i++) {
        struct user_history history;
        const struct folded *one = &fold->at[i];
        arena_reset(both->arena);
        assert_int_equal(codec_decode(codec, one->value, both->arena, &history, NULL), 0);
        history.input_offset = INT64_MAX;
        buf_clear(&out);
        assert_int_equal(codec_encode(codec, &history, &out), 0);
        memlog_append(both->rig.log, "histories", one->partition, one->key, buf_slice(&out),
                      feed_time_ms());
    }
    buf_release(&out);
    codec_free(codec);
    free(fold);
    return count;
}

/* Returns how many users' newest lists are of the last offset. */
static size_t count_frozen(struct two_generations *both)
{
    struct fold *fold = rig_fold(&both->rig, "recommendations");
    size_t frozen = 0;
    for (size_t i = 0; i < fold->count; i++) {
        arena_reset(both->arena);
        frozen += decode(both, fold->at[i].value).input_offset == INT64_MAX;
    }
    free(fold);
    return frozen;
}

static void test_no_history_is_the_last(void **state)
{
    struct two_generations both;
    both_init(&both);
    size_t users = append_histories(&both);
    rig_survive(&both.rig, false);
    assert_int_equal(count_frozen(&both), users);
    feed(&both, FEED_EVENTS - FIRST); /* every user acts again */
    rig_survive(&both.rig, false);
    assert_int_equal(count_frozen(&both), 0);
    both_release(&both);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_no_history_is_the_last),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
