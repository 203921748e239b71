/* History: builds the message UserHistory from a user's timeline, its newest actions as columns.
 *
 * The columns and bytes of a filled message are borrowed from the builder, the timeline and the ids
 * until the next fill or a change of the user.
 */
#ifndef FRESHET_FEATURES_HISTORY_H
#define FRESHET_FEATURES_HISTORY_H

#include "features/users.h"
#include "schemas/user_history.h"

struct history;

/* Makes a builder for messages of at most `length` actions; borrows ids for its life. actions_max
 * and seen_max are the bounds of a timeline. Free with history_free(). */
struct history *history_new(int32_t length, int32_t actions_max, int32_t seen_max,
                            const struct ids *ids);
/* Frees the builder; takes NULL; returns NULL. */
struct history *history_free(struct history *history);
/* Says whether a user has a history: an action or a search. */
bool history_any(const struct user *user);
/* Fills the message for a user who has one; `partition` is that of the input. `seen` holds each
 * other item once: first the remembered ones, then those of older actions. */
void history_fill(struct history *history, const struct user *user, int32_t partition,
                  struct user_history *ret_message);

#endif
