/* The metrics of features. */
#ifndef FRESHET_FEATURES_FEATURE_METRICS_H
#define FRESHET_FEATURES_FEATURE_METRICS_H

#include "stream/metrics.h"

struct feature_metrics {
    struct metric *accepted, *repeated, *late, *pair_updates, *users_cached;
    struct metric *forgotten_users, *forgotten_events;
    struct metric *merged, *followed, *moved, *moved_late;
    struct metric *searches, *exposures, *taken_back, *taken_back_early, *foreign_lists;
};

/* Registers them. */
struct feature_metrics feature_metrics_register(struct metrics *metrics);

#endif
