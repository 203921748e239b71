#include "base/base.h"
#include "model/counting/decay.h"

#include <setjmp.h>
#include <cmocka.h>

enum { EVENTS = 200, DAY_MS = 86400000 };

struct event {
    int64_t time_ms;
    double weight;
};

static const struct decay week = {.half_life_ms = 7 * (int64_t)DAY_MS};

/* The oracle: sum of w * 2^-((T - t) / h), as the header defines it. */
static double decayed_plainly(const struct event *events, int count, int64_t now_ms)
{
    double sum = 0;
    for (int i = 0; i < count; i++) {
        double half_lives = (double)(now_ms - events[i].time_ms) / (double)week.half_life_ms;
        sum += events[i].weight * exp2(-half_lives);
    }
    return sum;
}

static void make_events(struct event *events)
{
    uint64_t state = 1;
    for (int i = 0; i < EVENTS; i++) {
        state = state * 6364136223846793005u + 1442695040888963407u;
        events[i].time_ms = 1700000000000 + (int64_t)(state >> 33) % (40 * (int64_t)DAY_MS);
        events[i].weight = (double)(state >> 60) / 4;
    }
}

/* Sums at a common epoch, starting with the event `first` and going round by `step`. */
static double stored(const struct event *events, int first, int step, int64_t epoch)
{
    double sum = 0;
    int64_t sum_epoch = INT64_MIN;
    for (int i = 0, at = first; i < EVENTS; i++, at = (at + step) % EVENTS) {
        struct decay_point point = decay_at(&week, events[at].time_ms);
        double value = decay_value(point, events[at].weight);
        if (point.epoch > sum_epoch) {
            if (sum_epoch != INT64_MIN) { sum = decay_rescale(sum, sum_epoch, point.epoch); }
            sum_epoch = point.epoch;
        }
        sum += decay_rescale(value, point.epoch, sum_epoch);
    }
    return decay_rescale(sum, sum_epoch, epoch);
}

static void test_sum_is_the_defined_one(void **state)
{
    struct event events[EVENTS];
    make_events(events);
    int64_t now_ms = 1700000000000 + 50 * (int64_t)DAY_MS;
    struct decay_point now = decay_at(&week, now_ms);
    double value = stored(events, 0, 1, now.epoch) / now.factor;
    double plain = decayed_plainly(events, EVENTS, now_ms);
    assert_true(fabs(value - plain) < 1e-6 * plain);
}

static void test_any_order_gives_the_same_bits(void **state)
{
    struct event events[EVENTS];
    make_events(events);
    int64_t epoch = decay_at(&week, 1700000000000 + 50 * (int64_t)DAY_MS).epoch;
    double first = stored(events, 0, 1, epoch);
    static const int steps[] = {1, 3, 7, 11, 13, 17, 19, 23, 199};
    for (size_t i = 0; i < ARRAY_COUNT(steps); i++) {
        double other = stored(events, (int)(i * 31) % EVENTS, steps[i], epoch);
        assert_memory_equal(&first, &other, sizeof(first));
    }
}

static void test_subtracting_undoes(void **state)
{
    struct event events[EVENTS];
    make_events(events);
    int64_t epoch = decay_at(&week, 1700000000000 + 40 * (int64_t)DAY_MS).epoch;
    double sum = 0.75;
    for (int undo = 0; undo < 2; undo++) {
        for (int i = 0; i < EVENTS; i++) {
            struct decay_point point = decay_at(&week, events[undo ? i * 7 % EVENTS : i].time_ms);
            double weight = events[undo ? i * 7 % EVENTS : i].weight;
            double value = decay_rescale(decay_value(point, weight), point.epoch, epoch);
            sum += undo ? -value : value;
        }
    }
    assert_true(sum <= 0.75 && sum >= 0.75);
}

static void test_points(void **state)
{
    static const int64_t times[] = {0, 1, -1, 1700000000000, -1700000000000,
                                    7 * (int64_t)DAY_MS, -7 * (int64_t)DAY_MS};
    for (size_t i = 0; i < ARRAY_COUNT(times); i++) {
        struct decay_point point = decay_at(&week, times[i]);
        assert_true(point.factor >= 1 && point.factor < 2);
        double half_lives = (double)times[i] / (double)week.half_life_ms;
        assert_true(fabs((double)point.epoch + log2(point.factor) - half_lives) < 1e-9);
    }
    assert_int_equal(decay_at(&week, -1).epoch, -1);
    assert_int_equal(decay_at(&week, -7 * (int64_t)DAY_MS).epoch, -1);
}

static void test_switched_off(void **state)
{
    struct decay none = {0};
    struct decay_point point = decay_at(&none, 1700000000000);
    assert_int_equal(point.epoch, 0);
    assert_true(point.factor >= 1 && point.factor <= 1);
}

static void test_rescale(void **state)
{
    assert_true(decay_rescale(3, 5, 5) >= 3 && decay_rescale(3, 5, 5) <= 3);
    assert_true(decay_rescale(3, 5, 7) * 4 >= 3 && decay_rescale(3, 5, 7) * 4 <= 3);
    assert_true(decay_rescale(decay_rescale(0.1, 100, 300), 300, 100) >= 0.1);
    assert_true(decay_rescale(decay_rescale(0.1, 100, 300), 300, 100) <= 0.1);
    assert_true(decay_rescale(1, 0, INT32_MAX) <= 0); /* long ago: nothing is left */
    assert_true(decay_rescale(0, INT32_MAX, 0) <= 0); /* nothing stays nothing on any scale */
    /* sixty days at a half-life of an hour, and epochs at the limits of their type */
    assert_true(isfinite(decay_rescale(3, 1440, 0)) && decay_rescale(3, 1440, 0) > 1e300);
    assert_true(isfinite(decay_rescale(-3, INT64_MAX, INT64_MIN)));
    assert_true(decay_rescale(-3, INT64_MAX, INT64_MIN) < -1e300);
    assert_true(decay_rescale(3, INT64_MIN, INT64_MAX) <= 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sum_is_the_defined_one),
        cmocka_unit_test(test_any_order_gives_the_same_bits),
        cmocka_unit_test(test_subtracting_undoes),
        cmocka_unit_test(test_points),
        cmocka_unit_test(test_switched_off),
        cmocka_unit_test(test_rescale),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
