/* One line of a catalogue file, JSON with the field names of the contract, as an Item or a
 * UserProfile message. */
#ifndef FRESHET_CLI_CATALOGUE_LINE_H
#define FRESHET_CLI_CATALOGUE_LINE_H

#include "base/arena.h"
#include "schemas/item.h"
#include "schemas/user_profile.h"

/* Reads an item. Strings are copied into the arena. 0, or -EINVAL with ret_why (fixed text). */
int catalogue_line_item(struct slice line, struct arena *arena, struct item *ret_item,
                        const char **ret_why);
/* Reads a user's profile. */
int catalogue_line_profile(struct slice line, struct arena *arena, struct user_profile *ret_profile,
                           const char **ret_why);

#endif
