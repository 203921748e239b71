#include "base/base.h"
#include "stream/http/http_server.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS = 3, ANSWER_BYTES = 4096, BODY_BYTES = 100 };

/* Tells what the server made of the request. */
static void echo(void *arg _unused_, const struct http_request *request,
                 struct http_answer *answer)
{
    buf_printf(&answer->body, "%s", request->path);
    for (size_t i = 0; i < request->arguments_count; i++) {
        buf_printf(&answer->body, " %.*s=%.*s", SLICE_ARGS(request->arguments[i].name),
                   SLICE_ARGS(request->arguments[i].value));
    }
    if (request->post) { buf_printf(&answer->body, " %.*s", SLICE_ARGS(request->body)); }
    if (request->authorization) { buf_printf(&answer->body, " <%s>", request->authorization); }
    answer->notes[1].name = "X-Note";
    (void)snprintf(answer->notes[1].value, sizeof(answer->notes[1].value), "seen");
}

static int begin(void **state)
{
    const struct http_settings settings = {
        .address = "127.0.0.1",
        .connections = CONNECTIONS,
        .connections_each = CONNECTIONS,
        .timeout_s = 60,
        .answer_bytes = ANSWER_BYTES,
        .body_bytes = BODY_BYTES,
        .answer = echo,
    };
    return http_server_start(&settings, (struct http_server **)state);
}

static int end(void **state)
{
    http_server_free(*state);
    return 0;
}

static int dial(const struct http_server *server)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)http_server_port(server)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 60};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    return fd;
}

/* Sends bytes and reads until the server closes. */
static const char *exchange(int fd, const char *request)
{
    static char answer[1 << 16];
    size_t size = 0;
    (void)!send(fd, request, strlen(request), MSG_NOSIGNAL);
    for (ssize_t got; (got = recv(fd, answer + size, sizeof(answer) - 1 - size, 0)) > 0;) {
        size += (size_t)got;
    }
    close(fd);
    answer[size] = '\0';
    return answer;
}

#define REQUEST(line) line " HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"

static void assert_ends(const char *text, const char *part)
{
    size_t size = strlen(text), want = strlen(part);
    if (size < want || strcmp(text + size - want, part) != 0) { fail_msg("%s: %s", text, part); }
}

/* Path and arguments come as they were sent; a plus in a query is a blank. */
static void test_request(void **state)
{
    const char *answer = exchange(dial(*state), REQUEST("GET /a%2Fb%00?x=1%26&y&=z&p+q=+%2B")
                                  "Authorization: Bearer t\r\n\r\n");
    assert_ends(answer, "\r\n\r\n/a%2Fb%00 x=1%26 y= =z p q= %2B <Bearer t>");
    assert_non_null(strstr(answer, "X-Note: seen\r\n"));
    answer = exchange(dial(*state), REQUEST("HEAD /a") "\r\n");
    assert_ends(answer, "\r\n\r\n");
    assert_non_null(strstr(answer, "HTTP/1.1 200 OK\r\n"));
    assert_non_null(strstr(exchange(dial(*state), REQUEST("PUT /a") "\r\n"), " 405 "));
}

/* A head with more arguments than the library has memory for is answered, too. */
static void test_many_arguments(void **state)
{
    static const size_t counts[] = {HTTP_ARGUMENTS_MAX, HTTP_ARGUMENTS_MAX + 1, 300, 3000};
    for (size_t k = 0; k < ARRAY_COUNT(counts); k++) {
        struct buf request;
        buf_init(&request, 1 << 16);
        buf_printf(&request, "GET /a?");
        for (size_t n = 0; n < counts[k]; n++) { buf_printf(&request, n ? "&e=1" : "e=1"); }
        buf_printf(&request, REQUEST("") "\r\n");
        buf_append(&request, "", 1);
        const char *answer = exchange(dial(*state), request.data), *at = answer;
        bool most = counts[k] <= HTTP_ARGUMENTS_MAX;
        size_t found = 0;
        assert_non_null(strstr(answer, most ? " 200 OK" : " 400 Bad Request"));
        while ((at = strstr(at, " e=1"))) { at++, found++; }
        assert_int_equal(found, most ? HTTP_ARGUMENTS_MAX : 0);
        buf_release(&request);
    }
}

/* A body that comes in pieces is one; one over the limit is refused, and what a GET sends does not
 * count. */
static void test_body(void **state)
{
    static const char first[] = REQUEST("POST /a") "Content-Length: 11\r\n\r\nhello";
    int fd = dial(*state);
    assert_int_equal(send(fd, first, sizeof(first) - 1, MSG_NOSIGNAL), sizeof(first) - 1);
    assert_ends(exchange(fd, " world"), "\r\n\r\n/a hello world");
    assert_ends(exchange(dial(*state), REQUEST("POST /a") "Content-Length: 0\r\n\r\n"),
                "\r\n\r\n/a ");
    assert_ends(exchange(dial(*state), REQUEST("GET /a") "Content-Length: 5\r\n\r\nhello"),
                "\r\n\r\n/a");
    static char large[1024];
    int head = snprintf(large, sizeof(large), "%s",
                        REQUEST("POST /a") "Content-Length: 101\r\n\r\n");
    memset(large + head, 'x', 101);
    assert_non_null(strstr(exchange(dial(*state), large), " 413 "));
}

/* Where a length can be read in two ways, a proxy may read the other one: the head is refused, and
 * what comes behind it is no request. */
static void test_two_lengths(void **state)
{
    static const char *const heads[] = {
        "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n",
        "Content-Length: 4\r\nContent-Length: 2\r\n\r\nabcd",
        "Content-Length: 4\r\ncontent-length: 4\r\n\r\nabcd",
        "Content-Length : 4\r\n\r\nabcd",
        "Content-Length: 4, 4\r\n\r\nabcd",
        "Content-Length: +4\r\n\r\nabcd",
        "Transfer-Encoding: xchunked\r\n\r\nabcd",
        "Transfer-Encoding: gzip, chunked\r\n\r\n4\r\nabcd\r\n0\r\n\r\n",
        "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n\r\n0\r\n\r\n",
    };
    for (size_t i = 0; i < ARRAY_COUNT(heads); i++) {
        char request[512];
        (void)snprintf(request, sizeof(request),
                       "POST /a HTTP/1.1\r\nHost: x\r\n%sGET /hidden HTTP/1.1\r\nHost: x\r\n\r\n",
                       heads[i]);
        const char *answer = exchange(dial(*state), request);
        if (!strstr(answer, " 400 ") || strstr(answer, "hidden")) {
            fail_msg("%s: %s", heads[i], answer);
        }
    }
    assert_ends(exchange(dial(*state), REQUEST("POST /a") "Transfer-Encoding: chunked\r\n\r\n"
                                       "2\r\nab\r\n3\r\ncde\r\n0\r\n\r\n"),
                "\r\n\r\n/a abcde");
}

/* Who sends and sends, in vain, is cut off. */
static void test_flood(void **state)
{
    static const char head[] = "GET /a HTTP/1.1\r\nHost: x\r\nContent-Length: 999999999\r\n\r\n";
    static const char piece[1 << 16];
    int fd = dial(*state);
    assert_int_equal(send(fd, head, sizeof(head) - 1, MSG_NOSIGNAL), sizeof(head) - 1);
    size_t sent = 0;
    while (send(fd, piece, sizeof(piece), MSG_NOSIGNAL) > 0 && sent < 999999999 / 2) {
        sent += sizeof(piece);
    }
    close(fd);
    assert_true(sent < 999999999 / 2);
    assert_ends(exchange(dial(*state), REQUEST("GET /b") "\r\n"), "/b");
}

enum { STALLED = 66, TRIES_MAX = 100000 };

/* Asks with a body until the answer has this status. */
static void ask_until(const struct http_server *server, const char *status)
{
    for (int tries = 0; tries < TRIES_MAX; tries++) {
        const char *answer = exchange(dial(server), REQUEST("POST /a")
                                      "Content-Length: 80\r\n\r\n"
                                      "0123456789012345678901234567890123456789"
                                      "0123456789012345678901234567890123456789");
        if (strstr(answer, status)) { return; }
    }
    fail_msg("never %s", status);
}

/* Bodies that never end hold no more memory than all together may. */
static void test_stalled_bodies(void **state _unused_)
{
    static const char begun[] = "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n"
                                "01234567890123456789012345678901234567890123456789"
                                "0123456789012345678901234567890123456789012345678";
    const struct http_settings settings = {.address = "127.0.0.1", .connections = 2 * STALLED,
                                           .connections_each = 2 * STALLED, .timeout_s = 60,
                                           .answer_bytes = ANSWER_BYTES, .body_bytes = BODY_BYTES,
                                           .answer = echo};
    struct http_server *server;
    int fds[STALLED];
    assert_int_equal(http_server_start(&settings, &server), 0);
    for (int i = 0; i < STALLED; i++) {
        fds[i] = dial(server);
        assert_int_equal(send(fds[i], begun, sizeof(begun) - 1, MSG_NOSIGNAL), sizeof(begun) - 1);
    }
    ask_until(server, " 503 ");
    for (int i = 0; i < STALLED; i++) { close(fds[i]); }
    ask_until(server, " 200 ");
    http_server_free(server);
}

static void test_too_large(void **state)
{
    static char request[1 << 15] = "GET /";
    memset(request + 5, 'a', ANSWER_BYTES + 1);
    (void)snprintf(request + 5 + ANSWER_BYTES + 1, 100, "%s", REQUEST("") "\r\n");
    assert_non_null(strstr(exchange(dial(*state), request), " 500 "));
    memset(request + 5, 'a', sizeof(request) - 6);
    assert_null(strstr(exchange(dial(*state), request), " 200 "));
}

/* One connection more closes the oldest. */
static void test_connections(void **state)
{
    int fds[CONNECTIONS + 1];
    for (int i = 0; i <= CONNECTIONS; i++) {
        static const char kept[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
        char byte;
        fds[i] = dial(*state);
        assert_int_equal(send(fds[i], kept, sizeof(kept) - 1, MSG_NOSIGNAL), sizeof(kept) - 1);
        assert_int_equal(recv(fds[i], &byte, 1, 0), 1);
    }
    char rest[4096];
    ssize_t got;
    while ((got = recv(fds[0], rest, sizeof(rest), 0)) > 0) {}
    assert_true(got == 0 || errno == ECONNRESET);
    close(fds[0]);
    for (int i = 1; i <= CONNECTIONS; i++) {
        assert_ends(exchange(fds[i], REQUEST("GET /b") "\r\n"), "/b");
    }
}

/* A lower limit closes the oldest at once; a higher one than at the start is kept, too. */
static void test_the_limit_of_connections_changes(void **state _unused_)
{
    enum { MORE = CONNECTIONS + 3 };
    const struct http_settings settings = {.address = "127.0.0.1", .connections = 1,
                                           .connections_each = 1, .limits_change = true,
                                           .timeout_s = 60, .answer_bytes = ANSWER_BYTES,
                                           .answer = echo};
    struct http_server *server;
    char rest[4096], byte;
    int fds[MORE];
    assert_int_equal(http_server_start(&settings, &server), 0);
    http_server_limit(server, MORE);
    for (int i = 0; i < MORE; i++) {
        static const char kept[] = "GET /a HTTP/1.1\r\nHost: x\r\n\r\n";
        fds[i] = dial(server);
        assert_int_equal(send(fds[i], kept, sizeof(kept) - 1, MSG_NOSIGNAL), sizeof(kept) - 1);
        assert_int_equal(recv(fds[i], &byte, 1, 0), 1);
    }
    http_server_limit(server, 1);
    for (int i = 0; i < MORE - 1; i++) {
        ssize_t got;
        while ((got = recv(fds[i], rest, sizeof(rest), 0)) > 0) {}
        assert_true(got == 0 || errno == ECONNRESET);
        close(fds[i]);
    }
    assert_ends(exchange(fds[MORE - 1], REQUEST("GET /b") "\r\n"), "/b");
    http_server_free(server);
}

static void test_unescape(void **state)
{
    static const struct {
        const char *part;
        struct slice text;
    } parts[] = {
        {"", {"", 0}},          {"a+b", {"a+b", 3}},      {"%41%7a", {"Az", 2}},
        {"%00", {"\0", 1}},     {"%2525", {"%25", 3}},    {"%", {NULL, 0}},
        {"a%4", {NULL, 0}},     {"%4g", {NULL, 0}},       {"%%41", {NULL, 0}},
        {"%ff%C3", {"\xff\xc3", 2}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        char into[16];
        struct slice got = http_unescape(slice_str(parts[i].part), into);
        assert_int_equal(got.data == NULL, parts[i].text.data == NULL);
        assert_true(slice_equal(got, parts[i].text));
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_request, begin, end),
        cmocka_unit_test_setup_teardown(test_many_arguments, begin, end),
        cmocka_unit_test_setup_teardown(test_body, begin, end),
        cmocka_unit_test_setup_teardown(test_two_lengths, begin, end),
        cmocka_unit_test_setup_teardown(test_flood, begin, end),
        cmocka_unit_test(test_stalled_bodies),
        cmocka_unit_test_setup_teardown(test_too_large, begin, end),
        cmocka_unit_test_setup_teardown(test_connections, begin, end),
        cmocka_unit_test(test_the_limit_of_connections_changes),
        cmocka_unit_test(test_unescape),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
