/* What an action adds to the counts of its context (context_text.h). */
#include "base/base.h"
#include "model/counting/context_text.h"
#include "model/counting/timeline_internal.h"

/* The indicators of an action that are still to be counted. */
struct indicators {
    struct slice at[CONTEXT_DIMENSIONS];
    size_t count;
};

static struct slice text_of(const struct window *window, int32_t context)
{
    return context > 0 ? ids_text(window->ids, context - 1) : slice_str("");
}

static void read_all(struct slice text, struct indicators *ret_indicators)
{
    ret_indicators->count = 0;
    while (ret_indicators->count < CONTEXT_DIMENSIONS &&
           context_text_next(&text, &ret_indicators->at[ret_indicators->count])) {
        ret_indicators->count++;
    }
}

static bool has(const struct indicators *indicators, struct slice one)
{
    for (size_t k = 0; k < indicators->count; k++) {
        if (slice_equal(indicators->at[k], one)) { return true; }
    }
    return false;
}

static void leave_out(struct indicators *left, struct slice counted)
{
    struct indicators others;
    size_t kept = 0;
    read_all(counted, &others);
    for (size_t k = 0; k < left->count; k++) {
        if (!has(&others, left->at[k])) { left->at[kept++] = left->at[k]; }
    }
    left->count = kept;
}

/* Leaves out what the predecessors have counted on the same item. */
static void leave_out_counted(const struct window *window, const struct sequence *sequence,
                              int64_t index, int64_t without, struct indicators *left)
{
    int32_t item = sequence->items[index], distance = 1;
    for (int64_t i = index - 1; i >= 0 && distance <= window->rules.pairs_window && left->count;
         i--) {
        if (i == without) { continue; }
        distance++;
        if (sequence->items[i] != item || sequence->weights[i] == 0.0) { continue; }
        if (sequence->contexts[i] == sequence->contexts[index]) {
            left->count = 0;
        } else {
            leave_out(left, text_of(window, sequence->contexts[i]));
        }
    }
}

/* Numbers an indicator, or all of its dimension. */
static int32_t number_of(struct window *window, const struct context_id *id)
{
    char text[CONTEXT_ID_BYTES_MAX];
    return ids_put(window->ids, context_id_write(id, text));
}

static void count(struct window *window, int32_t own, const struct indicators *left, int group,
                  double value, struct pairs *pairs)
{
    struct pair_term terms[CONTEXT_DIMENSIONS];
    struct context_id id;
    size_t n = 0;
    for (size_t k = 0; k < left->count; k++) {
        if (!context_id_read(left->at[k], &id)) { continue; }
        id.group = context_is_grouped(id.dimension) ? group : -1;
        int32_t indicator = number_of(window, &id);
        id.value = slice_str("");
        pairs_add_item(pairs, indicator, value, 0.0, 0.0);
        pairs_add_item(pairs, number_of(window, &id), value, 0.0, 0.0);
        terms[n++] = (struct pair_term){.item = indicator, .forward = value};
    }
    pairs_add_item(pairs, own, value * (double)n, 0.0, 0.0);
    pairs_add(pairs, own, terms, n);
}

void context_contribute(struct window *window, const struct sequence *sequence, int64_t index,
                        int64_t without, double sign, struct pairs *pairs)
{
    struct indicators left;
    char id_text[CONTEXT_ITEM_BYTES_MAX];
    if (!sequence->contexts[index] || sequence->weights[index] == 0.0) { return; }
    int64_t time_ms = sequence->times_ms[index];
    struct slice text = text_of(window, sequence->contexts[index]);
    int group = context_text_group(text, time_ms);
    read_all(text, &left);
    leave_out_counted(window, sequence, index, without, &left);
    struct slice id = context_item_write(ids_text(window->ids, sequence->items[index]), id_text);
    if (!left.count || !id.size) { return; }
    struct decay_point point = decay_at(&window->rules.decay, time_ms);
    double value = decay_value(point, 1.0) * pairs_scale(pairs, point.epoch) * sign;
    count(window, ids_put(window->ids, id), &left, group, value, pairs);
}
