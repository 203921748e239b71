/* Session: the actions that a request sends along, behind those of a history. Pure. */
#ifndef FRESHET_SERVE_SESSION_H
#define FRESHET_SERVE_SESSION_H

#include "schemas/user_history.h"
#include "serve/list_query.h"

/* Appends the query's actions to a history, whose columns are made anew in the arena, and leaves
 * out the oldest where there are too many. */
void session_append(struct user_history *history, const struct list_query *query,
                    struct arena *arena);

#endif
