/* Placement lists: the lists that rules define, cut from the scoring of a user's list.
 *
 * Candidates are the best of the leading model's ranking, with the trending and popular items
 * behind them; items that the user has had, where a placement takes repeats or lets some of them
 * come again; the newest items, where rules ask for such; and items that pins name. When a
 * placement stays short, counting ranks far more items, and they follow behind. No clock but
 * as_of_ms. Memory is reused. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_PLACEMENT_LISTS_H
#define FRESHET_SCORER_LISTS_PLACEMENT_LISTS_H

#include "model/content_scores.h"
#include "model/counting/ranking.h"
#include "model/guessed_factors.h"
#include "rules/list_cut.h"
#include "rules/newest_items.h"
#include "schemas/recommendation_list.h"
#include "schemas/served_place.h"
#include "schemas/user_history.h"
#include "scorer/lists/tables.h"

/* Candidates that the ranking gives, and those that it gives when a placement stays short. */
enum { PLACEMENT_CANDIDATES = 200, PLACEMENT_CANDIDATES_WIDE = 2000 };

/* The scoring behind a list. Borrowed. */
struct placement_scoring {
    struct ranking *ranking;
    const struct ranking_request *request; /* of counting, for this user */
    const struct ranked *ranked;           /* by the leader, best first */
    size_t ranked_count;
    size_t scored_count; /* the others fill up */
    bool given;          /* only what is ranked may be listed */
    bool searched;       /* as well; what the user has had is a match as the others */
    const struct request_context *context;    /* NULL: there is none */
    const struct user_attributes *attributes; /* NULL: nothing is known of the user */
    const struct content_scores *content;     /* by the user's history; NULL: there are none */
    struct guessed_factors *guessed;          /* of new items; NULL: there are none */
    uint64_t sent; /* a hash of what a request sends along, for draws; 0: nothing */
};

struct placement_lists;

/* Makes an object that makes lists of the tables' items; borrows them for its life. Free with
 * placement_lists_free(). */
struct placement_lists *placement_lists_new(struct tables *tables);
/* Frees it; takes NULL; returns NULL. */
struct placement_lists *placement_lists_free(struct placement_lists *lists);
/* Makes the lists of all placements and writes their columns into `list`, which has its as_of_ms.
 * Borrowed until the next call. */
void placement_lists_make(struct placement_lists *lists, const struct rule_set *rules,
                          const struct placement_scoring *scoring,
                          const struct user_history *history, struct recommendation_list *list);
/* The same for one of the placements alone, with so many places. */
void placement_lists_make_one(struct placement_lists *lists, const struct rule_set *rules,
                              size_t placement, size_t length,
                              const struct placement_scoring *scoring,
                              const struct user_history *history,
                              struct recommendation_list *list);
/* Returns the numbers of the items of all placements, as in placement_items; borrowed. */
const int32_t *placement_lists_numbers(const struct placement_lists *lists);
/* Returns for each of them its place among the candidates: unless candidates were given, those
 * before ranked_count are what is ranked, in its order. Borrowed. */
const uint32_t *placement_lists_candidates(const struct placement_lists *lists);
/* Returns for each of them how often the user got it, if it is there because it is due again
 * (count 0: it is not); borrowed. */
const struct again *placement_lists_again(const struct placement_lists *lists);
/* Returns when the next of the user's items is due again on one of the placements that were made
 * last; INT64_MAX: none. */
int64_t placement_lists_due_ms(const struct placement_lists *lists);
/* Describes the place of the last list of a placement that was drawn, but for the list's id, which
 * is that of `list`; false: none was. Borrowed until the next call. */
bool placement_lists_served(struct placement_lists *lists, size_t placement,
                            const struct recommendation_list *list,
                            struct served_place *ret_place);
/* Counts how many items a rule of a placement has moved to their places on the last lists, and how
 * many it has taken off; both start at 0 with placement_lists_reset(). `rule` as in cut_place, with
 * the implied ones behind those of the placement. */
uint64_t placement_lists_moved(const struct placement_lists *lists, size_t placement, size_t rule);
uint64_t placement_lists_removed(const struct placement_lists *lists, size_t placement,
                                 size_t rule);
/* Sets all counts to 0, for other rules. */
void placement_lists_reset(struct placement_lists *lists);

#endif
