/* The scratch of a ranking, for its parts: ranking.c, ranking_cross.c. */
#ifndef FRESHET_MODEL_COUNTING_RANKING_INTERNAL_H
#define FRESHET_MODEL_COUNTING_RANKING_INTERNAL_H

#include "model/counting/heads.h"
#include "model/counting/ranking.h"
#include "model/topk.h"

/* One item's scratch. A stamp of the current list says that the fields behind it are in use:
 *
 *     stamp == touched     `directed` and `symmetric` are sums
 *     stamp == chosen      the item is on the list, at `place`
 *     seen == touched      the user has had the item
 *     seen == chosen       the user was shown it, or dislikes what is like it: it fills up last
 */
struct cell {
    uint32_t stamp;
    uint32_t seen;
    union {
        float directed;
        uint32_t place;
    };
    float symmetric;
};

struct recent {
    int32_t item;
    float weight; /* r^-g h^(r-1) */
    uint32_t kinds; /* a bit for each that the user did on it; only for cross pairs */
};

struct ranking {
    struct ranking_settings settings;
    const struct ids *ids;
    struct item_table *table;
    struct cell *cells;
    int32_t *candidates; /* as many as cells, and one */
    int32_t capacity;
    size_t candidates_count;
    uint64_t *had; /* a bit for each item that the user of the last list has had, */
    size_t had_capacity;
    int32_t *had_items; /* and these items */
    size_t had_items_count, had_items_capacity;
    uint32_t touched, chosen;
    bool shown_too; /* items that were shown may fill up, too */
    struct recent *recent;
    struct recent *disliked; /* with weights below 0 */
    size_t disliked_count;
    float *recency;
    float *strengths; /* of the recent items */
    size_t recent_count;
    float directed_scale, symmetric_scale, popularity_scale, cross_scale;
    struct cross_table *cross; /* NULL: none */
    float *crossed;            /* X by item, as cells; NULL: not computed so far */
    int32_t crossed_capacity;
    bool crossing; /* X is computed for this list */
    struct ranking_sums sums;
    struct topk top;
    struct ranked *list;
    float *parts; /* per place, the largest part so far */
    size_t list_count, list_capacity;
    struct heads heads;
    uint64_t looked; /* at so many items, to fill up lists from all of them */
};

/* Makes a candidate of an item. Whether it is one already cannot be foreseen, so there is no branch
 * for it. */
static inline struct cell *touch(struct ranking *ranking, int32_t item)
{
    struct cell *cell = &ranking->cells[item];
    bool fresh = cell->stamp != ranking->touched;
    cell->stamp = ranking->touched;
    cell->directed = fresh ? 0.0F : cell->directed;
    cell->symmetric = fresh ? 0.0F : cell->symmetric;
    if (ranking->crossing && fresh) { ranking->crossed[item] = 0.0F; }
    ranking->candidates[ranking->candidates_count] = item;
    ranking->candidates_count += fresh;
    return cell;
}

/* Returns an item's X; 0 when it is not computed. */
static inline float crossed_of(const struct ranking *ranking, int32_t item)
{
    return ranking->crossing ? ranking->crossed[item] : 0.0F;
}

/* Prepares for cross pairs, if there are any: sets `crossing`. */
void ranking_cross_begin(struct ranking *ranking, const struct ranking_request *request);
/* Adds what the recent items say of others by the kinds of actions on them. */
void ranking_cross_add(struct ranking *ranking, const struct ranking_request *request);
/* Finds listed items for which that is the largest part. */
void ranking_cross_explain(struct ranking *ranking);

#endif
