/* A row's key in the store sorts by hour:
 *
 *     fb | hour (event time, big endian, sign flipped; 0: the total) | placement:generation:rule
 *
 * The committed rows are looked over once after the task opened and after a roll-back: their totals
 * make the gauges and the names, and their newest hour says which ones are old.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "features/outcome_sums.h"

#include <endian.h>

enum {
    OUTCOME_BYTE = 0xfb, /* no user id begins with it */
    OUTCOME_ROW_BYTES = 512, /* of a staged row, twice; about */
    OUTCOME_MESSAGE_BYTES_MAX = 4096,
    OUTCOME_LABELS_BYTES_MAX = 1024,
};

#define OUTCOME_DAY_MS (24 * OUTCOMES_HOUR_MS)
#define OUTCOME_TOTAL INT64_MIN /* in place of an hour */
#define OUTCOME_OTHER "other::"

struct outcome_row {
    int64_t hour_ms; /* or OUTCOME_TOTAL */
    int32_t source;
    bool stored; /* it is in the store */
    struct outcome_counts before, counts;
};

struct outcome_key {
    unsigned char bytes[1 + sizeof(uint64_t) + OUTCOME_SOURCE_BYTES_MAX];
    size_t size;
};

/* The gauges of a placement. */
struct outcome_gauges {
    char *placement;
    struct outcome_counts sum;
    struct metric *impressions, *clicks, *conversions, *revenue, *ctr;
};

struct outcome_placement {
    char *name;
    struct outcome_counts sum;
};

struct outcome_sums {
    struct task *task;
    struct ids *ids;
    int64_t kept_ms;
    int output;
    struct codec *codec;
    struct buf out;
    struct outcome_row *rows;
    size_t rows_count, rows_capacity;
    struct hash_index index; /* of rows */
    struct outcome_gauges gauges[OUTCOME_PLACEMENTS_MAX];
    size_t gauges_count;
    struct outcome_placement *placements; /* while the store is looked over */
    size_t placements_count, placements_capacity;
    bool loaded;
    struct outcome_names names; /* that have a total */
    int64_t newest_ms;   /* hour */
    int64_t oldest_ms;   /* hours before this one are old */
    int32_t sweeps_due;
};

static void drop_gauges(struct outcome_sums *sums)
{
    struct metrics *metrics = run_metrics(task_run(sums->task));
    for (size_t i = 0; i < sums->gauges_count; i++) {
        struct outcome_gauges *gauges = &sums->gauges[i];
        metrics_drop(metrics, gauges->impressions);
        metrics_drop(metrics, gauges->clicks);
        metrics_drop(metrics, gauges->conversions);
        metrics_drop(metrics, gauges->revenue);
        metrics_drop(metrics, gauges->ctr);
        free(gauges->placement);
    }
    sums->gauges_count = 0;
}

static void drop_rows(struct outcome_sums *sums)
{
    sums->rows_count = 0;
    hash_index_clear(&sums->index);
}

struct outcome_sums *outcome_sums_free(struct outcome_sums *sums)
{
    if (!sums) { return NULL; }
    drop_gauges(sums);
    codec_free(sums->codec);
    buf_release(&sums->out);
    outcome_names_release(&sums->names);
    hash_index_release(&sums->index);
    free(sums->rows);
    free(sums);
    return NULL;
}

void outcome_sums_forget(struct outcome_sums *sums)
{
    drop_rows(sums);
    sums->loaded = false;
}

/* Which is no name, and always there. */
static bool is_other(struct slice source)
{
    return slice_equal(source, slice_str(OUTCOME_OTHER));
}

static int64_t floor_of(int64_t time_ms, int64_t width_ms)
{
    int64_t from_ms = time_ms / width_ms * width_ms;
    return from_ms > time_ms ? from_ms - width_ms : from_ms;
}

/* ---- What is counted ---- */

int64_t outcome_micros(double value)
{
    double bounded = MAX_OF(-OUTCOME_VALUE_MAX, MIN_OF(OUTCOME_VALUE_MAX, value));
    return (int64_t)llround(bounded * OUTCOMES_MICROS);
}

struct outcome_counts outcome_of_action(int32_t kind, int64_t micros)
{
    return (struct outcome_counts){
        .clicks = kind == ACTION_VIEW || kind == ACTION_CLICK,
        .actions = 1,
        .conversions = kind == ACTION_PURCHASE,
        .revenue_micros = micros,
    };
}

/* ---- Rows in the store ---- */

static struct outcome_key key_of(int64_t hour_ms, struct slice source)
{
    struct outcome_key key = {.bytes = {OUTCOME_BYTE}};
    uint64_t hour = htobe64((uint64_t)hour_ms ^ (UINT64_C(1) << 63));
    assert(source.size <= OUTCOME_SOURCE_BYTES_MAX);
    memcpy(key.bytes + 1, &hour, sizeof(hour));
    memcpy(key.bytes + 1 + sizeof(hour), source.data, source.size);
    key.size = 1 + sizeof(hour) + source.size;
    return key;
}

static struct slice key_bytes(const struct outcome_key *key)
{
    return slice_of((const char *)key->bytes, key->size);
}

/* False: the key is none of a row. */
static bool key_read(struct slice key, int64_t *ret_hour_ms, struct slice *ret_source)
{
    uint64_t hour;
    if (key.size <= 1 + sizeof(hour)) { return false; }
    memcpy(&hour, key.data + 1, sizeof(hour));
    *ret_hour_ms = (int64_t)(be64toh(hour) ^ (UINT64_C(1) << 63));
    *ret_source = slice_of(key.data + 1 + sizeof(hour), key.size - 1 - sizeof(hour));
    return outcome_source_valid(*ret_source);
}

/* ---- Gauges ---- */

static struct outcome_gauges *make_gauges(struct outcome_sums *sums, struct slice placement)
{
    if (sums->gauges_count == OUTCOME_PLACEMENTS_MAX) { return NULL; }
    struct metrics *metrics = run_metrics(task_run(sums->task));
    struct outcome_gauges *gauges = &sums->gauges[sums->gauges_count++];
    struct buf labels;
    char partition[16];
    buf_init(&labels, OUTCOME_LABELS_BYTES_MAX);
    (void)snprintf(partition, sizeof(partition), "%d", task_partition(sums->task));
    metrics_label(&labels, "partition", slice_str(partition));
    metrics_label(&labels, "placement", placement);
    *gauges = (struct outcome_gauges){
        .placement = xprintf("%.*s", SLICE_ARGS(placement)),
        .impressions = metrics_gauge(metrics, "freshet_outcome_impressions", labels.data,
                                     "Items that users were shown, on lists that events name."),
        .clicks = metrics_gauge(metrics, "freshet_outcome_clicks", labels.data,
                                "Views and clicks that name a list."),
        .conversions = metrics_gauge(metrics, "freshet_outcome_conversions", labels.data,
                                     "Purchases that name a list."),
        .revenue = metrics_gauge(metrics, "freshet_outcome_revenue", labels.data,
                                 "What actions that name a list brought in."),
        .ctr = metrics_gauge(metrics, "freshet_outcome_ctr", labels.data,
                             "Clicks for each item shown."),
    };
    buf_release(&labels);
    return gauges;
}

static void show(struct outcome_sums *sums, struct slice placement,
                 const struct outcome_counts *more, const struct outcome_counts *less)
{
    struct outcome_gauges *gauges = NULL;
    for (size_t i = 0; i < sums->gauges_count && !gauges; i++) {
        bool is = slice_equal(slice_str(sums->gauges[i].placement), placement);
        gauges = is ? &sums->gauges[i] : NULL;
    }
    if (!gauges) { gauges = make_gauges(sums, placement); }
    if (!gauges) { return; }
    struct outcome_counts *sum = &gauges->sum;
    outcome_counts_add(sum, more, 1);
    outcome_counts_add(sum, less, -1);
    metric_set(gauges->impressions, (double)sum->impressions);
    metric_set(gauges->clicks, (double)sum->clicks);
    metric_set(gauges->conversions, (double)sum->conversions);
    metric_set(gauges->revenue, (double)sum->revenue_micros / OUTCOMES_MICROS);
    metric_set(gauges->ctr,
               sum->impressions > 0 ? (double)sum->clicks / (double)sum->impressions : 0.0);
}

/* ---- What is committed ---- */

/* The totals come in the order of their placements. */
static void add_placement(struct outcome_sums *sums, struct slice name,
                          const struct outcome_counts *counts)
{
    size_t last = sums->placements_count;
    if (!last || !slice_equal(slice_str(sums->placements[last - 1].name), name)) {
        ARRAY_RESERVE(sums->placements, sums->placements_capacity, last + 1, 16);
        sums->placements[last] =
            (struct outcome_placement){.name = xprintf("%.*s", SLICE_ARGS(name))};
        sums->placements_count++;
    }
    outcome_counts_add(&sums->placements[sums->placements_count - 1].sum, counts, 1);
}

static int by_weight(const void *a, const void *b)
{
    const struct outcome_placement *x = a, *y = b;
    int64_t more = x->sum.impressions, less = y->sum.impressions;
    if (more == less) {
        more = x->sum.actions;
        less = y->sum.actions;
    }
    return more == less ? strcmp(x->name, y->name) : (more < less) - (more > less);
}

/* Those of which most was seen have the gauges: anybody may send names. */
static void show_placements(struct outcome_sums *sums)
{
    static const struct outcome_counts none = {0};
    size_t count = sums->placements_count;
    if (count) { qsort(sums->placements, count, sizeof(*sums->placements), by_weight); }
    for (size_t i = 0; i < count; i++) {
        show(sums, slice_str(sums->placements[i].name), &sums->placements[i].sum, &none);
        free(sums->placements[i].name);
    }
    free(sums->placements);
    sums->placements = NULL;
    sums->placements_count = sums->placements_capacity = 0;
}

static int look_at(void *arg, struct slice key, struct slice value)
{
    struct outcome_sums *sums = arg;
    struct placement_outcomes stored;
    struct slice source;
    int64_t hour_ms;
    if (!key_read(key, &hour_ms, &source)) { return 0; }
    if (hour_ms != OUTCOME_TOTAL) {
        sums->newest_ms = MAX_OF(sums->newest_ms, hour_ms);
        outcome_names_count(&sums->names, source, hour_ms); /* totals come before hours */
        return 0;
    }
    if (!is_other(source) && outcome_names_has_room(&sums->names, /* with_rule= */ false)) {
        outcome_names_add(&sums->names, source);
    }
    if (codec_decode(sums->codec, value, task_arena(sums->task), &stored, NULL) == 0) {
        const struct outcome_counts counts = placement_outcomes_counts(&stored);
        add_placement(sums, stored.placement, &counts);
    }
    return 0;
}

static struct slice prefix(void)
{
    static const unsigned char byte = OUTCOME_BYTE;
    return slice_of((const char *)&byte, 1);
}

/* Hours grow old by whole days. Sweeping looks at what is committed; a batch may be in flight when
 * a day begins, so the next one sweeps again. */
static void grow_old(struct outcome_sums *sums, int64_t hour_ms)
{
    if (hour_ms == OUTCOME_TOTAL) { return; }
    sums->newest_ms = MAX_OF(sums->newest_ms, hour_ms);
    int64_t oldest_ms = floor_of(sums->newest_ms, OUTCOME_DAY_MS) - sums->kept_ms;
    if (oldest_ms <= sums->oldest_ms) { return; }
    sums->oldest_ms = oldest_ms;
    sums->sweeps_due = 2;
}

static void load(struct outcome_sums *sums)
{
    if (sums->loaded) { return; }
    drop_gauges(sums);
    outcome_names_clear(&sums->names);
    sums->newest_ms = sums->oldest_ms = OUTCOME_TOTAL;
    (void)task_scan_prefix(sums->task, prefix(), look_at, sums);
    show_placements(sums);
    grow_old(sums, sums->newest_ms);
    sums->loaded = true;
}

struct outcome_sums *outcome_sums_new(struct task *task, struct ids *ids, int64_t kept_ms,
                                      int output)
{
    struct outcome_sums *sums = xcalloc(1, sizeof(*sums));
    sums->task = task;
    sums->ids = ids;
    sums->kept_ms = kept_ms;
    sums->output = output;
    sums->codec = codec_new(&placement_outcomes_contract, run_schemas(task_run(task)));
    buf_init(&sums->out, OUTCOME_MESSAGE_BYTES_MAX);
    hash_index_init(&sums->index, /* seed= */ 0);
    outcome_names_init(&sums->names);
    load(sums);
    return sums;
}

/* ---- Rows in memory ---- */

static uint64_t row_hash(int64_t hour_ms, int32_t source)
{
    return ((uint64_t)hour_ms * UINT64_C(0x9e3779b97f4a7c15)) ^ (uint64_t)(uint32_t)source;
}

static uint64_t hash_of(const void *rows, uint32_t at)
{
    const struct outcome_row *row = (const struct outcome_row *)rows + at;
    return row_hash(row->hour_ms, row->source);
}

static bool is(const void *rows, uint32_t at, const void *key)
{
    const struct outcome_row *row = (const struct outcome_row *)rows + at, *wanted = key;
    return row->hour_ms == wanted->hour_ms && row->source == wanted->source;
}

/* A value that cannot be read goes to dead letters, and the row begins anew. */
static void read_row(struct outcome_sums *sums, struct outcome_row *row)
{
    const struct outcome_key key = key_of(row->hour_ms, ids_text(sums->ids, row->source));
    struct placement_outcomes stored;
    struct codec_error error;
    struct slice value;
    if (task_get(sums->task, key_bytes(&key), &value) < 0) { return; }
    if (codec_decode(sums->codec, value, task_arena(sums->task), &stored, &error) < 0) {
        (void)task_discard_state(sums->task, key_bytes(&key), value, "an outcome", &error);
        return;
    }
    row->before = row->counts = placement_outcomes_counts(&stored);
    row->stored = true;
}

static struct outcome_row *find_row(struct outcome_sums *sums, int64_t hour_ms, int32_t source)
{
    struct outcome_row wanted = {.hour_ms = hour_ms, .source = source};
    uint64_t hash = row_hash(hour_ms, source);
    int32_t at = hash_index_find(&sums->index, hash, is, sums->rows, &wanted);
    if (at != HASH_INDEX_NONE) { return &sums->rows[at]; }
    read_row(sums, &wanted);
    ARRAY_RESERVE(sums->rows, sums->rows_capacity, sums->rows_count + 1, 16);
    sums->rows[sums->rows_count] = wanted;
    hash_index_add(&sums->index, hash, (uint32_t)sums->rows_count, hash_of, sums->rows);
    return &sums->rows[sums->rows_count++];
}

/* ---- Names ---- */

/* The total of a name that leaves counts as that of `other`. False: ids are full, it stays. */
static bool fold(void *arg, struct slice text)
{
    struct outcome_sums *sums = arg;
    int32_t source = ids_put(sums->ids, text);
    int32_t other = ids_put(sums->ids, slice_str(OUTCOME_OTHER));
    if (source == ID_NONE || other == ID_NONE) { return false; }
    const struct outcome_counts counts = find_row(sums, OUTCOME_TOTAL, source)->counts;
    outcome_counts_add(&find_row(sums, OUTCOME_TOTAL, source)->counts, &counts, -1);
    outcome_counts_add(&find_row(sums, OUTCOME_TOTAL, other)->counts, &counts, 1);
    return true;
}

/* Says whether a name is counted on its own, and makes room for it. */
static bool is_counted(struct outcome_sums *sums, struct slice text, bool with_rule)
{
    if (is_other(text) || outcome_names_has(&sums->names, text)) { return true; }
    if (!outcome_names_has_room(&sums->names, with_rule)) {
        outcome_names_drop_silent(&sums->names, sums->oldest_ms, fold, sums);
        if (!outcome_names_has_room(&sums->names, with_rule)) { return false; }
    }
    outcome_names_add(&sums->names, text);
    return true;
}

int32_t outcome_source(struct outcome_sums *sums, const struct user_event *ev, bool *ret_named)
{
    struct slice placement, generation;
    char text[OUTCOME_SOURCE_BYTES_MAX + 1];
    *ret_named = list_id_read(ev->list_id, &placement, &generation);
    if (!*ret_named) { return ID_NONE; }
    load(sums);
    int size = snprintf(text, sizeof(text), "%.*s:%.*s:%.*s", SLICE_ARGS(placement),
                        SLICE_ARGS(generation), SLICE_ARGS(ev->rule));
    assert(size > 0 && (size_t)size < sizeof(text));
    struct slice name = slice_of(text, (size_t)size);
    bool counted = is_counted(sums, name, /* with_rule= */ ev->rule.size > 0);
    if (!counted && ev->rule.size) {
        name.size -= ev->rule.size;
        counted = is_counted(sums, name, /* with_rule= */ false);
    }
    return ids_put(sums->ids, counted ? name : slice_str(OUTCOME_OTHER));
}

/* What was counted for a name that left, when there was no room, is in `other` now. A name that was
 * never here is of a user who came from another partition. */
static int32_t present(struct outcome_sums *sums, int32_t source)
{
    struct slice text = ids_text(sums->ids, source);
    if (is_other(text) || outcome_names_has(&sums->names, text)) { return source; }
    if (outcome_names_has_room(&sums->names, /* with_rule= */ true)) {
        outcome_names_add(&sums->names, text);
        return source;
    }
    int32_t other = ids_put(sums->ids, slice_str(OUTCOME_OTHER));
    return other == ID_NONE ? source : other;
}

void outcome_sums_add(struct outcome_sums *sums, int32_t source, int64_t time_ms,
                      const struct outcome_counts *counts, int64_t sign)
{
    load(sums);
    int64_t hour_ms = floor_of(time_ms, OUTCOMES_HOUR_MS);
    if (sign < 0) { source = present(sums, source); }
    outcome_counts_add(&find_row(sums, OUTCOME_TOTAL, source)->counts, counts, sign);
    if (hour_ms < sums->oldest_ms) { return; }
    outcome_counts_add(&find_row(sums, hour_ms, source)->counts, counts, sign);
    outcome_names_count(&sums->names, ids_text(sums->ids, source), hour_ms);
    grow_old(sums, hour_ms);
}

/* ---- Staging ---- */

static void emit(struct outcome_sums *sums, int64_t hour_ms, struct slice source,
                 struct slice value)
{
    char text[OUTCOME_SOURCE_BYTES_MAX + 64], hour[32] = "all";
    struct placement_outcomes names = {.partition = task_partition(sums->task)};
    bool valid = outcome_source_split(source, &names);
    assert(valid);
    if (hour_ms != OUTCOME_TOTAL) { (void)snprintf(hour, sizeof(hour), "%" PRId64, hour_ms); }
    int size = snprintf(text, sizeof(text), "%s/%d/%.*s/%.*s/%.*s", hour, names.partition,
                        SLICE_ARGS(names.placement), SLICE_ARGS(names.generation),
                        SLICE_ARGS(names.rule));
    assert(size > 0 && (size_t)size < sizeof(text));
    task_emit(sums->task, sums->output, PARTITION_BY_KEY, slice_of(text, (size_t)size), value);
}

/* `value` without bytes: deletes. */
static void put(struct outcome_sums *sums, int64_t hour_ms, struct slice source,
                struct slice value)
{
    const struct outcome_key key = key_of(hour_ms, source);
    task_put(sums->task, key_bytes(&key), value);
    emit(sums, hour_ms, source, value);
}

static struct slice encode(struct outcome_sums *sums, const struct outcome_row *row)
{
    bool hour = row->hour_ms != OUTCOME_TOTAL;
    struct placement_outcomes outcomes = {
        .partition = task_partition(sums->task),
        .from_ms = hour ? row->hour_ms : 0,
        .to_ms = hour ? row->hour_ms + OUTCOMES_HOUR_MS : 0,
        .impressions = row->counts.impressions,
        .clicks = row->counts.clicks,
        .actions = row->counts.actions,
        .conversions = row->counts.conversions,
        .revenue_micros = row->counts.revenue_micros,
    };
    bool valid = outcome_source_split(ids_text(sums->ids, row->source), &outcomes);
    assert(valid);
    buf_clear(&sums->out);
    int result = codec_encode(sums->codec, &outcomes, &sums->out);
    assert(result == 0);
    return buf_slice(&sums->out);
}

static void stage(struct outcome_sums *sums, const struct outcome_row *row)
{
    static const struct outcome_counts none = {0};
    struct slice source = ids_text(sums->ids, row->source);
    bool empty = memcmp(&row->counts, &none, sizeof(none)) == 0;
    if (memcmp(&row->counts, &row->before, sizeof(none)) == 0) { return; }
    put(sums, row->hour_ms, source, empty ? slice_of(NULL, 0) : encode(sums, row));
    if (row->hour_ms == OUTCOME_TOTAL) {
        struct placement_outcomes names;
        (void)outcome_source_split(source, &names);
        show(sums, names.placement, &row->counts, &row->before);
    }
}

static int sweep_one(void *arg, struct slice key, struct slice value _unused_)
{
    struct outcome_sums *sums = arg;
    struct slice source;
    int64_t hour_ms;
    if (!key_read(key, &hour_ms, &source) || hour_ms == OUTCOME_TOTAL) { return 0; }
    if (hour_ms >= sums->oldest_ms) { return 1; } /* they come in the order of hours */
    put(sums, hour_ms, source, slice_of(NULL, 0));
    return 0;
}

void outcome_sums_flush(struct outcome_sums *sums)
{
    for (size_t i = 0; i < sums->rows_count; i++) {
        const struct outcome_row *row = &sums->rows[i];
        if (row->hour_ms == OUTCOME_TOTAL || row->hour_ms >= sums->oldest_ms) { stage(sums, row); }
    }
    drop_rows(sums);
    if (!sums->sweeps_due) { return; }
    sums->sweeps_due--;
    (void)task_scan_prefix(sums->task, prefix(), sweep_one, sums);
}

size_t outcome_sums_bytes(const struct outcome_sums *sums)
{
    return sums->rows_count * OUTCOME_ROW_BYTES;
}
