/* The value of action.NAME: KIND:WEIGHT, KIND, KIND:back, ignore or refuse. */
#ifndef FRESHET_SYNTAX_ACTION_SYNTAX_H
#define FRESHET_SYNTAX_ACTION_SYNTAX_H

#include "base/buf.h"
#include "schemas/user_event.h"

/* The meaning of one name. */
struct action_meaning {
    enum action_kind kind;
    double weight; /* finite, 0 to weight_max */
    bool ignored;  /* dropped: no event */
    bool takes_back; /* such an action is taken back */
};

/* Parses a value. ret_known is false for `refuse`, and ret_meaning is then untouched. 0, or -EINVAL
 * with what is wrong, and the nearest kind, appended to why. */
int action_syntax_parse(const char *text, double weight_max, struct action_meaning *ret_meaning,
                        bool *ret_known, struct buf *why);
/* Says whether a valid value names a kind without a weight, which is then 1. False for kinds whose
 * weight nothing asks for: exposures, searches and what identifies a user. */
bool action_syntax_unweighted(const char *text);
/* Returns a kind's name in the contract. */
const char *action_kind_name(enum action_kind kind);

#endif
