/* The scorer's own options. */
#ifndef FRESHET_SCORER_SCORER_SETTINGS_H
#define FRESHET_SCORER_SCORER_SETTINGS_H

#include "scorer/lists/list_settings.h"

struct scorer_settings {
    struct list_settings lists;
    bool lists_evaluated;
    bool lists_json;
    bool explore_logged;
    int64_t blend_memory_max;
    int64_t remake_share;
    int64_t remake_rest_ms;
    int64_t list_age_max_ms;
};

/* The options table behind the struct. */
enum { SCORER_OPTIONS_COUNT = LIST_OPTIONS_COUNT + 7 };
extern const struct option scorer_options[SCORER_OPTIONS_COUNT];

#endif
