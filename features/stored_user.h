/* Stored user: a user's timeline as the message UserState, and back. */
#ifndef FRESHET_FEATURES_STORED_USER_H
#define FRESHET_FEATURES_STORED_USER_H

#include "features/users.h"
#include "schemas/user_state.h"

struct stored_user;

/* Makes a scratch for any UserState within the contract's limits; borrows ids and window for its
 * life. Free with stored_user_free(). */
struct stored_user *stored_user_new(struct ids *ids, const struct window *window);
/* Frees the scratch; takes NULL; returns NULL. */
struct stored_user *stored_user_free(struct stored_user *stored);
/* Fills the message; its columns are borrowed from scratch, user and ids until the next call or a
 * change of the user. */
void stored_user_fill(struct stored_user *stored, const struct user *user,
                      struct user_state *ret_state);
/* Fills an empty user. 0; -EINVAL when the state is none (columns differ in length, no timeline);
 * -ENOSPC when ids are full. */
int stored_user_load(struct stored_user *stored, const struct user_state *state,
                     struct user *user);

#endif
