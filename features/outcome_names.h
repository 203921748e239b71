/* The sources whose totals a partition keeps, and in which hour each was counted last.
 *
 * Anybody may send names, so there is room for OUTCOME_SOURCES_MAX only. A quarter of it is not for
 * names with a rule, so that rules that nobody has written do not take the place of placements. A
 * name that is silent, counted in no hour that is kept, leaves when there is no room for a new one.
 * What is known depends on the events alone, not on batches or starts. One thread.
 */
#ifndef FRESHET_FEATURES_OUTCOME_NAMES_H
#define FRESHET_FEATURES_OUTCOME_NAMES_H

#include "base/hash_index.h"

enum {
    /* Distinct placements, generations and rules that are counted, together. */
    OUTCOME_SOURCES_MAX = 4096,
    OUTCOME_RULES_MAX = OUTCOME_SOURCES_MAX / 4 * 3, /* up to here, one with a rule finds room */
};

struct outcome_name {
    char *text;
    size_t size;
    int64_t hour_ms; /* INT64_MIN: in none that is kept */
};

struct outcome_names {
    struct outcome_name *at;
    size_t count, capacity;
    struct hash_index index;
};

/* Prepares an empty set. */
void outcome_names_init(struct outcome_names *names);
/* Removes all; the memory of the set stays. */
void outcome_names_clear(struct outcome_names *names);
/* Frees the memory. */
void outcome_names_release(struct outcome_names *names);
/* Says whether a name is known. */
bool outcome_names_has(const struct outcome_names *names, struct slice text);
/* Says whether there is room for a new name. */
bool outcome_names_has_room(const struct outcome_names *names, bool with_rule);
/* Adds a name that is not known. */
void outcome_names_add(struct outcome_names *names, struct slice text);
/* A name was counted in an hour; ignores one that is not known. */
void outcome_names_count(struct outcome_names *names, struct slice text, int64_t hour_ms);
/* Removes the names that were counted in no hour from oldest_ms on, unless each() returns false;
 * the text lives for the call. */
void outcome_names_drop_silent(struct outcome_names *names, int64_t oldest_ms,
                               bool (*each)(void *arg, struct slice text), void *arg);

#endif
