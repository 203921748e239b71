#include "base/base.h"
#include "stream/metrics.h"

#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <cmocka.h>
#include <stdatomic.h>
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

/* Past the limit a connection is not served, and the places come back when others leave. */
static void test_connection_limit(void **state)
{
    struct fixture *fixture = *state;
    enum { MORE = 40, LIMIT = 32 };
    int fds[MORE];
    int served = 0;
    static const char request[] = "GET /health HTTP/1.1\r\nHost: x\r\n\r\n";
    for (int i = 0; i < MORE; i++) {
        char first;
        fds[i] = dial(metrics_server_port(fixture->server));
        (void)!send(fds[i], request, strlen(request), MSG_NOSIGNAL);
        if (i < LIMIT) { served += recv(fds[i], &first, 1, 0) == 1; }
    }
    assert_int_equal(served, LIMIT);
    struct pollfd past = {.fd = fds[LIMIT], .events = POLLIN};
    char byte;
    assert_true(poll(&past, 1, 50) == 0 || recv(past.fd, &byte, 1, 0) <= 0);
    for (int i = 0; i < MORE; i++) { close(fds[i]); }
    const char *answer = get(fixture, "/status");
    for (int tries = 1000; !*answer && tries > 0; tries--) {
        usleep(10000); /* the server has not seen them leave */
        answer = get(fixture, "/status");
    }
    assert_starts(answer, "HTTP/1.1 200 ");
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
        cmocka_unit_test_setup_teardown(test_connection_limit, begin, end),
        cmocka_unit_test_setup_teardown(test_start, begin, end),
        cmocka_unit_test_setup_teardown(test_scrape_while_updating, begin, end),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
