/* List cut: makes the lists of placements from one scoring of a user's candidates.
 *
 *     relevance  1 for the best ranked candidate, 0.01 for one whose score is 0 (or the lowest, if
 *                it is below); less for trending and popular items that fill up, then for new ones
 *     again      brings what the user has had and is due (again.h), with a relevance of its own
 *     filter, exclude   take candidates off
 *     boost      relevance * factor + sum
 *     places     from the first on: a pin of this place; else a share that has too few places so
 *                far; else the candidate with the greatest
 *                    (1 - diversity) * relevance - diversity * max similarity to the places before
 *                what is pinned behind the end of a list that is too short comes at its end
 *     caps       are checked for each place but a pin's; a candidate that is over one is left out
 *     explore    at one place, unless a pin or share takes it, the candidates that would come next
 *                are drawn from, by their value above (list_draw.h)
 *
 * The similarity of two items is the Jaccard index of their tags, levels of category and brand.
 * Equal values are decided by the order of the candidates. Of a group, one item is listed unless a
 * cap per group says otherwise.
 *
 * Pure: the same candidates, rules and as_of_ms give the same list. Memory is reused. One thread.
 */
#ifndef FRESHET_RULES_LIST_CUT_H
#define FRESHET_RULES_LIST_CUT_H

#include "rules/again.h"
#include "rules/list_order.h"
#include "rules/rule_set.h"

/* The user's newest actions, oldest first. Borrowed. */
struct cut_user {
    const int32_t *items; /* ID_NONE: not known */
    const int32_t *actions;
    const int64_t *times_ms;
    size_t count;
    const int32_t *shown_items; /* what the user was shown lately */
    const int64_t *shown_times_ms;
    size_t shown_count;
    uint64_t hash; /* of the user's id */
    uint64_t draw_seed; /* list_draw_seed() */
    int64_t actions_total;
    int64_t newest_ms;
    const struct user_attributes *attributes; /* NULL: nothing is known */
};

struct cut_request {
    const struct cut_candidate *candidates; /* each item once; best first within an origin */
    size_t count;
    size_t late; /* the last so many are listed only when none of the others is left */
    struct cut_user user;
    int64_t as_of_ms;
    const struct request_context *context; /* NULL: there is none */
};

/* Behind the rules of a placement come two that have no line of their own. */
enum { CUT_NO_RULE = -1, CUT_CAP_GROUP = 0, CUT_EXPLORE = 1, CUT_IMPLIED = 2 };

struct cut_place {
    int32_t item;
    int32_t rank;       /* place without rules, from 1; 0: it would not have been a candidate */
    int32_t rule;       /* the pin or share that put it here, or the draw; else the last boost, else
                         * the `again`; CUT_NO_RULE */
    uint32_t candidate; /* its place among the candidates */
    float relevance;    /* after boosts */
    float probability;  /* with which it was drawn; 0: the place was not drawn */
    struct again again; /* count 0: it is not here because it is due again */
};

/* A candidate that would be on the list without rules, and is not. */
struct cut_removal {
    int32_t item;
    int32_t rank;
    int32_t rule;
};

struct cut_result {
    const struct cut_place *places; /* borrowed until the next cut */
    size_t count;
    const struct cut_removal *removals; /* by rank */
    size_t removals_count;
    int64_t due_ms; /* when the next item is due again that is not yet; INT64_MAX: none */
    const struct list_draw *draw; /* of its place, if one was drawn */
};

struct list_cut;

/* Makes an object that cuts lists of items with these columns and ids, which are borrowed for its
 * life. Free with list_cut_free(). */
struct list_cut *list_cut_new(const struct item_columns *columns, const struct ids *ids);
/* Frees it; takes NULL; returns NULL. */
struct list_cut *list_cut_free(struct list_cut *cut);
/* Takes a user's candidates, for the next cuts; the columns reach all of them. Borrowed until
 * then. */
void list_cut_begin(struct list_cut *cut, const struct cut_request *request);
/* Makes the list of a placement. */
void list_cut_make(struct list_cut *cut, const struct placement *placement,
                   struct cut_result *ret_result);
/* Writes a rule's name ("boost.christmas", "explore") into at most `size` bytes. A number of
 * cut_place.rule or cut_removal.rule. Returns into. */
const char *list_cut_rule_name(const struct placement *placement, int32_t rule, char *into,
                               size_t size);

#endif
