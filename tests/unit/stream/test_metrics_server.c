#include "base/base.h"
#include "stream/metrics.h"

#include <netinet/in.h>
#include <pthread.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdatomic.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

struct fixture {
    struct metrics *metrics;
    struct metric *counter;
    struct metrics_server *server;
};

static void status(void *arg, struct buf *out)
{
    buf_printf(out, "{\"word\":\"%s\"}", (const char *)arg);
}

static int begin(void **state)
{
    static struct fixture fixture;
    static char word[] = "fresh";
    fixture.metrics = metrics_new("test");
    fixture.counter = metrics_counter(fixture.metrics, "c_total", "", "Counts");
    *state = &fixture;
    return metrics_server_start(fixture.metrics, "127.0.0.1", 0, status, word, &fixture.server);
}

static int end(void **state)
{
    struct fixture *fixture = *state;
    metrics_server_free(fixture->server);
    metrics_free(fixture->metrics);
    return 0;
}

static int dial(int port)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)port),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 20};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* Sends raw bytes, reads until the server closes. */
static const char *exchange(const struct fixture *fixture, const char *request)
{
    static char answer[1 << 16];
    int fd = dial(metrics_server_port(fixture->server));
    (void)!send(fd, request, strlen(request), MSG_NOSIGNAL);
    size_t size = 0;
    for (ssize_t got; (got = recv(fd, answer + size, sizeof(answer) - 1 - size, 0)) > 0;) {
        size += (size_t)got;
    }
    close(fd);
    answer[size] = '\0';
    return answer;
}

static const char *get(const struct fixture *fixture, const char *path)
{
    char request[256];
    (void)snprintf(request, sizeof(request),
                   "GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    return exchange(fixture, request);
}

static void assert_starts(const char *text, const char *start)
{
    if (strncmp(text, start, strlen(start)) != 0) { fail_msg("%s: expected %s", text, start); }
}

static const char *body(const char *answer)
{
    const char *at = strstr(answer, "\r\n\r\n");
    return at ? at + 4 : "";
}

static void test_metrics(void **state)
{
    struct fixture *fixture = *state;
    metric_add(fixture->counter, 3);
    const char *answer = get(fixture, "/metrics");
    assert_starts(answer, "HTTP/1.1 200 ");
    assert_non_null(strstr(answer, "Content-Type: text/plain; version=0.0.4"));
    assert_string_equal(body(answer), "# HELP c_total Counts\n# TYPE c_total counter\n"
                                      "c_total{worker=\"test\"} 3\n");
}

static void test_health(void **state)
{
    struct fixture *fixture = *state;
    assert_starts(get(fixture, "/health"), "HTTP/1.1 503 ");
    metrics_server_health(fixture->server, true);
    assert_starts(get(fixture, "/health"), "HTTP/1.1 200 ");
    metrics_server_health(fixture->server, false);
    assert_starts(get(fixture, "/health"), "HTTP/1.1 503 ");
}

static void test_status(void **state)
{
    const char *answer = get(*state, "/status");
    assert_starts(answer, "HTTP/1.1 200 ");
    assert_non_null(strstr(answer, "Content-Type: application/json"));
    assert_string_equal(body(answer), "{\"word\":\"fresh\"}");
}

static void test_refusals(void **state)
{
    assert_starts(get(*state, "/"), "HTTP/1.1 404 ");
    assert_starts(get(*state, "/metrics/x"), "HTTP/1.1 404 ");
    const char *answer = exchange(*state, "POST /metrics HTTP/1.1\r\nHost: x\r\n"
                                          "Connection: close\r\nContent-Length: 3\r\n\r\nabc");
    assert_starts(answer, "HTTP/1.1 405 ");
    assert_non_null(strstr(answer, "Allow: GET, HEAD"));
    answer = exchange(*state, "DELETE /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_starts(answer, "HTTP/1.1 405 ");
    answer = exchange(*state, "HEAD /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    assert_starts(answer, "HTTP/1.1 200 ");
    assert_string_equal(body(answer), "");
    answer = exchange(*state, "GET /status HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
                              "Content-Length: 3\r\n\r\nabc");
    assert_string_equal(body(answer), "{\"word\":\"fresh\"}");
}

/* Somebody opens many connections and sends a byte on each now and then: a probe from the same
 * address is answered, and the oldest of those connections end. */
static void test_dripping_connections(void **state)
{
    struct fixture *fixture = *state;
    enum { MANY = 100, ADDRESS_MAX = 16 };
    int fds[MANY];
    for (int i = 0; i < MANY; i++) {
        fds[i] = dial(metrics_server_port(fixture->server));
        (void)!send(fds[i], "G", 1, MSG_NOSIGNAL);
        if (i % 10 == 9) { assert_starts(get(fixture, "/status"), "HTTP/1.1 200 "); }
    }
    char byte;
    for (int i = 0; i < MANY - ADDRESS_MAX; i++) {
        assert_true(recv(fds[i], &byte, 1, 0) <= 0); /* it has ended */
    }
    (void)!send(fds[MANY - 1], "ET /health HTTP/1.1\r\nHost: x\r\n\r\n", 32, MSG_NOSIGNAL);
    assert_int_equal(recv(fds[MANY - 1], &byte, 1, 0), 1); /* the newest are served */
    for (int i = 0; i < MANY; i++) { close(fds[i]); }
    assert_starts(get(fixture, "/metrics"), "HTTP/1.1 200 ");
}

/* A worker of many partitions has more descriptors open than select() can wait for. */
static void test_many_descriptors(void **state)
{
    struct fixture *fixture = *state;
    enum { BEYOND = 1100 };
    static int fds[BEYOND];
    struct rlimit limit;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &limit), 0);
    struct rlimit wide = {.rlim_cur = MAX_OF(limit.rlim_cur, (rlim_t)2 * BEYOND),
                          .rlim_max = MAX_OF(limit.rlim_max, (rlim_t)2 * BEYOND)};
    if (setrlimit(RLIMIT_NOFILE, &wide) < 0) { skip(); }
    for (int i = 0; i < BEYOND; i++) {
        fds[i] = dup(STDERR_FILENO);
        assert_true(fds[i] >= 0);
    }
    assert_starts(get(fixture, "/status"), "HTTP/1.1 200 ");
    assert_starts(get(fixture, "/metrics"), "HTTP/1.1 200 ");
    for (int i = 0; i < BEYOND; i++) { close(fds[i]); }
}

static void test_start(void **state)
{
    struct fixture *fixture = *state;
    struct metrics_server *second = NULL;
    int port = metrics_server_port(fixture->server);
    assert_true(port > 0);
    assert_int_equal(
        metrics_server_start(fixture->metrics, "127.0.0.1", port, NULL, NULL, &second),
        -EADDRINUSE);
    assert_int_equal(
        metrics_server_start(fixture->metrics, "192.0.2.1", 0, NULL, NULL, &second),
        -EADDRNOTAVAIL);
    assert_int_equal(metrics_server_start(fixture->metrics, "no address", 0, NULL, NULL, &second),
                     -EADDRNOTAVAIL);
    assert_null(second);
    assert_int_equal(metrics_server_start(fixture->metrics, "localhost", 0, NULL, NULL, &second),
                     0);
    assert_true(metrics_server_port(second) > 0);
    assert_null(metrics_server_free(second));
    assert_null(metrics_server_free(NULL));
}

struct busy {
    struct metric *counter;
    _Atomic bool stop;
};

static void *update(void *arg)
{
    struct busy *busy = arg;
    while (!atomic_load(&busy->stop)) { metric_add(busy->counter, 1); }
    return NULL;
}

static void test_scrape_while_updating(void **state)
{
    struct fixture *fixture = *state;
    struct busy busy = {.counter = fixture->counter};
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, update, &busy), 0);
    double last = 0;
    for (int i = 0; i < 50; i++) {
        const char *line = strstr(get(fixture, "/metrics"), "c_total{worker=\"test\"} ");
        assert_non_null(line);
        double now = strtod(strchr(line, ' '), NULL);
        assert_true(now >= last);
        last = now;
        metrics_server_health(fixture->server, i % 2);
    }
    atomic_store(&busy.stop, true);
    pthread_join(thread, NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_metrics, begin, end),
        cmocka_unit_test_setup_teardown(test_health, begin, end),
        cmocka_unit_test_setup_teardown(test_status, begin, end),
        cmocka_unit_test_setup_teardown(test_refusals, begin, end),
        cmocka_unit_test_setup_teardown(test_dripping_connections, begin, end),
        cmocka_unit_test_setup_teardown(test_many_descriptors, begin, end),
        cmocka_unit_test_setup_teardown(test_start, begin, end),
        cmocka_unit_test_setup_teardown(test_scrape_while_updating, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
