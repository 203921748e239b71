#include "base/base.h"
#include "base/utf8.h"
#include "stream/log.h"

#include <stdatomic.h>
#include <unistd.h>

enum { LOG_LINE_MAX = 8192, LOG_QUOTE_LEAST = 8 };

static const char *const level_names[] = {"debug", "info", "warn", "error"};
static const char *_Atomic worker_name;
static _Atomic int least_level = LOG_INFO;

void log_setup(const char *worker, enum log_level least)
{
    atomic_store(&worker_name, worker);
    atomic_store(&least_level, (int)least);
}

/* Length of the printable UTF-8 character at text; 0 when its first byte must be escaped. */
static size_t printable(const unsigned char *text, size_t left)
{
    unsigned first = text[0];
    if (first < 0x80) { return first >= 0x20 && first != 0x7f && first != '"' && first != '\\'; }
    size_t length = first >= 0xf0 ? 4 : first >= 0xe0 ? 3 : 2;
    bool is_control = first == 0xc2 && left > 1 && text[1] < 0xa0;
    bool is_whole = length <= left && utf8_valid((const char *)text, length);
    return is_whole && !is_control ? length : 0;
}

/* Puts the written form of the next character into piece (5 bytes); returns how many bytes of the
 * text it stands for. */
static size_t next_piece(const unsigned char *text, size_t left, char *piece)
{
    size_t length = printable(text, left);
    if (length > 0) {
        memcpy(piece, text, length);
        piece[length] = '\0';
        return length;
    }
    if (text[0] == '"' || text[0] == '\\') {
        (void)snprintf(piece, 5, "\\%c", text[0]);
    } else if (text[0] == '\n') {
        memcpy(piece, "\\n", 3);
    } else {
        (void)snprintf(piece, 5, "\\x%02x", text[0]);
    }
    return 1;
}

/* Writes the escaped text up to room bytes, in whole pieces; says whether all of it was written. */
static bool write_pieces(const char *text, size_t length, char *into, size_t room, size_t *ret_used)
{
    const unsigned char *at = (const unsigned char *)text;
    const unsigned char *end = at + length;
    size_t used = 0;
    while (at < end) {
        char piece[5];
        size_t taken = next_piece(at, (size_t)(end - at), piece);
        size_t size = strlen(piece);
        if (size > room - used) { break; }
        memcpy(into + used, piece, size);
        used += size;
        at += taken;
    }
    *ret_used = used;
    return at == end;
}

static bool is_plain(const char *text, size_t length)
{
    const unsigned char *at = (const unsigned char *)text;
    for (size_t i = 0; i < length;) {
        size_t taken = printable(at + i, length - i);
        if (taken == 0 || at[i] == ' ' || at[i] == '=') { return false; }
        i += taken;
    }
    return length > 0;
}

const char *log_quote(const char *text, size_t length, char *into, size_t size)
{
    assert(size >= LOG_QUOTE_LEAST);
    const char *quote = is_plain(text, length) ? "" : "\"";
    size_t quotes = 2 * strlen(quote);
    char *body = into + strlen(quote);
    memcpy(into, quote, strlen(quote));
    size_t used;
    bool whole = write_pieces(text, length, body, size - 1 - quotes, &used);
    if (!whole) { (void)write_pieces(text, length, body, size - 1 - quotes - 3, &used); }
    (void)snprintf(body + used, size - (size_t)(body - into) - used, "%s%s", whole ? "" : "...",
                   quote);
    return into;
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
    if (worker) { log_quote(worker, strlen(worker), name, sizeof(name)); }
    /* msg is always quoted: the one field that people read, found at the same look every time. */
    log_quote(msg, strlen(msg), quoted, sizeof(quoted));
    const char *mark = quoted[0] == '"' ? "" : "\"";
    int used = snprintf(line, size, "ts=%s.%03ldZ level=%s%s%s msg=%s%s%s", day,
                        now.tv_nsec / 1000000, level_names[level], worker ? " worker=" : "", name,
                        mark, quoted, mark);
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
        if ((unsigned char)line[i] < ' ') { line[i] = ' '; }
    }
    line[used++] = '\n';
    ssize_t wrote;
    do { wrote = write(STDERR_FILENO, line, used); } while (wrote < 0 && errno == EINTR);
    errno = kept_errno;
}
