/* User profiles: what the platform knows of its users (topic `users`), for conditions of rules.
 *
 * A user of whom nothing is known that a condition can ask for takes no memory. Memory is bounded:
 * beyond it, records are refused. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_USER_PROFILES_H
#define FRESHET_SCORER_LISTS_USER_PROFILES_H

#include "rules/condition.h"
#include "schemas/user_profile.h"

struct user_profiles;

/* Makes an empty table of at most so many bytes; free with user_profiles_free(). */
struct user_profiles *user_profiles_new(size_t bytes_max);
/* Takes NULL; returns NULL. */
struct user_profiles *user_profiles_free(struct user_profiles *profiles);
/* Puts a profile in place of the user's former one. NULL, or the reason why it is refused, and the
 * former one is gone: "over_memory". *ret_other: what is known of the user has changed. */
const char *user_profiles_put(struct user_profiles *profiles, const struct user_profile *profile,
                              bool *ret_other);
/* Removes a user's profile. False: there was none. */
bool user_profiles_remove(struct user_profiles *profiles, struct slice user);
/* Finds what is known of a user; the texts are borrowed until the next call. False: nothing is. */
bool user_profiles_find(struct user_profiles *profiles, struct slice user,
                        struct user_attributes *ret_attributes);
/* Counts profiles, and bytes. */
size_t user_profiles_count(const struct user_profiles *profiles);
size_t user_profiles_bytes(const struct user_profiles *profiles);

#endif
