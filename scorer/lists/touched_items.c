/* The items that may be listed are gathered side by side, some at a time, so that sums and
 * selection run over whole arrays.
 */
#include "base/base.h"
#include "model/lanes.h"
#include "scorer/lists/touched_items.h"

enum { AT_ONCE = 256 };

/* Takes those of up to AT_ONCE items that may be listed; returns how many. */
static size_t take_allowed(const struct ranking_allowance *allowance, const int32_t *items,
                           const float *scores, size_t count, int32_t ret_items[static AT_ONCE],
                           float ret_scores[static AT_ONCE])
{
    size_t allowed = 0;
    for (size_t k = 0; k < count; k++) {
        ret_items[allowed] = items[k];
        ret_scores[allowed] = scores[k];
        allowed += allowance_has(allowance, items[k]);
    }
    return allowed;
}

struct member_scores touched_items_rate(const struct touched_items *touched,
                                        const struct ranking *ranking,
                                        const struct item_flags *flags, double count,
                                        struct member_scores member, struct topk *top)
{
    const struct ranking_allowance allowance = ranking_allowance(ranking, flags);
    int32_t items[AT_ONCE];
    float scores[AT_ONCE];
    double sum = 0.0, squares = 0.0;
    for (size_t k = 0; k < touched->count; k += AT_ONCE) {
        double more, more_squares;
        size_t allowed = take_allowed(&allowance, touched->items + k, touched->scores + k,
                                      MIN_OF(touched->count - k, (size_t)AT_ONCE), items, scores);
        lanes_sums(scores, allowed, &more, &more_squares);
        topk_push_items(top, scores, items, allowed);
        sum += more;
        squares += more_squares;
    }
    topk_sort(top);
    if (!top->count) { return (struct member_scores){.score = NULL}; }
    member.moments = member_moments(sum, squares, count);
    member.best = top->entries;
    member.best_count = top->count;
    return member;
}
