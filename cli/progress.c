#include "base/base.h"
#include "base/clock.h"
#include "cli/progress.h"

#include <unistd.h>

enum { DRAW_MS = 200, LINE_MS = 5000, BAR_CELLS = 30 };

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

void progress_update(struct progress *progress, int64_t done, int64_t records)
{
    int64_t now = clock_monotonic_ms();
    if (now - progress->drawn_ms < (progress->terminal ? DRAW_MS : LINE_MS)) { return; }
    progress->drawn_ms = now;
    double part = progress->total ? MIN_OF((double)done / (double)progress->total, 1.0) : 0;
    double spent_s = (double)(now - progress->began_ms) / 1000.0;
    char bar[BAR_CELLS + 1];
    int full = (int)(part * BAR_CELLS);
    for (int i = 0; i < BAR_CELLS; i++) { bar[i] = i < full ? '#' : '.'; }
    bar[BAR_CELLS] = '\0';
    fprintf(stderr, "%s%s [%s] %3.0f %%  %" PRId64 " records, %.0f/s",
            progress->terminal ? "\r" : "", progress->what, bar, part * 100, records,
            rate(progress, records));
    if (part > 0) { fprintf(stderr, ", %.0f s left", spent_s * (1 - part) / part); }
    fprintf(stderr, "%s", progress->terminal ? "   " : "\n");
}

void progress_end(struct progress *progress, int64_t done_records)
{
    double spent_s = (double)(clock_monotonic_ms() - progress->began_ms) / 1000.0;
    fprintf(stderr, "%s%s: %" PRId64 " records in %.1f s, %.0f/s%s\n",
            progress->terminal ? "\r" : "", progress->what, done_records, spent_s,
            rate(progress, done_records),
            progress->terminal ? "                              " : "");
}
