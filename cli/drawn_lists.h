/* Drawn lists: what `served` says of lists with a place that was drawn, joined by list_id with the
 * events that say what came of them, and evaluated place by place (evaluate/off_policy.h).
 *
 * All records of `served` are put first, then the events, in any order. A list counts when an event
 * says that the item was shown, or what was done with it; or all do. Repeats count once. An action
 * that is taken back, by an event before or behind it, counts nothing.
 */
#ifndef FRESHET_CLI_DRAWN_LISTS_H
#define FRESHET_CLI_DRAWN_LISTS_H

#include "evaluate/off_policy.h"
#include "schemas/served_place.h"
#include "schemas/user_event.h"

enum { DRAWN_LISTS_MAX = 20000000, DRAWN_EVENTS_MAX = 200000000 };

/* What a list gains, in the order of the flag --reward: 1 for at least one of these, or a sum. */
enum drawn_reward { REWARD_CLICKS, REWARD_ACTIONS, REWARD_CONVERSIONS, REWARD_REVENUE };

struct drawn_settings {
    enum drawn_reward reward;
    struct slice placement; /* only its lists; empty: all */
    bool unseen;            /* lists that no event names count, too */
};

/* What was evaluated: one place of one placement. */
struct drawn_place {
    struct slice placement;
    int32_t place;
    const struct off_policy *policies;
    size_t made; /* lists, whether they count or not */
};

struct drawn_lists;

/* Makes an empty table. Free with drawn_lists_free(). */
struct drawn_lists *drawn_lists_new(const struct drawn_settings *settings);
/* Takes NULL; returns NULL. */
struct drawn_lists *drawn_lists_free(struct drawn_lists *lists);
/* Puts a record of `served`; false: there are too many. */
bool drawn_lists_put(struct drawn_lists *lists, const struct served_place *place);
/* Takes an event; false: there are too many. */
bool drawn_lists_see(struct drawn_lists *lists, const struct user_event *ev);
/* Counts records that say what cannot be (served_place_chosen()), and events that name a list of
 * which `served` has nothing. */
size_t drawn_lists_refused(const struct drawn_lists *lists);
size_t drawn_lists_unknown(const struct drawn_lists *lists);
/* Evaluates all lists. Returns the number of places; *ret_places is borrowed, by placement and
 * place. To be called once. */
size_t drawn_lists_evaluate(struct drawn_lists *lists, const double *temperatures, size_t count,
                            const struct drawn_place **ret_places);

#endif
