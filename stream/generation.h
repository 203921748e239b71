/* A generation is everything that the workers make of `events` with one set of settings.
 * Generations exist beside each other, each under its own names.
 *
 * The generation's name is appended to its topics (`histories.g2`), groups, transactional ids and
 * directories. The generation without a name is the *base*: the only one until another is created.
 * Topics that all generations share (events, items, recommendations) keep their plain names.
 */
#ifndef FRESHET_STREAM_GENERATION_H
#define FRESHET_STREAM_GENERATION_H

#include "base/base.h"

enum { GENERATION_BYTES_MAX = 32 };

/* The label of the generation without a name: "base". */
extern const char generation_base[];

/* True when a name is valid for a generation: empty (the base), or 1 to GENERATION_BYTES_MAX of
 * a-z, 0-9 and '-', not beginning with '-' and not "base". */
bool generation_valid(const char *generation);
/* Appends a generation's name to another name; the caller frees the result. */
char *generation_name(const char *name, const char *generation);
/* Returns the name for a label: "" for "base"; NULL when the label is invalid. Borrowed. */
const char *generation_parse(const char *label);
/* Returns the label for a name: "base" for the generation without a name. Borrowed. */
const char *generation_label(const char *generation);

#endif
