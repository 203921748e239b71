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
    assert_int_equal(got.size, 2 * (2 + CONTEXT_VALUE_BYTES_MAX));
    /* Too long with its country. */
    assert_int_equal(find(got, CONTEXT_REGION).size, 0);
    assert_int_equal(find(got, CONTEXT_CHANNEL).size, 2 + CONTEXT_VALUE_BYTES_MAX);
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
        "\x1f" "3item", "\x1f" "iitem", "dmobile", "\x1f" "dmobile" "\x1f", "\x1f" "tnight/1"};
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
    assert_true(id.group < 0);
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
    } cases[] = {{{CONTEXT_WEEK, {"", 0}, -1}, "\x1f" "w"},
                 {{CONTEXT_WEEK, {"", 0}, 2}, "\x1f" "w/2"},
                 {{CONTEXT_DAY, {"evening", 7}, 0}, "\x1f" "tevening/0"},
                 {{CONTEXT_DAY, {"evening", 7}, -1}, "\x1f" "tevening"},
                 {{CONTEXT_DEVICE, {"tv/1", 4}, -1}, "\x1f" "dtv/1"}, /* anybody's own words */
                 {{CONTEXT_DAY, {"night/3", 7}, -1}, "\x1f" "tnight/3"}}; /* there are no more */
    char into[CONTEXT_ID_BYTES_MAX], longest[CONTEXT_VALUE_BYTES_MAX];
    for (size_t k = 0; k < ARRAY_COUNT(cases); k++) {
        struct context_id id;
        assert_text(context_id_write(&cases[k].id, into), cases[k].text);
        assert_true(context_id_read(slice_str(cases[k].text), &id));
        assert_true(id.dimension == cases[k].id.dimension && id.group == cases[k].id.group);
        assert_true(slice_equal(id.value, cases[k].id.value));
    }
    memset(longest, 'x', sizeof(longest));
    struct context_id id = {CONTEXT_DAY, slice_of(longest, sizeof(longest)), 1}, read;
    assert_true(context_id_read(context_id_write(&id, into), &read));
    assert_true(slice_equal(read.value, id.value) && read.group == 1);
    id.group = -1;
    into[context_id_write(&id, into).size] = 'x';
    assert_false(context_id_read(slice_of(into, CONTEXT_VALUE_BYTES_MAX + 3), &read));
}

/* ---- Groups of days ---- */

#define HOUR_MS INT64_C(3600000)

static int group_at(int64_t time_ms, int hour, int zone_hours)
{
    const struct circumstances known = {.hour = hour, .weekday = 1};
    char into[CONTEXT_TEXT_BYTES_MAX];
    return context_text_group(context_text_write(&known, into), time_ms - zone_hours * HOUR_MS);
}

/* Within a part of a day all are of one group, in any zone, and the next day is of the next one. */
static void a_part_of_a_day_is_of_one_group(void **state _unused_)
{
    for (int zone = -8; zone <= 9; zone++) {
        for (int day = -5; day < 5; day++) {
            int want = ((day % CONTEXT_GROUPS) + CONTEXT_GROUPS) % CONTEXT_GROUPS;
            for (int minute = 0; minute < 24 * 60; minute += 7) {
                int64_t time_ms = day * 24 * HOUR_MS + minute * HOUR_MS / 60;
                assert_int_equal(group_at(time_ms, minute / 60, zone), want);
            }
        }
    }
    char into[CONTEXT_TEXT_BYTES_MAX];
    const struct circumstances weekend = {.hour = -1, .weekday = 7};
    struct slice text = context_text_write(&weekend, into);
    for (int day = 0; day < 5; day++) {
        assert_int_equal(context_text_group(text, day * 24 * HOUR_MS), day % CONTEXT_GROUPS);
        assert_int_equal(context_text_group(text, (day + 1) * 24 * HOUR_MS - 1),
                         day % CONTEXT_GROUPS);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_known_is_written),
        cmocka_unit_test(what_no_context_can_have_is_left_out),
        cmocka_unit_test(texts_are_read),
        cmocka_unit_test(ids_are_read_as_they_were_written),
        cmocka_unit_test(a_part_of_a_day_is_of_one_group),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
