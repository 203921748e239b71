#include "base/base.h"
#include "stream/metrics.h"

#include <pthread.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdatomic.h>

static const char *printed(struct metrics *metrics)
{
    static char text[1 << 16];
    struct buf out;
    buf_init(&out, sizeof(text));
    metrics_print(metrics, &out);
    assert_false(buf_failed(&out));
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(buf_slice(&out)));
    buf_release(&out);
    return text;
}

static void test_text(void **state)
{
    struct metrics *metrics = metrics_new("fea\"tures");
    assert_string_equal(printed(metrics), "");
    struct metric *a =
        metrics_counter(metrics, "records_total", "partition=\"0\"", "Counts\nall\\");
    struct metric *lag = metrics_gauge(metrics, "lag", "", "How far behind");
    struct metric *b = metrics_counter(metrics, "records_total", "partition=\"1\"", "Counts");
    metric_add(a, 1);
    metric_add(a, 41);
    metric_add(b, 0.5);
    metric_set(lag, -3);
    metric_add(lag, 1);
    assert_string_equal(printed(metrics),
                        "# HELP records_total Counts\\nall\\\\\n"
                        "# TYPE records_total counter\n"
                        "records_total{worker=\"fea\\\"tures\",partition=\"0\"} 42\n"
                        "records_total{worker=\"fea\\\"tures\",partition=\"1\"} 0.5\n"
                        "# HELP lag How far behind\n"
                        "# TYPE lag gauge\n"
                        "lag{worker=\"fea\\\"tures\"} -2\n");
    assert_true(metric_value(a) == 42);
    metrics_free(metrics);
}

static void test_former_name(void **state)
{
    struct metrics *metrics = metrics_new("w");
    struct metric *epochs = metrics_gauge(metrics, "epochs", "p=\"0\"", "Epochs ended");
    metrics_formerly(metrics, epochs, "rounds");
    metrics_formerly(metrics, metrics_gauge(metrics, "epochs", "p=\"1\"", ""), "rounds");
    metric_set(epochs, 7);
    assert_string_equal(printed(metrics),
                        "# HELP epochs Epochs ended\n# TYPE epochs gauge\n"
                        "epochs{worker=\"w\",p=\"0\"} 7\nepochs{worker=\"w\",p=\"1\"} 0\n"
                        "# HELP rounds deprecated: use epochs\n# TYPE rounds gauge\n"
                        "rounds{worker=\"w\",p=\"0\"} 7\nrounds{worker=\"w\",p=\"1\"} 0\n");
    struct metric *seconds = metrics_histogram(metrics, "seconds", "", "Time", 1, 1);
    metrics_formerly(metrics, seconds, "time");
    metric_observe(seconds, 3);
    assert_non_null(strstr(printed(metrics), "\nseconds_bucket{worker=\"w\",le=\"5\"} 1\n"));
    assert_non_null(strstr(printed(metrics), "\ntime_bucket{worker=\"w\",le=\"5\"} 1\n"));
    assert_non_null(strstr(printed(metrics), "\ntime_count{worker=\"w\"} 1\n"));
    metrics_free(metrics);
}

static void test_numbers(void **state)
{
    struct metrics *metrics = metrics_new("w");
    struct metric *gauge = metrics_gauge(metrics, "g", "", "h");
    static const struct {
        double value;
        const char *text;
    } cases[] = {
        {0.1, " 0.1\n"},       {1e15 + 1, " 1000000000000001\n"},
        {NAN, " NaN\n"},       {1.0 / 3, " 0.33333333333333331\n"},
        {INFINITY, " +Inf\n"}, {-INFINITY, " -Inf\n"},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        metric_set(gauge, cases[i].value);
        assert_non_null(strstr(printed(metrics), cases[i].text));
    }
    metrics_free(metrics);
}

static void test_same(void **state)
{
    struct metrics *metrics = metrics_new("w");
    struct metric *a = metrics_counter(metrics, "c_total", "x=\"1\"", "h");
    assert_ptr_equal(metrics_counter(metrics, "c_total", "x=\"1\"", "other"), a);
    assert_ptr_not_equal(metrics_counter(metrics, "c_total", "x=\"2\"", "h"), a);
    assert_ptr_not_equal(metrics_counter(metrics, "d_total", "x=\"1\"", "h"), a);
    metrics_free(metrics);
    assert_null(metrics_free(NULL));
}

static void test_drop(void **state)
{
    struct metrics *metrics = metrics_new("w");
    struct metric *a = metrics_counter(metrics, "c_total", "x=\"1\"", "h");
    struct metric *b = metrics_counter(metrics, "c_total", "x=\"2\"", "h");
    metric_add(a, 7);
    metrics_drop(metrics, a);
    assert_null(strstr(printed(metrics), "x=\"1\""));
    assert_non_null(strstr(printed(metrics), "x=\"2\""));
    metrics_drop(metrics, b);
    assert_string_equal(printed(metrics), "");
    a = metrics_counter(metrics, "c_total", "x=\"1\"", "h");
    assert_true(metric_value(a) == 0);
    metrics_free(metrics);
}

static void test_label(void **state)
{
    struct buf labels;
    buf_init(&labels, 100);
    metrics_label(&labels, "topic", slice_str("a\"b\\c\nd"));
    metrics_label(&labels, "partition", slice_str("3"));
    assert_string_equal(labels.data, "topic=\"a\\\"b\\\\c\\nd\",partition=\"3\"");
    assert_int_equal(labels.size, strlen(labels.data));
    buf_release(&labels);
}

static void test_histogram_text(void **state)
{
    struct metrics *metrics = metrics_new("w");
    struct metric *wait = metrics_histogram(metrics, "wait_seconds", "", "Waits", 0.001, 2);
    static const double values[] = {0.0005, 0.001, 0.0011, 0.004, 0.05, 0.051, 99};
    for (size_t i = 0; i < ARRAY_COUNT(values); i++) { metric_observe(wait, values[i]); }
    assert_string_equal(printed(metrics),
                        "# HELP wait_seconds Waits\n"
                        "# TYPE wait_seconds histogram\n"
                        "wait_seconds_bucket{worker=\"w\",le=\"0.001\"} 2\n"
                        "wait_seconds_bucket{worker=\"w\",le=\"0.002\"} 3\n"
                        "wait_seconds_bucket{worker=\"w\",le=\"0.005\"} 4\n"
                        "wait_seconds_bucket{worker=\"w\",le=\"0.01\"} 4\n"
                        "wait_seconds_bucket{worker=\"w\",le=\"0.02\"} 4\n"
                        "wait_seconds_bucket{worker=\"w\",le=\"0.05\"} 5\n"
                        "wait_seconds_bucket{worker=\"w\",le=\"+Inf\"} 7\n"
                        "wait_seconds_sum{worker=\"w\"} 99.1076\n"
                        "wait_seconds_count{worker=\"w\"} 7\n");
    assert_true(metric_value(wait) == 7);
    metrics_free(metrics);
}

/* A quantile may be off by its bucket, not more: compare with the sorted values. */
static void test_quantile(void **state)
{
    struct metrics *metrics = metrics_new("w");
    struct metric *wait = metrics_histogram(metrics, "w_seconds", "", "Waits", 1, 4);
    assert_true(isnan(metric_quantile(wait, 0.5)));
    metric_observe(wait, 1.5);
    assert_true(metric_quantile(wait, 1) == 2);
    assert_true(metric_quantile(wait, 0.5) == 1.5);
    for (int i = 1; i <= 1000; i++) { metric_observe(wait, i); }
    for (int percent = 5; percent <= 100; percent += 5) {
        double estimate = metric_quantile(wait, percent / 100.0);
        double truth = percent * 10;
        assert_true(estimate >= truth * 0.9 - 1 && estimate <= truth * 1.1 + 1);
    }
    for (int i = 0; i < 5000; i++) { metric_observe(wait, 1e9); }
    assert_true(metric_quantile(wait, 0.99) == 5000);
    metrics_free(metrics);
}

struct busy {
    struct metrics *metrics;
    struct metric *counter;
    struct metric *histogram;
    _Atomic bool done;
};

enum { BUSY_UPDATES = 20000 };

static void *update(void *arg)
{
    struct busy *busy = arg;
    for (int i = 0; i < BUSY_UPDATES; i++) {
        metric_add(busy->counter, 1);
        metric_observe(busy->histogram, i);
        if (i % 100 == 0) {
            struct metric *passing = metrics_gauge(busy->metrics, "passing", "", "Comes and goes");
            metric_set(passing, i);
            metrics_drop(busy->metrics, passing);
        }
    }
    atomic_store(&busy->done, true);
    return NULL;
}

static void test_print_while_updating(void **state)
{
    struct busy busy = {.metrics = metrics_new("w")};
    busy.counter = metrics_counter(busy.metrics, "c_total", "", "h");
    busy.histogram = metrics_histogram(busy.metrics, "h", "", "h", 1, 6);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, update, &busy), 0);
    double last = 0;
    while (!atomic_load(&busy.done)) {
        const char *line = strstr(printed(busy.metrics), "c_total{worker=\"w\"} ");
        assert_non_null(line);
        double now = strtod(strchr(line, ' '), NULL);
        assert_true(now >= last);
        last = now;
    }
    pthread_join(thread, NULL);
    assert_true(metric_value(busy.counter) == BUSY_UPDATES);
    assert_true(metric_value(busy.histogram) == BUSY_UPDATES);
    metrics_free(busy.metrics);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_text),           cmocka_unit_test(test_former_name),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_same),           cmocka_unit_test(test_drop),
        cmocka_unit_test(test_label),          cmocka_unit_test(test_histogram_text),
        cmocka_unit_test(test_quantile),       cmocka_unit_test(test_print_while_updating),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
