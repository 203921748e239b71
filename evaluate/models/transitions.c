#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "evaluate/models/transitions.h"

enum { CELLS_FIRST = 4 };

struct cells {
    struct transition *read; /* v, for readers */
    float *counts;           /* C of the same cells */
    struct hash_index index; /* by item */
    int32_t count;
    int32_t capacity;
};

struct transitions {
    struct transitions_settings settings;
    struct cells *rows;
    float *actions;
    int32_t items_max;
    float forward[TRANSITIONS_WINDOW_MAX + 1]; /* by distance */
    float backward[TRANSITIONS_WINDOW_MAX + 1];
};

struct transitions *transitions_new(int32_t items_max, const struct transitions_settings *settings)
{
    assert(items_max > 0);
    assert(settings->window > 0 && settings->window <= TRANSITIONS_WINDOW_MAX);
    struct transitions *transitions = xcalloc(1, sizeof(*transitions));
    transitions->settings = *settings;
    transitions->items_max = items_max;
    transitions->rows = xcalloc((size_t)items_max, sizeof(*transitions->rows));
    transitions->actions = xcalloc((size_t)items_max, sizeof(*transitions->actions));
    for (int32_t d = 1; d <= settings->window; d++) {
        double weight = pow(d, -settings->distance_power);
        transitions->forward[d] = (float)weight;
        transitions->backward[d] = (float)(settings->backward_weight * weight);
    }
    return transitions;
}

struct transitions *transitions_free(struct transitions *transitions)
{
    if (!transitions) { return NULL; }
    for (int32_t item = 0; item < transitions->items_max; item++) {
        free(transitions->rows[item].read);
        free(transitions->rows[item].counts);
        hash_index_release(&transitions->rows[item].index);
    }
    free(transitions->rows);
    free(transitions->actions);
    free(transitions);
    return NULL;
}

static uint64_t hash_of(const void *cells, uint32_t at)
{
    return (uint32_t)((const struct cells *)cells)->read[at].item;
}

static bool is(const void *cells, uint32_t at, const void *item)
{
    return ((const struct cells *)cells)->read[at].item == *(const int32_t *)item;
}

static int32_t find(const struct cells *cells, int32_t item)
{
    return hash_index_find(&cells->index, (uint32_t)item, is, cells, &item);
}

static void grow(struct cells *cells)
{
    cells->capacity = MAX_OF(cells->capacity * 2, (int32_t)CELLS_FIRST);
    size_t capacity = (size_t)cells->capacity;
    cells->read = xreallocarray(cells->read, capacity, sizeof(*cells->read));
    cells->counts = xreallocarray(cells->counts, capacity, sizeof(*cells->counts));
}

static float weigh(const struct transitions *transitions, float c)
{
    float kept = c * c / (c + (float)transitions->settings.shrink);
    float power = (float)transitions->settings.power;
    return power == 1.0F ? kept : powf(kept, power);
}

static void add(struct transitions *transitions, int32_t from, int32_t to, float weight)
{
    if (weight == 0.0F || from == to) { return; }
    struct cells *cells = &transitions->rows[from];
    int32_t at = find(cells, to);
    if (at == HASH_INDEX_NONE) {
        if (cells->count == cells->capacity) { grow(cells); }
        at = cells->count++;
        cells->read[at].item = to;
        cells->counts[at] = 0.0F;
        hash_index_add(&cells->index, (uint32_t)to, (uint32_t)at, hash_of, cells);
    }
    cells->counts[at] += weight;
    cells->read[at].v = weigh(transitions, cells->counts[at]);
}

void transitions_learn(struct transitions *transitions, const int32_t *before, size_t count,
                       int32_t item)
{
    assert(item >= 0 && item < transitions->items_max);
    size_t window = MIN_OF(count, (size_t)transitions->settings.window);
    for (size_t d = 1; d <= window; d++) {
        int32_t other = before[count - d];
        add(transitions, other, item, transitions->forward[d]);
        add(transitions, item, other, transitions->backward[d]);
    }
    transitions->actions[item] += 1.0F;
}

void transitions_reweigh(struct transitions *transitions, double shrink, double power)
{
    transitions->settings.shrink = shrink;
    transitions->settings.power = power;
    for (int32_t item = 0; item < transitions->items_max; item++) {
        struct cells *cells = &transitions->rows[item];
        for (int32_t at = 0; at < cells->count; at++) {
            cells->read[at].v = weigh(transitions, cells->counts[at]);
        }
    }
}

const struct transition *transitions_row(const struct transitions *transitions, int32_t item,
                                         int32_t *ret_count)
{
    assert(item >= 0 && item < transitions->items_max);
    *ret_count = transitions->rows[item].count;
    return transitions->rows[item].read;
}

double transitions_count(const struct transitions *transitions, int32_t from, int32_t to)
{
    const struct cells *cells = &transitions->rows[from];
    int32_t at = find(cells, to);
    return at == HASH_INDEX_NONE ? 0.0 : (double)cells->counts[at];
}

double transitions_actions(const struct transitions *transitions, int32_t item)
{
    assert(item >= 0 && item < transitions->items_max);
    return (double)transitions->actions[item];
}
