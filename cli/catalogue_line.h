/* One line of a catalogue file, JSON with the field names of the contract, as an Item, UserProfile
 * or GivenVector message. A value of another type than the contract's is refused; a null counts as
 * absent. */
#ifndef FRESHET_CLI_CATALOGUE_LINE_H
#define FRESHET_CLI_CATALOGUE_LINE_H

#include "base/arena.h"
#include "base/reason.h"
#include "schemas/given_vector.h"
#include "schemas/user_profile.h"

/* Reads an item. Strings are copied into the arena. ret_unknown becomes the first field that the
 * contract does not have, in the arena; NULL: none. 0, or -1 with the reason. */
int catalogue_line_item(struct slice line, struct arena *arena, struct item *ret_item,
                        const char **ret_unknown, struct reason *reason);
/* Reads a user's profile. */
int catalogue_line_profile(struct slice line, struct arena *arena, struct user_profile *ret_profile,
                           const char **ret_unknown, struct reason *reason);
/* Reads a vector of an item; one without numbers takes the former one back. */
int catalogue_line_vector(struct slice line, struct arena *arena, struct given_vector *ret_vector,
                          const char **ret_unknown, struct reason *reason);

#endif
