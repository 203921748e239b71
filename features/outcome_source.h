/* What an outcome comes from, as one text: placement:generation:rule. Rows and users' states have
 * it. */
#ifndef FRESHET_FEATURES_OUTCOME_SOURCE_H
#define FRESHET_FEATURES_OUTCOME_SOURCE_H

#include "schemas/placement_outcomes.h"
#include "schemas/user_event.h"

enum { OUTCOME_SOURCE_BYTES_MAX = LIST_ID_BYTES_MAX + EVENT_RULE_BYTES_MAX + 1 };

/* Finds the three parts, borrowed from the text; false: it has not so many, or is too long. */
bool outcome_source_split(struct slice text, struct placement_outcomes *ret_names);
/* Says whether a text is a source whose parts are no longer than they may be. */
bool outcome_source_valid(struct slice text);

#endif
