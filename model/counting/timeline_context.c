/* What an action adds to the counts of its context (context_text.h). */
#include "base/base.h"
#include "model/counting/context_text.h"
#include "model/counting/timeline_internal.h"

/* The indicators of an action that are still to be counted. */
struct indicators {
    struct context_id at[CONTEXT_DIMENSIONS];
    size_t count;
};

static struct slice text_of(const struct window *window, int32_t context)
{
    return context > 0 ? ids_text(window->ids, context - 1) : slice_str("");
}

static void read_all(struct slice text, struct indicators *ret_indicators)
{
    struct slice one;
    size_t n = 0;
    while (n < CONTEXT_DIMENSIONS && context_text_next(&text, &one)) {
        n += context_id_read(one, &ret_indicators->at[n]);
    }
    ret_indicators->count = n;
}

/* On days of whatever group: a user counts once. */
static bool has(const struct indicators *indicators, const struct context_id *one)
{
    for (size_t k = 0; k < indicators->count; k++) {
        const struct context_id *other = &indicators->at[k];
        if (other->dimension == one->dimension && slice_equal(other->value, one->value)) {
            return true;
        }
    }
    return false;
}

static void leave_out(struct indicators *left, struct slice counted)
{
    struct indicators others;
    size_t kept = 0;
    read_all(counted, &others);
    for (size_t k = 0; k < left->count; k++) {
        if (!has(&others, &left->at[k])) { left->at[kept++] = left->at[k]; }
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

static void count(struct window *window, int32_t own, const struct indicators *left, double value,
                  struct pairs *pairs)
{
    struct pair_term terms[CONTEXT_DIMENSIONS];
    for (size_t k = 0; k < left->count; k++) {
        const struct context_id whole = {.dimension = left->at[k].dimension};
        int32_t indicator = number_of(window, &left->at[k]);
        pairs_add_item(pairs, indicator, value, 0.0, 0.0);
        pairs_add_item(pairs, number_of(window, &whole), value, 0.0, 0.0);
        terms[k] = (struct pair_term){.item = indicator, .forward = value};
    }
    pairs_add_item(pairs, own, value * (double)left->count, 0.0, 0.0);
    pairs_add(pairs, own, terms, left->count);
}

void context_contribute(struct window *window, const struct sequence *sequence, int64_t index,
                        int64_t without, double sign, struct pairs *pairs)
{
    struct indicators left;
    char text[CONTEXT_ITEM_BYTES_MAX];
    if (!sequence->contexts[index] || sequence->weights[index] == 0.0) { return; }
    read_all(text_of(window, sequence->contexts[index]), &left);
    leave_out_counted(window, sequence, index, without, &left);
    struct slice id = context_item_write(ids_text(window->ids, sequence->items[index]), text);
    if (!left.count || !id.size) { return; }
    struct decay_point point = decay_at(&window->rules.decay, sequence->times_ms[index]);
    double value = decay_value(point, 1.0) * pairs_scale(pairs, point.epoch) * sign;
    count(window, ids_put(window->ids, id), &left, value, pairs);
}
