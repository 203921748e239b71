#include "base/base.h"
#include "stream/standby.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

enum { MEMBERS_MAX = 6, PARTITIONS_MAX = 13 };

/* Whom the group gives a partition to, dealt out as Kafka's range assignor does; `gone` is a set of
 * members. Returns the member's number. */
static size_t owner(unsigned gone, size_t members, int32_t partitions, int32_t partition)
{
    size_t left = 0;
    for (size_t m = 0; m < members; m++) { left += !(gone >> m & 1); }
    int32_t next = 0;
    size_t turn = 0;
    for (size_t m = 0; m < members; m++) {
        if (gone >> m & 1) { continue; }
        int32_t share = partitions / (int32_t)left + ((int32_t)turn++ < partitions % (int32_t)left);
        next += share;
        if (partition < next) { return m; }
    }
    fail();
    return 0;
}

static size_t size_of(unsigned set)
{
    return (size_t)__builtin_popcount(set);
}

/* The rule, said plainly: one of the ways to lose up to so many others brings it here. */
static bool wants(size_t rank, size_t members, int32_t partitions, size_t lost_max,
                  int32_t partition)
{
    for (unsigned gone = 1; gone < 1u << members; gone++) {
        if (size_of(gone) > lost_max || gone >> rank & 1) { continue; }
        if (owner(gone, members, partitions, partition) == rank) { return true; }
    }
    return false;
}

static void test_agrees_with_every_loss(void **state)
{
    for (size_t members = 1; members <= MEMBERS_MAX; members++) {
        for (int32_t partitions = 1; partitions <= PARTITIONS_MAX; partitions++) {
            for (size_t lost = 0; lost <= 3; lost++) {
                for (size_t rank = 0; rank < members; rank++) {
                    for (int32_t p = 0; p < partitions; p++) {
                        assert_true(standby_wants(rank, members, partitions, lost, p) ==
                                    wants(rank, members, partitions, lost, p));
                    }
                }
            }
        }
    }
}

static void test_of_two_each_wants_all(void **state)
{
    for (int32_t p = 0; p < 8; p++) {
        assert_true(standby_wants(0, 2, 8, 1, p));
        assert_true(standby_wants(1, 2, 8, 1, p));
        assert_false(standby_wants(0, 1, 8, 1, p));
    }
}

/* Standing by costs each member about as much again as it serves, not the whole table. */
static void test_of_many_each_wants_few(void **state)
{
    enum { MEMBERS = 8, PARTITIONS = 64 };
    int held = 0;
    for (size_t rank = 0; rank < MEMBERS; rank++) {
        for (int32_t p = 0; p < PARTITIONS; p++) {
            bool own = owner(0, MEMBERS, PARTITIONS, p) == rank;
            held += !own && standby_wants(rank, MEMBERS, PARTITIONS, 1, p);
        }
    }
    assert_true(held >= PARTITIONS && held <= PARTITIONS * 3 / 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_agrees_with_every_loss),
        cmocka_unit_test(test_of_two_each_wants_all),
        cmocka_unit_test(test_of_many_each_wants_few),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
