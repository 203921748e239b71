/* Maps the source's names for actions to an action kind and a weight.
 *
 * The contract's own symbols but IDENTIFY are known from the start, in upper and lower case
 * ("PURCHASE", "purchase"), each with weight 1. The properties `action.NAME=KIND:WEIGHT` add names
 * and replace these; WEIGHT defaults to 1. `action.NAME=refuse` removes a name;
 * `action.NAME=ignore` drops such actions and counts them. `fallback` decides about names that are
 * not listed: "refuse", "ignore", or KIND:WEIGHT.
 */
#ifndef FRESHET_INGEST_MAPPING_ACTION_NAMES_H
#define FRESHET_INGEST_MAPPING_ACTION_NAMES_H

#include "syntax/action_syntax.h"
#include "stream/config/options.h"

enum {
    ACTION_NAMES_MAX = 1000,
    ACTION_NAME_BYTES_MAX = 256,
};

struct action_names;

/* Makes the table; free with action_names_free(). 0, or -EINVAL with the reason written to why. The
 * names are copied. */
int action_names_new(const struct properties *properties, const char *fallback, double weight_max,
                     struct action_names **ret_names, char *why, size_t why_size);
/* Frees the table; takes NULL; returns NULL. */
struct action_names *action_names_free(struct action_names *names);
/* Says whether some name means IDENTIFY. */
bool action_names_mean(const struct action_names *names, enum action_kind kind);
/* Looks a name up (data NULL: the record has none), the fallback included; NULL: refused. */
const struct action_meaning *action_names_find(const struct action_names *names, struct slice name);

#endif
