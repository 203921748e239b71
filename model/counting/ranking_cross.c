/* The part of cross pairs in a ranking: what kinds of actions on the recent items say of others. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/counting/ranking_internal.h"

void ranking_use_cross(struct ranking *ranking, struct cross_table *cross)
{
    ranking->cross = cross;
}

void ranking_cross_begin(struct ranking *ranking, const struct ranking_request *request)
{
    ranking->cross_scale = 0.0F;
    ranking->crossing = request->kinds && ranking->settings.cross_weight > 0.0 &&
                        ranking->cross && !cross_table_empty(ranking->cross);
    if (!ranking->crossing || ranking->crossed_capacity == ranking->capacity) { return; }
    ranking->crossed_capacity = ranking->capacity;
    ranking->crossed = xreallocarray(ranking->crossed, (size_t)ranking->capacity,
                                     sizeof(*ranking->crossed));
}

/* Finds what the user did on the recent items, but disliking. */
static void find_kinds(struct ranking *ranking, const struct ranking_request *request)
{
    for (size_t r = 0; r < ranking->recent_count; r++) {
        struct recent *recent = &ranking->recent[r];
        for (size_t k = 0; k < request->count; k++) {
            int32_t kind = request->kinds[k];
            bool is = request->items[k] == recent->item && request->weights[k] > 0.0F;
            if (is && kind >= 0 && kind < CROSS_KINDS) { recent->kinds |= 1u << kind; }
        }
    }
}

/* Finds what one kind of action on a recent item says of other items. */
static size_t find_crossed(const struct ranking *ranking, const struct recent *recent, int32_t kind,
                           const struct cross_found **ret_found)
{
    if (!(recent->kinds >> kind & 1)) { return 0; }
    return cross_table_find(ranking->cross, kind, recent->item, item_table_users(ranking->table),
                            ret_found);
}

static void add_crossed(struct ranking *ranking, const struct recent *recent)
{
    const struct cross_found *found;
    for (int32_t kind = 0; kind < CROSS_KINDS; kind++) {
        size_t count = find_crossed(ranking, recent, kind, &found);
        for (size_t k = 0; k < count; k++) {
            if (!item_table_has(ranking->table, found[k].item)) { continue; } /* no factors */
            (void)touch(ranking, found[k].item);
            ranking->crossed[found[k].item] += recent->weight * found[k].strength;
        }
    }
}

void ranking_cross_add(struct ranking *ranking, const struct ranking_request *request)
{
    find_kinds(ranking, request);
    for (size_t r = 0; r < ranking->recent_count; r++) {
        add_crossed(ranking, &ranking->recent[r]);
    }
}

static void explain_crossed(struct ranking *ranking, const struct recent *recent)
{
    const struct cross_found *found;
    for (int32_t kind = 0; kind < CROSS_KINDS; kind++) {
        size_t count = find_crossed(ranking, recent, kind, &found);
        for (size_t k = 0; k < count; k++) {
            if (!item_table_has(ranking->table, found[k].item)) { continue; }
            const struct cell *cell = &ranking->cells[found[k].item];
            float part = ranking->cross_scale * recent->weight * found[k].strength;
            if (cell->stamp != ranking->chosen || part <= ranking->parts[cell->place]) { continue; }
            ranking->parts[cell->place] = part;
            ranking->list[cell->place].because = recent->item;
            ranking->list[cell->place].evidence = found[k].users;
            ranking->list[cell->place].reason = RANKED_CROSS;
        }
    }
}

void ranking_cross_explain(struct ranking *ranking)
{
    for (size_t r = 0; r < ranking->recent_count; r++) {
        explain_crossed(ranking, &ranking->recent[r]);
    }
}
