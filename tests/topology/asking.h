/* Requests to a copy of freshet-serve, and what its answers must have. */
#ifndef FRESHET_TESTS_TOPOLOGY_ASKING_H
#define FRESHET_TESTS_TOPOLOGY_ASKING_H

#include "serve/serve.h"
#include "tests/topology/rig.h"

#include <netinet/in.h>
#include <setjmp.h>
#include <cmocka.h>
#include <sys/socket.h>

enum { ASKED_BYTES = 1 << 18 };

static char asked[ASKED_BYTES]; /* the last answer */

/* Sends a request and returns the whole answer. */
static inline const char *ask(const struct copy *copy, const char *request)
{
    struct sockaddr_in at = {.sin_family = AF_INET,
                             .sin_port = htons((uint16_t)serve_port(copy->run)),
                             .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct timeval patience = {.tv_sec = 60};
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    assert_true(fd >= 0);
    setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof(patience));
    assert_int_equal(connect(fd, (struct sockaddr *)&at, sizeof(at)), 0);
    for (size_t sent = 0; sent < strlen(request);) {
        ssize_t more = send(fd, request + sent, strlen(request + sent), MSG_NOSIGNAL);
        if (more <= 0) { break; }
        sent += (size_t)more;
    }
    size_t size = 0;
    for (ssize_t got; (got = recv(fd, asked + size, ASKED_BYTES - 1 - size, 0)) > 0;) {
        size += (size_t)got;
    }
    close(fd);
    asked[size] = '\0';
    return asked;
}

/* Checks the status of an answer and returns its body. */
static inline const char *ask_body(const char *what, const char *answer, int code)
{
    char want[32];
    (void)snprintf(want, sizeof(want), "HTTP/1.1 %d ", code);
    if (strncmp(answer, want, strlen(want)) != 0) { fail_msg("%s: %s", what, answer); }
    const char *body = strstr(answer, "\r\n\r\n");
    assert_non_null(body);
    return body + 4;
}

static inline const char *ask_get(const struct copy *copy, const char *path, int code)
{
    _cleanup_(xfreep) char *request =
        xprintf("GET %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n", path);
    return ask_body(path, ask(copy, request), code);
}

static inline const char *ask_post(const struct copy *copy, const char *path, const char *body,
                                   int code)
{
    _cleanup_(xfreep) char *request =
        xprintf("POST %s HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
                "Content-Length: %zu\r\n\r\n%s",
                path, strlen(body), body);
    return ask_body(body, ask(copy, request), code);
}

static inline void assert_has(const char *text, const char *part)
{
    if (!strstr(text, part)) { fail_msg("no %s in %s", part, text); }
}

/* Every place has a reason, and one that names an item has the item's share. */
static inline void assert_reasoned(const char *body)
{
    for (const char *at = body; (at = strstr(at, "\"reason\":\"")) != NULL; at++) {
        const char *because = strstr(at, "\"because\":\""), *share = strstr(at, "\"share\":");
        assert_true(because && share);
        because += strlen("\"because\":\"");
        if (strncmp(at, "\"reason\":\"other\"", 16) == 0 ||
            (*because != '"') != (strncmp(share, "\"share\":0,", 10) != 0)) {
            fail_msg("%.200s", at);
        }
    }
}

static inline void assert_begins(const char *text, const char *part)
{
    if (strncmp(text, part, strlen(part)) != 0) { fail_msg("%s: expected %s", text, part); }
}

#endif
