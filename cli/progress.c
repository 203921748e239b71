#include "base/base.h"
#include "base/clock.h"
#include "cli/progress.h"

#include <sys/ioctl.h>
#include <unistd.h>

enum {
    DRAW_MS = 200,
    LINE_MS = 5000,
    BAR_CELLS = 30,
    COLUMNS_USUAL = 79,
    LINE_BYTES_MAX = 400,
};

void progress_begin(struct progress *progress, const char *what, int64_t total)
{
    int64_t now = clock_monotonic_ms();
    *progress = (struct progress){.what = what,
                                  .total = total,
                                  .began_ms = now,
                                  .drawn_ms = now,
                                  .terminal = isatty(STDERR_FILENO) != 0};
}

static double rate(const struct progress *progress, int64_t records)
{
    int64_t spent_ms = MAX_OF(clock_monotonic_ms() - progress->began_ms, (int64_t)1);
    return (double)records * 1000.0 / (double)spent_ms;
}

/* Columns of the terminal, so that a line never wraps: a wrapped one cannot be drawn over. */
static size_t columns(const struct progress *progress)
{
    struct winsize size = {0};
    if (!progress->terminal) { return LINE_BYTES_MAX; }
    bool known = ioctl(STDERR_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 1;
    return MIN_OF(known ? (size_t)size.ws_col - 1 : (size_t)COLUMNS_USUAL, (size_t)LINE_BYTES_MAX);
}

double progress_part(const struct progress *progress, int64_t done, int64_t records)
{
    int64_t total = progress->total - progress->done_first;
    double part = total > 0 ? (double)(done - progress->done_first) / (double)total : 0;
    double limited =
        progress->records_max ? (double)records / (double)progress->records_max : 0;
    return MIN_OF(MAX_OF(part, limited), 1.0);
}

size_t progress_write(const struct progress *progress, double part, int64_t records,
                      double spent_s, size_t width, char *into, size_t size)
{
    char bar[BAR_CELLS + 1], left[32] = "";
    int full = (int)(part * BAR_CELLS);
    for (int i = 0; i < BAR_CELLS; i++) { bar[i] = i < full ? '#' : '.'; }
    bar[BAR_CELLS] = '\0';
    if (part > 0) {
        (void)snprintf(left, sizeof(left), ", %.0f s left", spent_s * (1 - part) / part);
    }
    double per_s = (double)records / MAX_OF(spent_s, 0.001);
    for (int cells = BAR_CELLS; cells >= 0; cells -= BAR_CELLS) {
        bar[cells] = '\0';
        int length = snprintf(into, size, "%s%s%s%s %3.0f %%  %" PRId64 " records, %.0f/s%s",
                              progress->what, cells ? " [" : "", bar, cells ? "]" : "",
                              part * 100, records, per_s, left);
        if (length >= 0 && (size_t)length <= width) { break; }
    }
    size_t length = MIN_OF(strlen(into), width);
    into[length] = '\0';
    return length;
}

void progress_update(struct progress *progress, int64_t done, int64_t records)
{
    int64_t now = clock_monotonic_ms();
    if (now - progress->drawn_ms < (progress->terminal ? DRAW_MS : LINE_MS)) { return; }
    progress->drawn_ms = now;
    char line[LINE_BYTES_MAX + 1];
    double spent_s = (double)(now - progress->began_ms) / 1000.0;
    size_t width = columns(progress);
    size_t length = progress_write(progress, progress_part(progress, done, records), records,
                                   spent_s, width, line, sizeof(line));
    if (progress->terminal) {
        int blanks = (int)MIN_OF(width - length, (size_t)BAR_CELLS);
        fprintf(stderr, "\r%s%*s", line, blanks, "");
    } else {
        fprintf(stderr, "%s\n", line);
    }
}

void progress_end(struct progress *progress, int64_t done_records)
{
    double spent_s = (double)(clock_monotonic_ms() - progress->began_ms) / 1000.0;
    char line[LINE_BYTES_MAX + 1];
    size_t width = columns(progress);
    (void)snprintf(line, sizeof(line), "%s: %" PRId64 " records in %.1f s, %.0f/s", progress->what,
                   done_records, spent_s, rate(progress, done_records));
    int blanks = progress->terminal ? (int)(width - MIN_OF(strlen(line), width)) : 0;
    fprintf(stderr, "%s%s%*s\n", progress->terminal ? "\r" : "", line, blanks, "");
}
