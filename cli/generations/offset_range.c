#include "base/base.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/generations/offset_range.h"

#include <time.h>

static bool read_number(const char *word, int64_t *ret_number)
{
    return *word != '-' && number_parse(word, ret_number);
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

bool offset_range_word_valid(const char *word)
{
    int64_t number;
    return strcmp(word, "earliest") == 0 || strcmp(word, "end") == 0 ||
           read_number(word, &number) || read_time(word, &number);
}

static int find_offset(struct wire *wire, const char *topic, int32_t partition, const char *word,
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
        if (wire_offset_at(wire, topic, partition, time_ms, &number) < 0) { return -1; }
    }
    *ret_offset = MIN_OF(MAX_OF(number, low), end);
    return 0;
}

int offset_range_find(struct wire *wire, const char *topic, const char *from, const char *to,
                      struct offset_range *ret_range)
{
    struct offset_range range = {0};
    int result = client_partitions(wire, topic, &range.partitions);
    range.from = xcalloc((size_t)range.partitions + 1, sizeof(*range.from));
    range.to = xcalloc((size_t)range.partitions + 1, sizeof(*range.to));
    for (int32_t p = 0; p < range.partitions && result == 0; p++) {
        result = find_offset(wire, topic, p, from, &range.from[p]);
        if (result == 0) { result = find_offset(wire, topic, p, to, &range.to[p]); }
        range.to[p] = MAX_OF(range.to[p], range.from[p]);
    }
    if (result == 0) {
        *ret_range = range;
        return 0;
    }
    offset_range_release(&range);
    return client_fail("%s", wire_why(wire));
}

void offset_range_release(struct offset_range *range)
{
    free(range->from);
    free(range->to);
    *range = (struct offset_range){0};
}

int64_t offset_range_records(const struct offset_range *range)
{
    int64_t count = 0;
    for (int32_t p = 0; p < range->partitions; p++) { count += range->to[p] - range->from[p]; }
    return count;
}

char *offset_range_ends(const struct offset_range *range)
{
    char *ends = xstrdup("");
    for (int32_t p = 0; p < range->partitions; p++) {
        char *more = xprintf("%s%s%d:%" PRId64, ends, p ? "," : "", p, range->to[p]);
        free(ends);
        ends = more;
    }
    return ends;
}
