#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/extent.h"
#include "stream/kafka_admin.h"

#include <time.h>

static bool read_number(const char *word, int64_t *ret_number)
{
    char *end;
    errno = 0;
    if (*word < '0' || *word > '9') { return false; }
    *ret_number = strtoll(word, &end, 10);
    return !*end && !errno;
}

/* UTC, with a Z behind it. */
static bool read_time(const char *word, int64_t *ret_time_ms)
{
    struct tm tm = {0};
    const char *end = strptime(word, "%Y-%m-%dT%H:%M:%SZ", &tm);
    if (!end) { end = strptime(word, "%Y-%m-%d", &tm); }
    if (!end || *end) { return false; }
    *ret_time_ms = (int64_t)timegm(&tm) * 1000;
    return true;
}

bool extent_word_valid(const char *word)
{
    int64_t number;
    return strcmp(word, "earliest") == 0 || strcmp(word, "end") == 0 ||
           read_number(word, &number) || read_time(word, &number);
}

static int find_place(struct wire *wire, const char *topic, int32_t partition, const char *word,
                      int64_t *ret_offset)
{
    int64_t low, end, number;
    if (wire_bounds(wire, topic, partition, &low, &end) < 0) { return -1; }
    if (strcmp(word, "earliest") == 0) {
        number = low;
    } else if (strcmp(word, "end") == 0) {
        number = end;
    } else if (!read_number(word, &number)) {
        int64_t time_ms;
        if (!read_time(word, &time_ms)) { return -1; }
        if (admin_offset_at(wire, topic, partition, time_ms, &number) < 0) { return -1; }
    }
    *ret_offset = MIN_OF(MAX_OF(number, low), end);
    return 0;
}

int extent_find(struct wire *wire, const char *topic, const char *from, const char *to,
                struct extent *ret_extent)
{
    struct extent extent = {0};
    int result = wire_partitions(wire, topic, &extent.partitions);
    extent.from = xcalloc((size_t)extent.partitions + 1, sizeof(*extent.from));
    extent.to = xcalloc((size_t)extent.partitions + 1, sizeof(*extent.to));
    for (int32_t p = 0; p < extent.partitions && result == 0; p++) {
        result = find_place(wire, topic, p, from, &extent.from[p]);
        if (result == 0) { result = find_place(wire, topic, p, to, &extent.to[p]); }
        extent.to[p] = MAX_OF(extent.to[p], extent.from[p]);
    }
    if (result == 0) {
        *ret_extent = extent;
        return 0;
    }
    extent_release(&extent);
    return client_fail("%s", wire_why(wire));
}

void extent_release(struct extent *extent)
{
    free(extent->from);
    free(extent->to);
    *extent = (struct extent){0};
}

int64_t extent_records(const struct extent *extent)
{
    int64_t count = 0;
    for (int32_t p = 0; p < extent->partitions; p++) { count += extent->to[p] - extent->from[p]; }
    return count;
}

char *extent_ends(const struct extent *extent)
{
    char *ends = xstrdup("");
    for (int32_t p = 0; p < extent->partitions; p++) {
        char *more = xprintf("%s%s%d:%" PRId64, ends, p ? "," : "", p, extent->to[p]);
        free(ends);
        ends = more;
    }
    return ends;
}
