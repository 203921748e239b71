#include "base/base.h"
#include "tests/mapping_rig.h"

#include <setjmp.h>
#include <cmocka.h>
#include <unistd.h>

#define EVENT "{\"user_id\":\"u\",\"item_id\":\"i\",\"event_time_ms\":1795424400000"

static const char *const pairs[] = {
    "map.action==VIEW",        "action.VIEW=VIEW:1", "map.device=d",    "map.channel=c",
    "map.region=r",            "map.geohash=g",      "map.latitude=at.lat",
    "map.longitude=at.lon",    "map.time.zone=tz",   "time.zone=-05:00"};

static const struct user_event *event_of(struct rig *rig, const char *value)
{
    const char *reason = rig_apply(rig, slice_str(value));
    if (reason) { fail_msg("%s: %s (%s)", value, reason, rig->refusal.detail); }
    assert_int_equal(rig->outcome.count, 1);
    return rig->outcome.at[0].object;
}

static void assert_text(struct slice text, const char *expected)
{
    assert_int_equal(text.size, strlen(expected));
    if (text.size) { assert_memory_equal(text.data, expected, text.size); }
}

/* 2026-11-23, a Monday, at 9:00 UTC. */
static void a_context_is_read(void **state _unused_)
{
    struct rig rig;
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    const struct user_event *ev = event_of(
        &rig, EVENT ",\"d\":\" mobile\",\"c\":\"app\",\"country\":\"DE\",\"r\":\"BY\","
                    "\"g\":\"u281z7\",\"tz\":\"+10:30\"}");
    assert_text(ev->device, "mobile");
    assert_text(ev->channel, "app");
    assert_text(ev->country, "DE");
    assert_text(ev->region, "BY");
    assert_text(ev->geohash, "u281z7");
    assert_int_equal(ev->hour, 19);
    assert_int_equal(ev->weekday, 1);
    ev = event_of(&rig, EVENT ",\"at\":{\"lat\":48.1374,\"lon\":11.5755},\"tz\":\"Nowhere\"}");
    assert_text(ev->geohash, "u281z");
    assert_text(ev->device, "");
    assert_int_equal(ev->hour, 4);
    if (access("/usr/share/zoneinfo/Pacific/Auckland", R_OK) == 0) {
        ev = event_of(&rig, EVENT ",\"tz\":\"Pacific/Auckland\"}");
        assert_int_equal(ev->hour, 22);
    }
    rig_clear(&rig);
}

/* It never costs an event. */
static void what_cannot_be_read_is_not_known(void **state _unused_)
{
    struct rig rig;
    char value[512], text[CONTEXT_WORD_BYTES_MAX + 2];
    assert_int_equal(rig_init(&rig, pairs, ARRAY_COUNT(pairs), NULL), 0);
    memset(text, 'x', sizeof(text) - 1);
    text[sizeof(text) - 1] = '\0';
    (void)snprintf(value, sizeof(value),
                   EVENT ",\"d\":\"%s\",\"c\":{\"a\":1},\"country\":[1],\"r\":\"a\\u001fb\","
                         "\"g\":null,\"at\":{\"lat\":99,\"lon\":0},\"tz\":7}", text);
    const struct user_event *ev = event_of(&rig, value);
    assert_int_equal(ev->device.size + ev->channel.size + ev->country.size + ev->region.size +
                         ev->geohash.size, 0);
    assert_int_equal(ev->hour, 4); /* of time.zone */
    rig_clear(&rig);
}

static void without_a_zone_no_clock_is_known(void **state _unused_)
{
    static const char *const some[] = {"map.action==VIEW", "action.VIEW=VIEW:1"};
    static const char *const wrong[] = {"map.action==VIEW", "action.VIEW=VIEW:1",
                                        "time.zone=Europe/Nowhere"};
    struct rig rig;
    assert_int_equal(rig_init(&rig, some, ARRAY_COUNT(some), NULL), 0);
    const struct user_event *ev = event_of(&rig, EVENT "}");
    assert_int_equal(ev->hour, -1);
    assert_int_equal(ev->weekday, 0);
    rig_clear(&rig);
    assert_int_equal(rig_init(&rig, wrong, ARRAY_COUNT(wrong), NULL), -EINVAL);
    assert_non_null(strstr(rig.why, "time.zone=Europe/Nowhere: unknown"));
    rig_clear(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_context_is_read),
        cmocka_unit_test(what_cannot_be_read_is_not_known),
        cmocka_unit_test(without_a_zone_no_clock_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
