/* The options of features, and the checks between them. */
#ifndef FRESHET_FEATURES_FEATURE_SETTINGS_H
#define FRESHET_FEATURES_FEATURE_SETTINGS_H

#include "model/counting/timeline.h"
#include "stream/config/options.h"

struct feature_settings {
    int64_t history_length;
    int64_t actions_max;
    int64_t seen_max;
    int64_t pairs_window;
    int64_t transitions_window;
    double transitions_exponent;
    double weights_power;
    int64_t decay_half_life_ms;
    int64_t trend_half_life_ms;
    int64_t future_max_ms;
    int64_t latest_ms;
    int64_t users_cache_bytes;
    int64_t items_max;
    bool archive;
    int64_t shown_max;
    int64_t taken_back_max;
    bool outcomes_counted;
    int64_t outcomes_kept_ms;
    int64_t listed_max;
    const char *cross_pairs;
    int64_t searches_max;
    bool contexts_counted;
};

enum { FEATURE_OPTIONS_COUNT = 22 };
extern const struct option feature_options[FEATURE_OPTIONS_COUNT];

/* Checks the settings against each other; 0, or -EINVAL with the reason and a hint in why. */
int feature_settings_check(const struct feature_settings *settings, char *why, size_t why_size);
/* Makes the rules of timelines from the settings. */
struct timeline_rules feature_settings_rules(const struct feature_settings *settings);

#endif
