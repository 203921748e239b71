/* A load generator that does not wait for the server it loads (open loop).
 *
 *     http_load PORT RATE SECONDS CONNECTIONS FILE
 *
 * Each line of FILE is a request: a path, or a path, a tab and the body of a POST. They are sent in
 * turn. The nth request is due at start + n / RATE, on whichever connection is free. Its latency
 * runs from then to its answer, so what waits for a connection counts. Prints `name value` lines;
 * exit code 1 when an answer was not 200, or a connection broke.
 *
 * One thread, which sleeps until a request is due: one that looks at the clock all the time takes a
 * core from the server, and then waits for it. Timers are as exact as the kernel can, some 50 us.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/text_file.h"
#include "base/xalloc.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <unistd.h>

enum { CONNECTIONS_MAX = 1024, REQUESTS_BYTES_MAX = 1 << 30, ANSWER_BYTES = 1 << 18 };

#define SECOND_NS INT64_C(1000000000)

struct connection {
    int fd;
    int64_t due_ns; /* of the request that is being answered; 0: free */
    char answer[ANSWER_BYTES];
    size_t size;
};

struct load {
    struct buf text; /* of all requests, as they are sent */
    struct slice *requests;
    size_t requests_count, requests_capacity;
    struct connection *connections;
    int *idle;
    size_t idle_count;
    int epoll;
    double *latencies_ms;
    size_t answered, wrong;
};

static int64_t now_ns(void)
{
    struct timespec now;
    clock_gettime(CLOCK_MONOTONIC, &now);
    return now.tv_sec * SECOND_NS + now.tv_nsec;
}

static void die(const char *what)
{
    fprintf(stderr, "http_load: %s: %s\n", what, strerror(errno));
    exit(1);
}

/* ---- Requests ---- */

static void add_request(struct load *load, struct slice line)
{
    const char *tab = memchr(line.data, '\t', line.size);
    struct slice path = slice_of(line.data, tab ? (size_t)(tab - line.data) : line.size);
    struct slice body = tab ? slice_of(tab + 1, line.size - path.size - 1) : slice_str("");
    size_t from = load->text.size;
    if (tab) {
        buf_printf(&load->text, "POST %.*s HTTP/1.1\r\nHost: l\r\nContent-Length: %zu\r\n\r\n%.*s",
                   SLICE_ARGS(path), body.size, SLICE_ARGS(body));
    } else {
        buf_printf(&load->text, "GET %.*s HTTP/1.1\r\nHost: l\r\n\r\n", SLICE_ARGS(path));
    }
    ARRAY_RESERVE(load->requests, load->requests_capacity, load->requests_count + 1, 1024);
    /* The text may move while it grows: offsets first. */
    load->requests[load->requests_count++] =
        slice_of((const char *)(uintptr_t)from, load->text.size - from);
}

static void read_requests(struct load *load, const char *path)
{
    struct buf file;
    buf_init(&file, REQUESTS_BYTES_MAX);
    buf_init(&load->text, REQUESTS_BYTES_MAX);
    errno = -text_file_read(path, &file);
    if (errno) { die(path); }
    struct slice text = buf_slice(&file);
    while (text.size) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) : text.size;
        if (size) { add_request(load, slice_of(text.data, size)); }
        size_t done = end ? size + 1 : size;
        text = slice_of(text.data + done, text.size - done);
    }
    buf_release(&file);
    for (size_t i = 0; i < load->requests_count; i++) {
        struct slice *request = &load->requests[i];
        *request = slice_of(load->text.data + (uintptr_t)request->data, request->size);
    }
}

/* ---- Connections ---- */

static void dial(struct load *load, int port, int count)
{
    load->epoll = epoll_create1(EPOLL_CLOEXEC);
    load->connections = xcalloc((size_t)count, sizeof(*load->connections));
    load->idle = xcalloc((size_t)count, sizeof(*load->idle));
    for (int i = 0; i < count; i++) {
        struct sockaddr_in at = {.sin_family = AF_INET,
                                 .sin_port = htons((uint16_t)port),
                                 .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
        int yes = 1, fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
        if (fd < 0 || connect(fd, (struct sockaddr *)&at, sizeof(at)) < 0) { die("connect"); }
        (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof(yes));
        struct epoll_event event = {.events = EPOLLIN, .data.u32 = (uint32_t)i};
        if (epoll_ctl(load->epoll, EPOLL_CTL_ADD, fd, &event) < 0) { die("epoll_ctl"); }
        load->connections[i].fd = fd;
        load->idle[load->idle_count++] = i;
    }
}

/* Says whether the bytes are a whole answer. */
static bool is_whole(const struct connection *connection)
{
    static const char name[] = "Content-Length: ";
    const char *head = memmem(connection->answer, connection->size, "\r\n\r\n", 4);
    if (!head) { return false; }
    size_t head_size = (size_t)(head - connection->answer) + 4;
    const char *length = memmem(connection->answer, head_size, name, sizeof(name) - 1);
    if (!length) { die("an answer without a length"); }
    return connection->size >= head_size + strtoull(length + sizeof(name) - 1, NULL, 10);
}

static void receive(struct load *load, int number)
{
    struct connection *connection = &load->connections[number];
    ssize_t got = recv(connection->fd, connection->answer + connection->size,
                       ANSWER_BYTES - connection->size, 0);
    if (got <= 0) { die("recv"); }
    connection->size += (size_t)got;
    if (!is_whole(connection)) { return; }
    load->latencies_ms[load->answered++] = (double)(now_ns() - connection->due_ns) / 1e6;
    load->wrong += strncmp(connection->answer, "HTTP/1.1 200 ", 13) != 0;
    connection->due_ns = 0;
    load->idle[load->idle_count++] = number;
}

static void send_request(struct load *load, size_t number, int64_t due_ns)
{
    struct connection *connection = &load->connections[load->idle[--load->idle_count]];
    struct slice request = load->requests[number % load->requests_count];
    connection->due_ns = due_ns;
    connection->size = 0;
    for (size_t sent = 0; sent < request.size;) {
        ssize_t more = send(connection->fd, request.data + sent, request.size - sent, MSG_NOSIGNAL);
        if (more <= 0) { die("send"); }
        sent += (size_t)more;
    }
}

/* ---- The load ---- */

static void run(struct load *load, double rate, size_t count)
{
    struct epoll_event events[CONNECTIONS_MAX];
    int64_t start_ns = now_ns();
    for (size_t sent = 0; load->answered < count;) {
        int64_t due_ns = start_ns + (int64_t)((double)sent * 1e9 / rate);
        if (sent < count && load->idle_count && now_ns() >= due_ns) {
            send_request(load, sent++, due_ns);
        }
        int64_t left_ns = sent < count && load->idle_count ? due_ns - now_ns() : SECOND_NS;
        struct timespec wait = {.tv_nsec = MIN_OF(MAX_OF(left_ns, (int64_t)0), SECOND_NS - 1)};
        int ready = epoll_pwait2(load->epoll, events, CONNECTIONS_MAX, &wait, NULL);
        for (int i = 0; i < ready; i++) { receive(load, (int)events[i].data.u32); }
    }
    double seconds = (double)(now_ns() - start_ns) / 1e9;
    printf("http_load_per_s %.1f\n", (double)count / seconds);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void print(const struct load *load)
{
    size_t count = load->answered;
    qsort(load->latencies_ms, count, sizeof(double), by_value);
    printf("http_load_p50_ms %.3f\nhttp_load_p99_ms %.3f\nhttp_load_max_ms %.3f\n",
           load->latencies_ms[count / 2], load->latencies_ms[count * 99 / 100],
           load->latencies_ms[count - 1]);
    printf("http_load_wrong %zu\n", load->wrong);
}

int main(int argc, char **argv)
{
    static struct load load;
    if (argc != 6) {
        fprintf(stderr, "usage: http_load PORT RATE SECONDS CONNECTIONS FILE\n");
        return 64;
    }
    int port = (int)strtol(argv[1], NULL, 10), connections = (int)strtol(argv[4], NULL, 10);
    double rate = strtod(argv[2], NULL);
    size_t count = (size_t)(rate * strtod(argv[3], NULL));
    if (connections < 1 || connections > CONNECTIONS_MAX || !count) { return 64; }
    read_requests(&load, argv[5]);
    load.latencies_ms = xcalloc(count, sizeof(double));
    dial(&load, port, connections);
    (void)prctl(PR_SET_TIMERSLACK, 1UL);
    run(&load, rate, count);
    print(&load);
    return load.wrong ? 1 : 0;
}
