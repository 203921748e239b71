#include "base/base.h"
#include "stream/state/trust.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

static const int64_t now_ms = 1700000000000;
static const int64_t week_ms = 604800000;
static const struct topic_settings week = {.known = true, .delete_retention_ms = 604800000};
static const struct topic_settings unknown;

static struct log_facts facts_of(int64_t low, const struct topic_settings *settings)
{
    return (struct log_facts){.low = low, .end = 100, .settings = settings, .wall_ms = now_ms};
}

static enum trust trust(const struct log_facts *facts, int64_t offset, int64_t age_ms)
{
    const struct bookmark bookmark = {.changelog_offset = offset, .current_ms = now_ms - age_ms};
    const char *why = NULL;
    enum trust is = trust_bookmark(&bookmark, facts, &why);
    assert_true(is == TRUST_WHOLE || why);
    return is;
}

static void test_age(void **state)
{
    const struct log_facts facts = facts_of(0, &week);
    assert_int_equal(trust(&facts, 50, 0), TRUST_WHOLE);
    assert_int_equal(trust(&facts, 50, week_ms * 9 / 10), TRUST_WHOLE);
    assert_int_equal(trust(&facts, 50, week_ms), TRUST_REBUILD);
    assert_int_equal(trust(&facts, 50, 52 * week_ms), TRUST_REBUILD);
    assert_int_equal(trust(&facts, 50, now_ms), TRUST_REBUILD); /* no time is known */
    assert_int_equal(trust(&facts, 50, -week_ms), TRUST_REBUILD);
    assert_int_equal(trust(&facts, 50, -1000), TRUST_WHOLE);
    const struct log_facts dark = facts_of(0, &unknown);
    assert_int_equal(trust(&dark, 50, DELETE_RETENTION_DEFAULT_MS / 2), TRUST_WHOLE);
    assert_int_equal(trust(&dark, 50, DELETE_RETENTION_DEFAULT_MS), TRUST_REBUILD);
}

/* State that has the whole changelog cannot lack a deletion. */
static void test_complete_state_has_no_age(void **state)
{
    struct log_facts facts = facts_of(0, &week);
    assert_int_equal(trust(&facts, 100, 52 * week_ms), TRUST_WHOLE);
    assert_int_equal(trust(&facts, 99, 52 * week_ms), TRUST_REBUILD);
    facts.control_records = 1;
    assert_int_equal(trust(&facts, 99, 52 * week_ms), TRUST_WHOLE);
    assert_int_equal(trust(&facts, 98, 52 * week_ms), TRUST_REBUILD);
}

/* A changelog whose start is gone is no source. */
static void test_cut_changelog(void **state)
{
    struct log_facts facts = facts_of(10, &week);
    const char *why = NULL;
    assert_int_equal(trust_bookmark(NULL, &facts, &why), TRUST_LOST);
    assert_int_equal(trust(&facts, 5, 0), TRUST_LOST);
    assert_int_equal(trust(&facts, 50, 52 * week_ms), TRUST_LOST);
    assert_int_equal(trust(&facts, 10, 0), TRUST_WHOLE);
    facts.control_records = 1;
    facts.low = 100; /* nothing is left of it, and the state has all that was */
    assert_int_equal(trust(&facts, 100, 52 * week_ms), TRUST_WHOLE);
    assert_int_equal(trust(&facts, 99, 52 * week_ms), TRUST_WHOLE);
    assert_int_equal(trust(&facts, 98, 0), TRUST_LOST);
    facts = facts_of(10, &week);
    facts.expires = true;
    assert_int_equal(trust_bookmark(NULL, &facts, &why), TRUST_WHOLE);
    assert_int_equal(trust(&facts, 5, 0), TRUST_REBUILD);
    facts = facts_of(0, &week);
    assert_int_equal(trust_bookmark(NULL, &facts, &why), TRUST_WHOLE);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_age),
        cmocka_unit_test(test_complete_state_has_no_age),
        cmocka_unit_test(test_cut_changelog),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
