/* Lines of one partition are kept in a ring of `wanted`; then all are sorted by time and the newest
 * remain. A partition's own order is kept where times are equal, because offsets are compared. */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/newest.h"
#include "cli/scan.h"

enum { LINE_BYTES_MAX = 64 << 20, WIDEN_BY = 4 };

/* What is read of one partition. */
struct window {
    struct newest_line *ring;
    size_t wanted;
    size_t found;
    int64_t end;
    const struct newest_lines *source;
    struct buf out;
};

int64_t newest_widen(int64_t low, int64_t from, int64_t end, size_t found, size_t wanted)
{
    if (found >= wanted || from <= low) { return OFFSET_NONE; }
    int64_t width = end - from;
    return width > (end - low) / WIDEN_BY ? low : end - width * WIDEN_BY;
}

static void clear(struct window *window)
{
    for (size_t i = 0; i < MIN_OF(window->found, window->wanted); i++) {
        free(window->ring[i].text);
    }
    window->found = 0;
}

static bool keep(void *arg, const struct record *rec)
{
    struct window *window = arg;
    if (rec->offset >= window->end) { return false; }
    buf_clear(&window->out);
    if (!window->source->put(window->source->arg, rec, &window->out)) { return true; }
    struct newest_line *line = &window->ring[window->found % window->wanted];
    if (window->found >= window->wanted) { free(line->text); }
    window->found++;
    *line = (struct newest_line){.time_ms = rec->time_ms,
                                 .partition = rec->partition,
                                 .offset = rec->offset,
                                 .text = xmalloc(window->out.size + 1),
                                 .size = window->out.size};
    memcpy(line->text, window->out.data, window->out.size);
    return true;
}

static int read_partition(struct window *window, struct wire *wire,
                          const struct topic_partition *at)
{
    int64_t low, end;
    int result = wire_bounds(wire, at->topic, at->partition, &low, &end);
    window->end = at->offset;
    int64_t from = MAX_OF(low, at->offset - (int64_t)window->wanted);
    while (result == 0 && from != OFFSET_NONE && from < at->offset) {
        clear(window);
        result = scan_range(wire, at->topic, at->partition, from, at->offset, keep, window);
        from = newest_widen(low, from, at->offset, window->found, window->wanted);
    }
    return result;
}

static int older_first(const void *a, const void *b)
{
    const struct newest_line *one = a, *two = b;
    if (one->partition == two->partition) {
        return (one->offset > two->offset) - (one->offset < two->offset);
    }
    if (one->time_ms != two->time_ms) { return one->time_ms < two->time_ms ? -1 : 1; }
    return one->partition < two->partition ? -1 : 1;
}

/* Drops all but the newest. */
static void cut(struct newest *newest, size_t wanted)
{
    if (!newest->count) { return; }
    qsort(newest->lines, newest->count, sizeof(*newest->lines), older_first);
    if (newest->count <= wanted) { return; }
    size_t more = newest->count - wanted;
    for (size_t i = 0; i < more; i++) { free(newest->lines[i].text); }
    memmove(newest->lines, newest->lines + more, wanted * sizeof(*newest->lines));
    newest->count = wanted;
}

static void take(struct newest *newest, struct window *window)
{
    size_t found = MIN_OF(window->found, window->wanted);
    newest->lines = xreallocarray(newest->lines, newest->count + found + 1,
                                  sizeof(*newest->lines));
    for (size_t i = 0; i < found; i++) { newest->lines[newest->count++] = window->ring[i]; }
    window->found = 0;
    cut(newest, window->wanted);
}

int newest_read(struct newest *newest, struct wire *wire, const struct topic_partition *ends,
                size_t count, size_t wanted, const struct newest_lines *source)
{
    assert(wanted > 0 && wanted <= NEWEST_MAX);
    struct window window = {.wanted = wanted, .source = source};
    int result = 0;
    *newest = (struct newest){0};
    window.ring = xcalloc(wanted, sizeof(*window.ring));
    buf_init(&window.out, LINE_BYTES_MAX);
    for (size_t i = 0; i < count && result == 0; i++) {
        result = read_partition(&window, wire, &ends[i]);
        if (result == 0) { take(newest, &window); }
    }
    clear(&window);
    free(window.ring);
    buf_release(&window.out);
    return result;
}

void newest_release(struct newest *newest)
{
    for (size_t i = 0; i < newest->count; i++) { free(newest->lines[i].text); }
    free(newest->lines);
    *newest = (struct newest){0};
}
