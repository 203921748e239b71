#include "base/base.h"
#include "ingest/mapping/mapping_internal.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>

static char why[512];

#define X20(two) two two two two two two two two two two two two two two two two two two two two

#define KEY_1 X20("0b")
#define KEY_2 "0102030405060708090a0b0c0d0e0f10111213141516171819"
#define TWO_KEYS                                                                                   \
    "# a comment\n\nk1 1970-01-01 " KEY_1 "\r\n  k2\t2026-11-23T09:00:00Z  " KEY_2 "\n"

static struct pseudonyms *two_keys(void)
{
    struct pseudonyms *pseudonyms = NULL;
    if (pseudonyms_new(slice_str(TWO_KEYS), &pseudonyms, why, sizeof(why))) { fail_msg("%s", why); }
    return pseudonyms;
}

static void the_time_chooses_the_key(void **state)
{
    struct pseudonyms *pseudonyms = two_keys();
    struct arena *arena = arena_new(1024);
    assert_int_equal(pseudonyms_count(pseudonyms), 2);
    assert_int_equal(pseudonyms_at(pseudonyms, RIG_TIME_MS - 1), 0);
    assert_int_equal(pseudonyms_at(pseudonyms, RIG_TIME_MS), 1);
    assert_int_equal(pseudonyms_at(pseudonyms, -1), 0);
    assert_string_equal(pseudonyms_key_id(pseudonyms, 1), "k2");
    assert_int_equal(pseudonyms_key_from(pseudonyms, 1), RIG_TIME_MS);
    /* As test case 1: and the same again, whatever was asked between. */
    for (int i = 0; i < 2; i++) {
        struct slice one = pseudonyms_of(pseudonyms, 0, slice_str("Hi There"), arena);
        struct slice expected = slice_str(
            "k1.b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7");
        assert_true(slice_equal(one, expected));
        assert_true(pseudonyms_is_one(pseudonyms, one));
        struct slice two = pseudonyms_of(pseudonyms, 1, slice_str("Hi There"), arena);
        assert_false(slice_equal(one, two));
    }
    assert_false(pseudonyms_is_one(pseudonyms, slice_str("Hi There")));
    assert_false(pseudonyms_is_one(pseudonyms, slice_str(
        "k9.b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7")));
    arena_free(arena);
    pseudonyms_free(pseudonyms);
    assert_null(pseudonyms_free(NULL));
}

static void refuses_bad_files(void **state)
{
    static const struct {
        const char *text, *part;
    } samples[] = {
        {"", "no key in it"},
        {"# only a comment", "no key in it"},
        {"k1 1970-01-01", "line 1: a line is an id"},
        {"k1 1970-01-01 " KEY_1 " more", "line 1: a line is an id"},
        {"K1 1970-01-01 " KEY_1, "a-z and 0-9"},
        {"k1 yesterday " KEY_1, "a time"},
        {"k1 1970-01-01 0b0b", "16 to 128 bytes"},
        {"k1 1970-01-01 " KEY_1 "0", "16 to 128 bytes"},
        {"k1 1970-01-01 " X20("0g"), "16 to 128 bytes"},
        {"k1 1970-01-01 " KEY_1 "\nk1 1971-01-01 " KEY_2, "line 2: this id is there twice"},
        {"k1 1971-01-01 " KEY_1 "\nk2 1971-01-01 " KEY_2, "line 2: keys stand in the order"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(samples); i++) {
        struct pseudonyms *pseudonyms = NULL;
        assert_int_equal(
            pseudonyms_new(slice_str(samples[i].text), &pseudonyms, why, sizeof(why)), -EINVAL);
        assert_null(pseudonyms);
        if (!strstr(why, samples[i].part)) { fail_msg("%zu: %s", i, why); }
        assert_null(strstr(why, "0b0b"));
    }
    struct buf many;
    buf_init(&many, 1 << 16);
    for (int i = 0; i <= PSEUDONYM_KEYS_MAX; i++) {
        buf_printf(&many, "k%d %d-01-01 " KEY_1 "\n", i, 1970 + i);
    }
    struct pseudonyms *pseudonyms = NULL;
    assert_int_equal(pseudonyms_new(buf_slice(&many), &pseudonyms, why, sizeof(why)), -EINVAL);
    assert_non_null(strstr(why, "line 65: at most 64 keys"));
    buf_release(&many);
    assert_int_equal(pseudonyms_load("/nowhere/keys", &pseudonyms, why, sizeof(why)), -EINVAL);
    assert_non_null(strstr(why, "/nowhere/keys"));
}

/* Nothing of the id is left in what the mapping gives; a profile's tombstone reaches every key. */
static void the_mapping_uses_them(void **state)
{
    struct pseudonyms *pseudonyms = two_keys();
    struct rig rig;
    assert_int_equal(rig_init(&rig, NULL, 0, NULL), 0);
    rig.mapping->pseudonyms = pseudonyms;
    static const char event[] = "{\"user_id\":\"Hi There\",\"item_id\":1,\"action\":\"VIEW\","
                                "\"event_time_ms\":1795424399000}";
    assert_null(rig_apply(&rig, slice_str(event)));
    struct slice now = pseudonyms_of(pseudonyms, 1, slice_str("Hi There"), rig.arena);
    assert_true(slice_equal(rig.ev.user_id, now));
    assert_true(slice_equal(rig.outcome.at[0].key, now));
    rig_clear(&rig);

    static const char *const pairs[] = {"becomes=UserProfile", "map.user=$key"};
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    rig.mapping->pseudonyms = pseudonyms;
    assert_null(rig_apply_keyed(&rig, "Hi There", slice_str("{\"country\":\"AT\"}")));
    assert_int_equal(rig.outcome.count, 1);
    const struct user_profile *profile = rig.outcome.at[0].object;
    assert_true(pseudonyms_is_one(pseudonyms, profile->user_id));
    assert_true(slice_equal(profile->user_id, rig.outcome.at[0].key));
    assert_null(rig_apply_keyed(&rig, "Hi There", (struct slice){0}));
    assert_int_equal(rig.outcome.count, 2);
    for (size_t i = 0; i < 2; i++) {
        assert_null(rig.outcome.at[i].object);
        assert_true(pseudonyms_is_one(pseudonyms, rig.outcome.at[i].key));
    }
    assert_false(slice_equal(rig.outcome.at[0].key, rig.outcome.at[1].key));
    rig_clear(&rig);
    pseudonyms_free(pseudonyms);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_time_chooses_the_key),
        cmocka_unit_test(refuses_bad_files),
        cmocka_unit_test(the_mapping_uses_them),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
