/* What an action adds to cross pairs (cross_rules.h). */
#include "base/base.h"
#include "model/counting/timeline_internal.h"

static bool is_named(const struct cross_rules *rules, int32_t kind)
{
    for (int32_t p = 0; p < rules->count; p++) {
        if (rules->pairs[p].from == kind || rules->pairs[p].to == kind) { return true; }
    }
    return false;
}

/* Numbers an item as the object of a kind; ID_NONE: its id is too long. */
static int32_t number_of(const struct window *window, int32_t kind, int32_t item)
{
    char text[CROSS_ID_BYTES_MAX];
    struct slice id = cross_id_write(kind, ids_text(window->ids, item), text);
    return id.size ? ids_put(window->ids, id) : ID_NONE;
}

/* An action, and how far its predecessors go. */
struct place {
    const struct sequence *sequence;
    int64_t index, without;
    int32_t window;
    int32_t item, kind;
};

/* Returns the distance of the nearest predecessor of the same kind on the same item; 0: none. */
static int32_t nearest_same(const struct place *place)
{
    const struct sequence *sequence = place->sequence;
    int32_t distance = 1;
    for (int64_t i = place->index - 1; i >= 0 && distance <= place->window; i--) {
        if (i == place->without) { continue; }
        bool same = sequence->items[i] == place->item && sequence->kinds[i] == place->kind;
        if (same && sequence->weights[i] != 0.0) { return distance; }
        distance++;
    }
    return 0;
}

/* Finds for each other item the distance of the oldest predecessor of a kind on it, as its rating;
 * the action's own item is first. */
static void gather(struct window *window, const struct place *place, int32_t from)
{
    const struct sequence *sequence = place->sequence;
    int32_t distance = 1;
    (void)near_begin(window, place->item);
    for (int64_t i = place->index - 1; i >= 0 && distance <= place->window; i--) {
        if (i == place->without) { continue; }
        if (sequence->kinds[i] == from && sequence->weights[i] != 0.0) {
            near_find(window, sequence->items[i])->rating = (double)distance;
        }
        distance++;
    }
}

static void add_pairs(struct window *window, const struct place *place, int32_t from, int32_t own,
                      int32_t same, double value, struct pairs *pairs)
{
    size_t count = 0;
    gather(window, place, from);
    for (int32_t i = 1; i < window->near_count; i++) {
        const struct near *near = &window->near[i];
        if (same && near->rating > (double)same) { continue; } /* counted then */
        int32_t other = number_of(window, from, near->item);
        if (other == ID_NONE) { continue; }
        window->terms[count++] = (struct pair_term){.item = other, .forward = value};
    }
    pairs_add(pairs, own, window->terms, count);
}

void cross_contribute(struct window *window, const struct sequence *sequence, int64_t index,
                      int64_t without, double sign, struct pairs *pairs)
{
    const struct cross_rules *rules = &window->rules.cross;
    const struct place place = {.sequence = sequence,
                                .index = index,
                                .without = without,
                                .window = window->rules.pairs_window,
                                .item = sequence->items[index],
                                .kind = sequence->kinds[index]};
    if (sequence->weights[index] == 0.0 || !is_named(rules, place.kind)) { return; }
    int32_t own = number_of(window, place.kind, place.item);
    if (own == ID_NONE) { return; }
    struct decay_point point = decay_at(&window->rules.decay, sequence->times_ms[index]);
    double value = decay_value(point, 1.0) * pairs_scale(pairs, point.epoch) * sign;
    int32_t same = nearest_same(&place);
    if (!same) { pairs_add_item(pairs, own, value, 0.0, 0.0); }
    for (int32_t p = 0; p < rules->count; p++) {
        if (rules->pairs[p].to != place.kind) { continue; }
        add_pairs(window, &place, rules->pairs[p].from, own, same, value, pairs);
    }
}
