/* The budget of memory, at many sizes. */
#include "base/base.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include "base/xalloc.h"
#include "stream/config/memory_plan.h"

#define MIB (INT64_C(1) << 20)
#define GIB (INT64_C(1) << 30)

static void none_given(int64_t given[MEMORY_PARTS])
{
    for (int part = 0; part < MEMORY_PARTS; part++) { given[part] = MEMORY_AUTO; }
}

static struct memory_plan cut(const char *worker, int64_t limit, const int64_t given[MEMORY_PARTS])
{
    struct memory_plan plan;
    char *why = NULL;
    const struct memory_shares *shares = memory_shares_of(worker);
    assert_non_null(shares);
    assert_int_equal(memory_plan_cut(shares, limit, given, &plan, &why), 0);
    assert_null(why);
    return plan;
}

static void every_size_of_machine_stays_within_its_budget(void **state _unused_)
{
    int64_t given[MEMORY_PARTS];
    none_given(given);
    for (int64_t limit = 512 * MIB; limit <= 4096 * GIB; limit += limit / 3 + 1) {
        const struct memory_shares *shares;
        for (size_t i = 0; (shares = memory_shares_at(i)) != NULL; i++) {
            struct memory_plan plan = cut(shares->worker, limit, given);
            int64_t budget = plan.at[MEMORY_BUDGET];
            assert_int_equal(budget, MAX_OF(limit / shares->divisor, MEMORY_LEAST));
            assert_true(memory_plan_peak(&plan) <= budget);
            assert_true(memory_plan_peak(&plan) > budget / 10 * 9);
            /* Of the trainer, batches are large. */
            bool checkpoints = strcmp(shares->worker, "trainer") == 0;
            assert_true(plan.at[MEMORY_CACHE] >=
                        (budget - MEMORY_FIXED) / 20 * (checkpoints ? 3 : 8));
            for (int part = MEMORY_CACHE; part < MEMORY_PARTS; part++) {
                assert_true(plan.at[part] > 0);
            }
        }
    }
}

static void a_larger_machine_never_gets_less(void **state _unused_)
{
    int64_t given[MEMORY_PARTS];
    none_given(given);
    struct memory_plan before = cut("trainer", 100 * MIB, given);
    for (int64_t limit = 200 * MIB; limit < 512 * GIB; limit += limit / 7) {
        struct memory_plan plan = cut("trainer", limit, given);
        for (int part = MEMORY_BUDGET; part < MEMORY_PARTS; part++) {
            assert_true(plan.at[part] >= before.at[part]);
        }
        before = plan;
    }
}

static void the_trainer_gets_an_eighth_others_a_sixteenth(void **state _unused_)
{
    int64_t given[MEMORY_PARTS];
    none_given(given);
    assert_int_equal(cut("trainer", 16 * GIB, given).at[MEMORY_BUDGET], 2 * GIB);
    assert_int_equal(cut("features", 16 * GIB, given).at[MEMORY_BUDGET], GIB);
    assert_int_equal(cut("ingest", 16 * GIB, given).at[MEMORY_BUDGET], GIB);
    assert_null(memory_shares_of("trainers"));
}

/* A container may be smaller than the least budget: it gets that all the same, and says so. */
static void a_tiny_container_gets_the_least(void **state _unused_)
{
    int64_t given[MEMORY_PARTS];
    none_given(given);
    for (int64_t limit = 1; limit < 64 * MIB; limit *= 3) {
        assert_int_equal(cut("trainer", limit, given).at[MEMORY_BUDGET], MEMORY_LEAST);
    }
    assert_int_equal(cut("trainer", 0, given).at[MEMORY_BUDGET], 512 * MIB); /* unknown */
}

static void given_sizes_are_kept_and_others_cut_from_the_rest(void **state _unused_)
{
    int64_t given[MEMORY_PARTS];
    none_given(given);
    given[MEMORY_BUDGET] = GIB;
    struct memory_plan plain = cut("trainer", 16 * GIB, given);
    given[MEMORY_CACHE] = 700 * MIB;
    struct memory_plan plan = cut("trainer", 16 * GIB, given);
    assert_int_equal(plan.at[MEMORY_CACHE], 700 * MIB);
    assert_true(plan.at[MEMORY_BATCH] < plain.at[MEMORY_BATCH]);
    assert_true(memory_plan_peak(&plan) <= GIB);
    none_given(given);
    given[MEMORY_BATCH] = 10 * MIB;
    plan = cut("features", 16 * GIB, given);
    assert_int_equal(plan.at[MEMORY_BATCH], 10 * MIB);
    assert_true(plan.given[MEMORY_BATCH] && !plan.given[MEMORY_CACHE]);
    given[MEMORY_CACHE] = 0; /* no cache at all */
    assert_int_equal(cut("features", 16 * GIB, given).at[MEMORY_CACHE], 0);
}

static void refused(int64_t limit, const int64_t given[MEMORY_PARTS], const char *part_of_why)
{
    struct memory_plan plan;
    char *why = NULL;
    int result = memory_plan_cut(memory_shares_of("trainer"), limit, given, &plan, &why);
    assert_int_equal(result, -EINVAL);
    assert_non_null(strstr(why, part_of_why));
    assert_non_null(strstr(why, "hint: "));
    free(why);
}

static void nonsense_is_refused_with_a_hint(void **state _unused_)
{
    int64_t given[MEMORY_PARTS];
    none_given(given);
    given[MEMORY_BUDGET] = 64 * GIB;
    refused(16 * GIB, given, "has 16g");
    given[MEMORY_BUDGET] = GIB;
    given[MEMORY_CACHE] = 2 * GIB;
    refused(16 * GIB, given, "need 2.0g");
    given[MEMORY_CACHE] = MEMORY_AUTO;
    given[MEMORY_BATCH] = 500 * MIB; /* three times in memory */
    refused(16 * GIB, given, "need 1.5g");
}

/* Who set large sizes by hand before there was a budget keeps them. */
static void large_sizes_without_a_budget_are_kept(void **state _unused_)
{
    int64_t given[MEMORY_PARTS];
    none_given(given);
    given[MEMORY_CACHE] = 4 * GIB;
    struct memory_plan plan = cut("trainer", 16 * GIB, given);
    assert_int_equal(plan.at[MEMORY_CACHE], 4 * GIB);
    assert_true(memory_plan_peak(&plan) > plan.at[MEMORY_BUDGET]);
}

static void stores_share_their_part(void **state _unused_)
{
    int64_t one = memory_store_bytes(2 * GIB, MEMORY_WRITE_BUFFERS, 1);
    assert_int_equal(memory_store_bytes(2 * GIB, MEMORY_WRITE_BUFFERS, 4), one / 4);
    assert_true(memory_store_bytes(64 * MIB, MEMORY_BLOCK_CACHES, 100000) >= 64 << 10);
}

static void the_plan_in_words(void **state _unused_)
{
    int64_t given[MEMORY_PARTS];
    struct buf text;
    none_given(given);
    given[MEMORY_CACHE] = 3 * GIB / 2;
    struct memory_plan plan = cut("trainer", 64 * GIB, given);
    buf_init(&text, 1024);
    memory_plan_print(&plan, &text);
    buf_append(&text, "", 1);
    assert_non_null(strstr(text.data, "memory=8g of=64g cache=1.5g batch="));
    buf_clear(&text);
    memory_size_print(1536, &text);
    memory_size_print(0, &text);
    memory_size_print(11 * MIB + 1, &text);
    assert_true(slice_equal(buf_slice(&text), slice_str("1.5k0k11m")));
    buf_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_size_of_machine_stays_within_its_budget),
        cmocka_unit_test(a_larger_machine_never_gets_less),
        cmocka_unit_test(the_trainer_gets_an_eighth_others_a_sixteenth),
        cmocka_unit_test(a_tiny_container_gets_the_least),
        cmocka_unit_test(given_sizes_are_kept_and_others_cut_from_the_rest),
        cmocka_unit_test(nonsense_is_refused_with_a_hint),
        cmocka_unit_test(large_sizes_without_a_budget_are_kept),
        cmocka_unit_test(stores_share_their_part),
        cmocka_unit_test(the_plan_in_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
