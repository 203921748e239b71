#include "base/base.h"
#include "model/counting/context_text.h"

#include <setjmp.h>
#include <cmocka.h>

static void assert_text(struct slice got, const char *want)
{
    if (!slice_equal(got, slice_str(want))) { fail_msg("%.*s, not %s", SLICE_ARGS(got), want); }
}

/* Returns the indicator of a dimension; an empty slice: the context has none. */
static struct slice find(struct slice text, enum context_dimension dimension)
{
    struct slice indicator;
    struct context_id id;
    while (context_text_next(&text, &indicator)) {
        if (context_id_read(indicator, &id) && id.dimension == dimension) { return indicator; }
    }
    return slice_str("");
}

static void what_is_known_is_written(void **state _unused_)
{
    char into[CONTEXT_TEXT_BYTES_MAX];
    const struct circumstances all = {.device = slice_str("Mobile"),
                                      .channel = slice_str("app"),
                                      .country = slice_str("DE"),
                                      .region = slice_str("BY"),
                                      .geohash = slice_str("U281z7"),
                                      .hour = 18,
                                      .weekday = 7};
    assert_text(context_text_write(&all, into),
                "\x1f" "dmobile" "\x1f" "capp" "\x1f" "nde" "\x1f" "rde-by" "\x1f" "gu281"
                "\x1f" "tevening" "\x1f" "wweekend");
    assert_true(context_text_valid(context_text_write(&all, into)));
    const struct circumstances some = {.region = slice_str("de-by"), .country = slice_str("DE"),
                                       .hour = 5, .weekday = 5};
    assert_text(context_text_write(&some, into),
                "\x1f" "nde" "\x1f" "rde-by" "\x1f" "tnight" "\x1f" "wweekday");
    const struct circumstances grouped = {.device = slice_str("tv"), .hour = 12, .weekday = 6,
                                          .group = 3};
    assert_text(context_text_write(&grouped, into),
                "\x1f" "dtv" "\x1f" "tafternoon/3" "\x1f" "wweekend/3");
    assert_true(context_text_valid(context_text_write(&grouped, into)));
    const struct circumstances none = {.hour = -1};
    assert_int_equal(context_text_write(&none, into).size, 0);
}

static void what_no_context_can_have_is_left_out(void **state _unused_)
{
    char into[CONTEXT_TEXT_BYTES_MAX], text[CONTEXT_VALUE_BYTES_MAX + 1];
    memset(text, 'x', sizeof(text));
    const struct circumstances long_ones = {.device = slice_of(text, sizeof(text)),
                                            .channel = slice_of(text, sizeof(text) - 1),
                                            .country = slice_of(text, sizeof(text) - 1),
                                            .region = slice_str("r"),
                                            .hour = 24,
                                            .weekday = 8};
    struct slice got = context_text_write(&long_ones, into);
    assert_int_equal(got.size, 2 * CONTEXT_ID_BYTES_MAX);
    /* Too long with its country. */
    assert_int_equal(find(got, CONTEXT_REGION).size, 0);
    assert_int_equal(find(got, CONTEXT_CHANNEL).size, CONTEXT_ID_BYTES_MAX);
    const struct circumstances odd = {.device = slice_str("a\x1f" "cmail"),
                                      .channel = slice_str("a\nb"),
                                      .geohash = slice_str("u28"),
                                      .hour = -1};
    assert_int_equal(context_text_write(&odd, into).size, 0);
    const struct circumstances places = {.geohash = slice_str("uail"), .hour = -1};
    assert_int_equal(context_text_write(&places, into).size, 0);
}

static void texts_are_read(void **state _unused_)
{
    static const char *const wrong[] = {
        "", "x", "\x1f", "\x1f" "d", "\x1f" "dmobile" "\x1f" "daway", "\x1f" "cmail" "\x1f" "dtv",
        "\x1f" "3item", "\x1f" "iitem", "dmobile", "\x1f" "dmobile" "\x1f", "\x1f" "t/1"};
    struct slice text = slice_str("\x1f" "dtv" "\x1f" "tnight"), one, item;
    struct context_id id;
    char into[CONTEXT_ITEM_BYTES_MAX], long_id[CONTEXT_ITEM_BYTES_MAX];
    for (size_t k = 0; k < ARRAY_COUNT(wrong); k++) {
        assert_false(context_text_valid(slice_str(wrong[k])));
    }
    assert_text(find(text, CONTEXT_DAY), "\x1f" "tnight");
    assert_int_equal(find(text, CONTEXT_WEEK).size, 0);
    assert_true(context_text_next(&text, &one));
    assert_text(one, "\x1f" "dtv");
    assert_true(context_id_read(one, &id));
    assert_int_equal(id.dimension, CONTEXT_DEVICE);
    assert_text(id.value, "tv");
    assert_true(context_text_next(&text, &one));
    assert_false(context_text_next(&text, &one));
    assert_text(context_item_write(slice_str("p1"), into), "\x1f" "ip1");
    assert_true(context_item_read(slice_str("\x1f" "ip1"), &item));
    assert_text(item, "p1");
    assert_false(context_item_read(slice_str("\x1f" "dp1"), &item));
    assert_false(context_item_read(slice_str("\x1f" "i"), &item));
    memset(long_id, 'x', sizeof(long_id));
    assert_int_equal(context_item_write(slice_of(long_id, sizeof(long_id) - 1), into).size, 0);
    assert_string_equal(context_dimension_name(CONTEXT_DAY), "day");
}

static void ids_are_read_as_they_were_written(void **state _unused_)
{
    static const struct {
        struct context_id id;
        const char *text;
    } cases[] = {{{CONTEXT_WEEK, {"", 0}, 0}, "\x1f" "w"},
                 {{CONTEXT_DAY, {"evening", 7}, 1}, "\x1f" "tevening/1"},
                 {{CONTEXT_DAY, {"evening", 7}, 0}, "\x1f" "tevening"},
                 {{CONTEXT_DEVICE, {"tv/1", 4}, 0}, "\x1f" "dtv/1"}, /* anybody's own words */
                 {{CONTEXT_DAY, {"night/0", 7}, 0}, "\x1f" "tnight/0"}, /* none of our groups */
                 {{CONTEXT_DAY, {"night/4", 7}, 0}, "\x1f" "tnight/4"}};
    char into[CONTEXT_ID_BYTES_MAX], longest[CONTEXT_ID_BYTES_MAX + 1];
    struct context_id id;
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        assert_text(context_id_write(&cases[k].id, into), cases[k].text);
        assert_true(context_id_read(slice_str(cases[k].text), &id));
        assert_true(id.dimension == cases[k].id.dimension && id.group == cases[k].id.group);
        assert_true(slice_equal(id.value, cases[k].id.value));
    }
    memset(longest, 'x', sizeof(longest));
    memcpy(longest, "\x1f" "t", 2);
    memcpy(longest + CONTEXT_ID_BYTES_MAX - 2, "/2", 2);
    assert_true(context_id_read(slice_of(longest, CONTEXT_ID_BYTES_MAX), &id));
    assert_true(id.group == 2 && id.value.size == CONTEXT_VALUE_BYTES_MAX - 2);
    assert_true(slice_equal(context_id_write(&id, into), slice_of(longest, CONTEXT_ID_BYTES_MAX)));
    assert_false(context_id_read(slice_of(longest, sizeof(longest)), &id));
}

/* Everywhere, a day of a user's calendar is of one group, and the next day of the next one. */
static void groups_of_days_take_turns(void **state _unused_)
{
    enum { MINUTE_MS = 60000, DAY_MINUTES = 24 * 60, THURSDAY = 4 };
    for (int zone = -12; zone <= 14; zone++) {
        for (int minute = -9 * DAY_MINUTES; minute < 9 * DAY_MINUTES; minute += 7) {
            int64_t time_ms = ((int64_t)minute - 60 * zone) * MINUTE_MS;
            int day = (minute + 9 * DAY_MINUTES) / DAY_MINUTES - 9; /* since 1970 */
            int32_t weekday = (day + 14 + THURSDAY - 1) % 7 + 1;
            assert_int_equal(context_group(time_ms, weekday), 1 + (day + 9) % 3);
        }
    }
    /* A weekday that no zone has: the day is that of UTC. */
    assert_int_equal(context_group(1, 1), 1);
    assert_int_equal(context_group(1, 99), context_group(1, -99));
    assert_true(context_group(INT64_C(253402300799999), 5) > 0);
    assert_true(context_group(INT64_C(-253402300799999), 5) > 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_written),
        cmocka_unit_test(what_no_context_can_have_is_left_out),
        cmocka_unit_test(texts_are_read),
        cmocka_unit_test(ids_are_read_as_they_were_written),
        cmocka_unit_test(groups_of_days_take_turns),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
