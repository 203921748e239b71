/* Stored user: converts between a user's timeline and the message UserState. */
#ifndef FRESHET_FEATURES_STORED_USER_H
#define FRESHET_FEATURES_STORED_USER_H

#include "features/users.h"
#include "schemas/user_state.h"

struct stored_user;

/* Makes scratch space for any UserState within the contract's limits; borrows ids and window for
 * its life. Free with stored_user_free(). */
struct stored_user *stored_user_new(struct ids *ids, const struct window *window);
/* Frees it; takes NULL; returns NULL. */
struct stored_user *stored_user_free(struct stored_user *stored);
/* Fills the message; its columns are borrowed from the scratch space, user and ids until the next
 * call or a change of the user. */
void stored_user_fill(struct stored_user *stored, const struct user *user,
                      struct user_state *ret_state);
/* Fills an empty user. 0; -EINVAL when the state is invalid (columns differ in length, no valid
 * timeline); -ENOSPC when ids are full. */
int stored_user_load(struct stored_user *stored, const struct user_state *state,
                     struct user *user);

#endif
