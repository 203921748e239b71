/* A line is built in a buffer on the stack and written by one write(2), without a lock and without
 * stdio, so that lines of several threads and processes do not mix. Control bytes become blanks, so
 * that a value cannot begin a line of its own. A failed write is ignored: there is nowhere to
 * report it.
 */
#include "base/base.h"
#include "base/quote.h"
#include "stream/log.h"

#include <stdatomic.h>
#include <unistd.h>

#undef vsnprintf /* its arguments lie elsewhere */

enum { LOG_LINE_MAX = 8192 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *_Atomic worker_name;
static _Atomic int least_level = LOG_INFO;

void log_setup(const char *worker, enum log_level least)
{
    atomic_store(&worker_name, worker);
    atomic_store(&least_level, (int)least);
}

static size_t write_head(char *line, size_t size, enum log_level level, const char *msg)
{
    struct timespec now;
    struct tm utc;
    char day[32], quoted[LOG_LINE_MAX / 4];
    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    (void)strftime(day, sizeof(day), "%Y-%m-%dT%H:%M:%S", &utc);
    const char *worker = atomic_load(&worker_name);
    char name[128] = "";
    if (worker) { quote_value(worker, strlen(worker), name, sizeof(name)); }
    /* msg is always quoted, even a single word, so that it is easy to search for. */
    quote_value(msg, strlen(msg), quoted, sizeof(quoted));
    const char *quote = quoted[0] == '"' ? "" : "\"";
    int used = snprintf(line, size, "ts=%s.%03ldZ level=%s%s%s msg=%s%s%s", day,
                        now.tv_nsec / 1000000, level_names[level], worker ? " worker=" : "", name,
                        quote, quoted, quote);
    assert(used > 0 && (size_t)used < size);
    return (size_t)used;
}

void log_line(enum log_level level, const char *msg, const char *pairs, ...)
{
    assert(level >= LOG_DEBUG && level <= LOG_ERROR);
    if ((int)level < atomic_load(&least_level)) { return; }
    int kept_errno = errno;
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
    ssize_t wrote;
    do { wrote = write(STDERR_FILENO, line, used); } while (wrote < 0 && errno == EINTR);
    errno = kept_errno;
}
