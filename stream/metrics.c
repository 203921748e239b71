/* The registry is a list of families (one for each name), each a list of metrics (one for each set
 * of labels). The mutex guards the lists. Values are not guarded: each has one writer, so a relaxed
 * load and store are enough, and a printer may see a histogram between two of its updates. A
 * metric's memory is stable until metrics_drop(), so pointers to it need no lock.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "stream/metrics.h"

#include <pthread.h>
#include <stdatomic.h>

enum {
    METRICS_MAX = 1 << 16, /* more are a programmer's error: a label with too many values */
    DECADES_MAX = 18,
    STEPS = 3, /* 1, 2, 5 */
};

enum kind { KIND_COUNTER, KIND_GAUGE, KIND_HISTOGRAM };
static const char *const kind_names[] = {"counter", "gauge", "histogram"};

struct metric {
    struct metric *next;
    struct family *family;
    char *labels; /* with worker="..." */
    char *own_labels;
    _Atomic uint64_t bits; /* the value; of a histogram the sum */
    int bounds_count;
    double *bounds;
    _Atomic uint64_t *counts; /* one more than bounds: the last is of larger values */
};

struct family {
    struct family *next;
    struct metric *first;
    char *name;
    char *former; /* name, or NULL */
    char *help;
    enum kind kind;
};

struct metrics {
    pthread_mutex_t mutex; /* guards the lists, not the values */
    struct family *first;
    struct buf worker_label;
    size_t count;
};

static void append_escaped(struct buf *out, struct slice text, bool quotes)
{
    for (size_t i = 0; i < text.size; i++) {
        char byte = text.data[i];
        if (byte == '\n') {
            buf_append(out, "\\n", 2);
            continue;
        }
        if (byte == '\\' || (quotes && byte == '"')) { buf_append(out, "\\", 1); }
        buf_append(out, &byte, 1);
    }
}

void metrics_label(struct buf *labels, const char *name, struct slice value)
{
    buf_printf(labels, "%s%s=\"", labels->size ? "," : "", name);
    append_escaped(labels, value, true);
    buf_append(labels, "\"", 2);
    if (!buf_failed(labels)) { labels->size--; }
}

struct metrics *metrics_new(const char *worker)
{
    struct metrics *metrics = xcalloc(1, sizeof(*metrics));
    int fault = pthread_mutex_init(&metrics->mutex, NULL);
    assert(fault == 0);
    buf_init(&metrics->worker_label, 4096);
    metrics_label(&metrics->worker_label, "worker", slice_str(worker));
    assert(!buf_failed(&metrics->worker_label));
    return metrics;
}

static void metric_free(struct metric *metric)
{
    free(metric->labels);
    free(metric->own_labels);
    free(metric->bounds);
    free(metric->counts);
    free(metric);
}

struct metrics *metrics_free(struct metrics *metrics)
{
    if (!metrics) { return NULL; }
    for (struct family *family = metrics->first; family;) {
        for (struct metric *metric = family->first; metric;) {
            struct metric *next = metric->next;
            metric_free(metric);
            metric = next;
        }
        struct family *next = family->next;
        free(family->name);
        free(family->former);
        free(family->help);
        free(family);
        family = next;
    }
    buf_release(&metrics->worker_label);
    pthread_mutex_destroy(&metrics->mutex);
    free(metrics);
    return NULL;
}

/* ---- Registration ---- */

static bool is_name(const char *name)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz_:"
                                  "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789";
    return *name && !(*name >= '0' && *name <= '9') && name[strspn(name, letters)] == '\0';
}

static struct family *find_family(struct metrics *metrics, enum kind kind, const char *name,
                                  const char *help)
{
    struct family **at = &metrics->first;
    for (; *at; at = &(*at)->next) {
        if (strcmp((*at)->name, name) != 0) { continue; }
        assert((*at)->kind == kind);
        return *at;
    }
    assert(is_name(name));
    *at = xcalloc(1, sizeof(**at));
    **at = (struct family){.name = xstrdup(name), .help = xstrdup(help), .kind = kind};
    return *at;
}

/* Rounds each bound to its printed label, so that the two do not differ in the last digit. */
static void set_bounds(struct metric *metric, double smallest, int decades)
{
    static const double steps[STEPS] = {1, 2, 5};
    assert(smallest > 0 && decades > 0 && decades <= DECADES_MAX);
    metric->bounds_count = decades * STEPS;
    metric->bounds = xcalloc((size_t)metric->bounds_count, sizeof(*metric->bounds));
    metric->counts = xcalloc((size_t)metric->bounds_count + 1, sizeof(*metric->counts));
    for (int i = 0; i < metric->bounds_count; i++) {
        char text[32];
        double bound = smallest * steps[i % STEPS] * pow(10, i / STEPS);
        (void)snprintf(text, sizeof(text), "%.6g", bound);
        metric->bounds[i] = strtod(text, NULL);
    }
}

static struct metric *add_metric(struct metrics *metrics, struct metric **at,
                                 struct family *family, const char *labels)
{
    assert(metrics->count < METRICS_MAX);
    assert(!strchr(labels, '\n'));
    struct metric *metric = xcalloc(1, sizeof(*metric));
    metric->family = family;
    metric->own_labels = xstrdup(labels);
    metric->labels =
        xprintf("%s%s%s", metrics->worker_label.data, labels[0] ? "," : "", labels);
    metrics->count++;
    *at = metric;
    return metric;
}

static struct metric *find_metric(struct metrics *metrics, enum kind kind, const char *name,
                                  const char *labels, const char *help, double smallest,
                                  int decades)
{
    pthread_mutex_lock(&metrics->mutex);
    struct family *family = find_family(metrics, kind, name, help);
    struct metric **at = &family->first;
    while (*at && strcmp((*at)->own_labels, labels) != 0) { at = &(*at)->next; }
    struct metric *metric = *at;
    if (!metric) {
        metric = add_metric(metrics, at, family, labels);
        if (kind == KIND_HISTOGRAM) { set_bounds(metric, smallest, decades); }
    }
    pthread_mutex_unlock(&metrics->mutex);
    return metric;
}

struct metric *metrics_counter(struct metrics *metrics, const char *name, const char *labels,
                               const char *help)
{
    return find_metric(metrics, KIND_COUNTER, name, labels, help, 0, 0);
}

struct metric *metrics_gauge(struct metrics *metrics, const char *name, const char *labels,
                             const char *help)
{
    return find_metric(metrics, KIND_GAUGE, name, labels, help, 0, 0);
}

struct metric *metrics_histogram(struct metrics *metrics, const char *name, const char *labels,
                                 const char *help, double smallest, int decades)
{
    return find_metric(metrics, KIND_HISTOGRAM, name, labels, help, smallest, decades);
}

void metrics_formerly(struct metrics *metrics, struct metric *metric, const char *former)
{
    assert(is_name(former));
    pthread_mutex_lock(&metrics->mutex);
    struct family *family = metric->family;
    if (!family->former) { family->former = xstrdup(former); }
    assert(strcmp(family->former, former) == 0);
    pthread_mutex_unlock(&metrics->mutex);
}

void metrics_drop(struct metrics *metrics, struct metric *metric)
{
    pthread_mutex_lock(&metrics->mutex);
    struct metric **at = &metric->family->first;
    while (*at != metric) {
        assert(*at);
        at = &(*at)->next;
    }
    *at = metric->next;
    metrics->count--;
    pthread_mutex_unlock(&metrics->mutex);
    metric_free(metric);
}

/* ---- Values: one writer, so load and store are enough ---- */

static double load(const _Atomic uint64_t *bits)
{
    uint64_t raw = atomic_load_explicit(bits, memory_order_relaxed);
    double value;
    memcpy(&value, &raw, sizeof(value));
    return value;
}

static void store(_Atomic uint64_t *bits, double value)
{
    uint64_t raw;
    memcpy(&raw, &value, sizeof(raw));
    atomic_store_explicit(bits, raw, memory_order_relaxed);
}

static uint64_t load_count(const struct metric *metric, int bucket)
{
    return atomic_load_explicit(&metric->counts[bucket], memory_order_relaxed);
}

void metric_add(struct metric *metric, double value)
{
    assert(metric->family->kind != KIND_HISTOGRAM);
    assert(metric->family->kind == KIND_GAUGE || value >= 0);
    store(&metric->bits, load(&metric->bits) + value);
}

void metric_set(struct metric *metric, double value)
{
    assert(metric->family->kind == KIND_GAUGE);
    store(&metric->bits, value);
}

void metric_observe(struct metric *metric, double value)
{
    assert(metric->family->kind == KIND_HISTOGRAM);
    int bucket = 0;
    while (bucket < metric->bounds_count && !(value <= metric->bounds[bucket])) { bucket++; }
    atomic_store_explicit(&metric->counts[bucket], load_count(metric, bucket) + 1,
                          memory_order_relaxed);
    store(&metric->bits, load(&metric->bits) + value);
}

static uint64_t observations(const struct metric *metric)
{
    uint64_t total = 0;
    for (int i = 0; i <= metric->bounds_count; i++) { total += load_count(metric, i); }
    return total;
}

double metric_value(const struct metric *metric)
{
    if (metric->family->kind == KIND_HISTOGRAM) { return (double)observations(metric); }
    return load(&metric->bits);
}

double metric_quantile(const struct metric *metric, double q)
{
    assert(metric->family->kind == KIND_HISTOGRAM);
    assert(q >= 0 && q <= 1);
    double total = (double)observations(metric);
    if (total == 0) { return NAN; }
    double rank = q * total;
    double before = 0;
    for (int i = 0; i < metric->bounds_count; i++) {
        double here = (double)load_count(metric, i);
        if (here > 0 && before + here >= rank) {
            double low = i ? metric->bounds[i - 1] : 0;
            return low + (metric->bounds[i] - low) * (rank - before) / here;
        }
        before += here;
    }
    return metric->bounds[metric->bounds_count - 1];
}

/* ---- Printing ---- */

static void print_number(struct buf *out, double value)
{
    if (isnan(value) || isinf(value)) {
        buf_printf(out, "%s\n", isnan(value) ? "NaN" : value > 0 ? "+Inf" : "-Inf");
        return;
    }
    char text[40];
    (void)snprintf(text, sizeof(text), "%.15g", value);
    if (strtod(text, NULL) != value) { (void)snprintf(text, sizeof(text), "%.17g", value); }
    buf_printf(out, "%s\n", text);
}

static void print_histogram(const struct metric *metric, const char *name, struct buf *out)
{
    uint64_t total = 0;
    for (int i = 0; i <= metric->bounds_count; i++) {
        char bound[32] = "+Inf";
        if (i < metric->bounds_count) {
            (void)snprintf(bound, sizeof(bound), "%.6g", metric->bounds[i]);
        }
        total += load_count(metric, i);
        buf_printf(out, "%s_bucket{%s,le=\"%s\"} %" PRIu64 "\n", name, metric->labels, bound,
                   total);
    }
    buf_printf(out, "%s_sum{%s} ", name, metric->labels);
    print_number(out, load(&metric->bits));
    buf_printf(out, "%s_count{%s} %" PRIu64 "\n", name, metric->labels, total);
}

static void print_values(const struct family *family, const char *name, struct buf *out)
{
    buf_printf(out, "# TYPE %s %s\n", name, kind_names[family->kind]);
    for (const struct metric *metric = family->first; metric; metric = metric->next) {
        if (family->kind == KIND_HISTOGRAM) {
            print_histogram(metric, name, out);
            continue;
        }
        buf_printf(out, "%s{%s} ", name, metric->labels);
        print_number(out, load(&metric->bits));
    }
}

static void print_family(const struct family *family, struct buf *out)
{
    buf_printf(out, "# HELP %s ", family->name);
    append_escaped(out, slice_str(family->help), false);
    buf_append(out, "\n", 1);
    print_values(family, family->name, out);
    if (!family->former) { return; }
    buf_printf(out, "# HELP %s deprecated: use %s\n", family->former, family->name);
    print_values(family, family->former, out);
}

void metrics_print(struct metrics *metrics, struct buf *out)
{
    pthread_mutex_lock(&metrics->mutex);
    for (const struct family *family = metrics->first; family; family = family->next) {
        if (family->first) { print_family(family, out); }
    }
    pthread_mutex_unlock(&metrics->mutex);
}
