/* A generation: everything that the workers make of `events` with one set of settings, under names
 * of its own, beside other generations.
 *
 * Its name goes behind the names of its topics (`histories.g2`), groups, transactional ids and
 * directories. The generation without a name, the *base*, is what a team has that never made
 * another. What all generations read or write together (events, items, recommendations) keeps its
 * plain name.
 */
#ifndef FRESHET_STREAM_GENERATION_H
#define FRESHET_STREAM_GENERATION_H

#include "base/base.h"

enum { GENERATION_BYTES_MAX = 32 };

/* What people call the generation without a name. */
extern const char generation_base[];

/* Says whether a name may be a generation's: empty (the base), or 1 to GENERATION_BYTES_MAX of
 * a-z, 0-9 and '-', not beginning with '-' and not "base". */
bool generation_valid(const char *generation);
/* Puts a generation's name behind another name; the caller frees. */
char *generation_name(const char *name, const char *generation);
/* Reads what people call a generation: "" for "base"; NULL when it is no name of one. Borrowed. */
const char *generation_of(const char *told);
/* Tells what people call a generation: "base" for the one without a name. Borrowed. */
const char *generation_told(const char *generation);

#endif
