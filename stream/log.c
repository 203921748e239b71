/* A line is built in a buffer on the stack and written by one write(2), without a lock and without
 * stdio, so that lines of several threads and processes do not mix. Control bytes become blanks, so
 * that a value cannot begin a line of its own. As JSON, the same pairs are parsed again, so that no
 * caller knows of formats. A failed write is ignored: there is nowhere to report it.
 */
#include "base/base.h"
#include "base/pairs_json.h"
#include "base/quote.h"
#include "stream/log.h"

#include <stdatomic.h>
#include <unistd.h>

#undef vsnprintf /* its arguments lie elsewhere */

enum { LOG_LINE_MAX = 8192, CUT_BYTES = 16, TIME_BYTES = 48 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *_Atomic worker_name;
static _Atomic int least_level = LOG_INFO;
static _Atomic int line_format = LOG_PAIRS;

void log_setup(const char *worker, enum log_level least)
{
    atomic_store(&worker_name, worker);
    atomic_store(&least_level, (int)least);
}

void log_set_format(enum log_format format)
{
    atomic_store(&line_format, (int)format);
}

static void write_time(char *into, size_t size)
{
    struct timespec now;
    struct tm utc;
    char day[32];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    (void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
    (void)snprintf(into, size, "%s.%03ldZ", day, now.tv_nsec / 1000000);
}

static void write_out(const char *line, size_t size)
{
    ssize_t wrote;
    do { wrote = write(STDERR_FILENO, line, size); } while (wrote < 0 && errno == EINTR);
}

static size_t write_head(char *line, size_t size, enum log_level level, const char *msg)
{
    char time[TIME_BYTES], quoted[LOG_LINE_MAX / 4];
    write_time(time, sizeof(time));
    const char *worker = atomic_load(&worker_name);
    char name[128] = "";
    if (worker) { quote_value(worker, strlen(worker), name, sizeof(name)); }
    /* msg is always quoted, even a single word, so that it is easy to search for. */
    quote_value(msg, strlen(msg), quoted, sizeof(quoted));
    const char *quote = quoted[0] == '"' ? "" : "\"";
    int used = snprintf(line, size, "ts=%s level=%s%s%s msg=%s%s%s", time, level_names[level],
                        worker ? " worker=" : "", name, quote, quoted, quote);
    assert(used > 0 && (size_t)used < size);
    return (size_t)used;
}

static void put_member(struct buf *out, const char *name, const char *text)
{
    buf_printf(out, "%s\"%s\":", out->size ? "," : "{", name);
    quote_json(out, slice_of(text, MIN_OF(strlen(text), (size_t)LOG_LINE_MAX / 4)), QUOTE_EITHER);
}

/* The same line as an object. */
static void write_json(enum log_level level, const char *msg, const char *pairs, va_list args)
    _printf_(3, 0);
static void write_json(enum log_level level, const char *msg, const char *pairs, va_list args)
{
    static const char reserved[] = "ts,level,worker,msg,text,cut";
    char time[TIME_BYTES], text[LOG_LINE_MAX];
    const char *worker = atomic_load(&worker_name);
    struct buf line;
    buf_init(&line, 8 * LOG_LINE_MAX); /* an escaped byte has six */
    write_time(time, sizeof(time));
    put_member(&line, "ts", time);
    put_member(&line, "level", level_names[level]);
    if (worker) { put_member(&line, "worker", worker); }
    put_member(&line, "msg", msg);
    (void)vsnprintf(text, sizeof(text), pairs, args);
    pairs_json_put(text, reserved, MAX_OF(line.size, (size_t)LOG_LINE_MAX - CUT_BYTES), &line);
    buf_append(&line, "}\n", 2);
    write_out(line.data, line.size);
    buf_release(&line);
}

void log_line(enum log_level level, const char *msg, const char *pairs, ...)
{
    assert(level >= LOG_DEBUG && level <= LOG_ERROR);
    if ((int)level < atomic_load(&least_level)) { return; }
    int kept_errno = errno;
    if (atomic_load(&line_format) == LOG_JSON) {
        va_list members;
        va_start(members, pairs);
        write_json(level, msg, pairs, members);
        va_end(members);
        errno = kept_errno;
        return;
    }
    char line[LOG_LINE_MAX];
    const size_t room = sizeof(line) - 1; /* for the newline */
    size_t used = write_head(line, room, level, msg);
    line[used++] = ' ';
    va_list args;
    va_start(args, pairs);
    int more = vsnprintf(line + used, room - used, pairs, args);
    va_end(args);
    assert(more >= 0);
    if (more == 0) { used--; }
    if ((size_t)more >= room - used) {
        used = room - 1;
        memcpy(line + used - 3, "...", 3);
    } else {
        used += (size_t)more;
    }
    for (size_t i = 0; i < used; i++) {
        size_t control = quote_control(slice_of(line + i, used - i));
        memset(line + i, ' ', control);
    }
    line[used++] = '\n';
    write_out(line, used);
    errno = kept_errno;
}

void log_faults(char *lines)
{
    static const char head[] = "level=error msg=\"";
    for (char *rest = lines, *line; (line = strsep(&rest, "\n"));) {
        bool is_fault = strncmp(line, head, sizeof(head) - 1) == 0;
        char *msg = is_fault ? line + sizeof(head) - 1 : line;
        char *end = is_fault ? strchr(msg, '"') : NULL;
        if (!msg[0]) { continue; }
        if (end) { *end++ = '\0'; }
        log_line(LOG_ERROR, msg, "%s", end ? end + strspn(end, " ") : "");
    }
}
