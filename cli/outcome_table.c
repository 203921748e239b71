#include "base/base.h"
#include "base/array.h"
#include "base/buf.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/outcome_table.h"
#include "cli/screen.h"
#include "model/ids.h"

#include <time.h>

enum { OUTCOME_KEYS_MAX = 20000000, OUTCOME_JSON_MAX = 1 << 16, OUTCOME_NAME_WIDTH = 14,
       OUTCOME_LABEL_WIDTH = 17 };

/* One record, or a line of the table: a placement, and what it is divided by. */
struct outcome_line {
    int32_t placement, label; /* of texts; ID_NONE: none */
    int64_t from_ms;
    struct outcome_counts counts;
};

struct outcome_table {
    enum outcome_by by;
    int64_t since_ms;
    struct ids *keys, *texts;
    struct outcome_line *records; /* by the key's number; without a placement: deleted */
    size_t capacity;
};

struct outcome_table *outcome_table_new(enum outcome_by by, int64_t since_ms)
{
    struct outcome_table *table = xcalloc(1, sizeof(*table));
    table->by = by;
    table->since_ms = since_ms;
    table->keys = ids_new(OUTCOME_KEYS_MAX);
    table->texts = ids_new(OUTCOME_KEYS_MAX);
    return table;
}

struct outcome_table *outcome_table_free(struct outcome_table *table)
{
    if (!table) { return NULL; }
    ids_free(table->keys);
    ids_free(table->texts);
    free(table->records);
    free(table);
    return NULL;
}

/* ---- Records ---- */

static bool is_wanted(const struct outcome_table *table, const struct placement_outcomes *outcomes)
{
    bool total = outcomes->to_ms == 0;
    if (table->since_ms == INT64_MIN) { return total == (table->by != OUTCOME_BY_HOUR); }
    return !total && outcomes->from_ms >= table->since_ms;
}

static struct slice label_of(const struct outcome_table *table,
                             const struct placement_outcomes *outcomes)
{
    if (table->by == OUTCOME_BY_GENERATION) { return outcomes->generation; }
    return table->by == OUTCOME_BY_RULE ? outcomes->rule : slice_of("", 0);
}

bool outcome_table_take(struct outcome_table *table, struct slice key,
                        const struct placement_outcomes *outcomes)
{
    if (!outcomes && ids_find(table->keys, key) == ID_NONE) { return true; }
    if (outcomes && !is_wanted(table, outcomes)) { return true; }
    int32_t number = ids_put(table->keys, key);
    if (number == ID_NONE) { return false; }
    ARRAY_RESERVE(table->records, table->capacity, (size_t)number + 1, 64);
    struct outcome_line line = {.placement = ID_NONE, .label = ID_NONE};
    if (outcomes) {
        line.placement = ids_put(table->texts, outcomes->placement);
        line.label = ids_put(table->texts, label_of(table, outcomes));
        line.from_ms = table->by == OUTCOME_BY_HOUR ? outcomes->from_ms : 0;
        line.counts = placement_outcomes_counts(outcomes);
        if (line.placement == ID_NONE || line.label == ID_NONE) { return false; }
    }
    table->records[number] = line;
    return true;
}

/* ---- Lines ---- */

static int compare(const void *a, const void *b, void *arg)
{
    const struct outcome_line *one = a, *other = b;
    const struct ids *texts = arg;
    if (one->from_ms != other->from_ms) { return one->from_ms < other->from_ms ? -1 : 1; }
    int result =
        slice_compare(ids_text(texts, one->placement), ids_text(texts, other->placement));
    if (result) { return result; }
    return slice_compare(ids_text(texts, one->label), ids_text(texts, other->label));
}

/* Sorts the records that are left to the front, and adds up those of one line. */
static size_t add_up(struct outcome_table *table)
{
    struct outcome_line *lines = table->records;
    size_t left = 0, count = 0;
    for (int32_t i = 0; i < ids_count(table->keys); i++) {
        if (lines[i].placement != ID_NONE) { lines[left++] = lines[i]; }
    }
    if (left) { qsort_r(lines, left, sizeof(*lines), compare, table->texts); }
    for (size_t i = 0; i < left; i++) {
        if (count && compare(&lines[count - 1], &lines[i], table->texts) == 0) {
            outcome_counts_add(&lines[count - 1].counts, &lines[i].counts, 1);
        } else {
            lines[count++] = lines[i];
        }
    }
    return count;
}

static double share(int64_t part, int64_t all)
{
    return all > 0 ? (double)part / (double)all : 0.0;
}

static void hour_text(int64_t time_ms, char ret_text[24])
{
    time_t seconds = (time_t)(time_ms / 1000);
    struct tm parts;
    if (!gmtime_r(&seconds, &parts) || !strftime(ret_text, 24, "%Y-%m-%dT%H:00Z", &parts)) {
        (void)snprintf(ret_text, 24, "%" PRId64, time_ms);
    }
}

static const char *const names[] = {NULL, "generation", "rule", "hour"};

static void print_json(const struct outcome_table *table, const struct outcome_line *line,
                       FILE *out)
{
    struct buf text;
    char hour[24];
    buf_init(&text, OUTCOME_JSON_MAX);
    buf_printf(&text, "{\"placement\":");
    quote_json(&text, ids_text(table->texts, line->placement), QUOTE_EITHER);
    if (table->by != OUTCOME_BY_PLACEMENT) { buf_printf(&text, ",\"%s\":", names[table->by]); }
    if (table->by == OUTCOME_BY_HOUR) {
        hour_text(line->from_ms, hour);
        quote_json(&text, slice_str(hour), QUOTE_EITHER);
    } else if (table->by != OUTCOME_BY_PLACEMENT) {
        quote_json(&text, ids_text(table->texts, line->label), QUOTE_EITHER);
    }
    const struct outcome_counts *counts = &line->counts;
    fprintf(out,
            "%.*s,\"impressions\":%" PRId64 ",\"clicks\":%" PRId64 ",\"ctr\":%.6g"
            ",\"actions\":%" PRId64 ",\"conversions\":%" PRId64 ",\"revenue\":%.6f}\n",
            SLICE_ARGS(buf_slice(&text)), counts->impressions, counts->clicks,
            share(counts->clicks, counts->impressions), counts->actions, counts->conversions,
            (double)counts->revenue_micros / OUTCOMES_MICROS);
    buf_release(&text);
}

/* Long names are cut; --json has them whole. */
static void print_line(const struct outcome_table *table, const struct outcome_line *line,
                       FILE *out)
{
    char hour[24] = "";
    struct slice placement = ids_text(table->texts, line->placement);
    struct slice label = ids_text(table->texts, line->label);
    const struct outcome_counts *counts = &line->counts;
    if (table->by == OUTCOME_BY_HOUR) {
        hour_text(line->from_ms, hour);
        label = slice_str(hour);
    }
    placement.size = MIN_OF(placement.size, (size_t)OUTCOME_NAME_WIDTH);
    label.size = MIN_OF(label.size, (size_t)OUTCOME_LABEL_WIDTH);
    screen_line(out,
                "%-14.*s %-17.*s %9" PRId64 " %8" PRId64 " %6.2f%% %7" PRId64 " %12.2f",
                SLICE_ARGS(placement), SLICE_ARGS(label), counts->impressions, counts->clicks,
                100.0 * share(counts->clicks, counts->impressions), counts->conversions,
                (double)counts->revenue_micros / OUTCOMES_MICROS);
}

bool outcome_table_print(struct outcome_table *table, bool json, FILE *out)
{
    size_t count = add_up(table);
    if (!json) {
        screen_line(out, "%-14s %-17s %9s %8s %7s %7s %12s", "placement",
                    table->by == OUTCOME_BY_PLACEMENT ? "" : names[table->by], "shown", "clicks",
                    "CTR", "bought", "revenue");
    }
    for (size_t i = 0; i < count; i++) {
        if (json) {
            print_json(table, &table->records[i], out);
        } else {
            print_line(table, &table->records[i], out);
        }
    }
    return count > 0;
}
