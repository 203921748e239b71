/* Placed list: a stored list as that of one of its placements. */
#ifndef FRESHET_SERVE_PLACED_LIST_H
#define FRESHET_SERVE_PLACED_LIST_H

#include "base/arena.h"
#include "schemas/recommendation_list.h"

/* Makes a list the one of a placement: its items with their reasons, relevance as their scores,
 * what the rules have done to them, and what they took off. In a list of an earlier release, an
 * item has the reason that it has on the list itself; OTHER, where it is not on it. The placement
 * `main` is the list itself. New columns live in the arena. False: the list has no such placement,
 * and is unchanged. */
bool placed_list_choose(struct recommendation_list *list, struct slice placement,
                        struct arena *arena);

#endif
