/* The sequence trainer's own options, and the training settings made from them. */
#ifndef FRESHET_TRAINER_SEQUENCE_SEQUENCE_SETTINGS_H
#define FRESHET_TRAINER_SEQUENCE_SEQUENCE_SETTINGS_H

#include "trainer/sequence/cluster_counter.h"
#include "trainer/sequence/segment_counter.h"
#include "trainer/sequence/training_thread.h"
#include "stream/config/options.h"

struct sequence_settings {
    int64_t threads;
    double cpu_share;
    int64_t memory_max;
    int64_t checkpoint_ms;
    int64_t publish_ms;
    int64_t d;
    int64_t blocks;
    int64_t heads;
    int64_t length;
    double dropout;
    double mask_share;
    double weights_power;
    int64_t batch;
    double rate;
    int64_t epochs;
    int64_t patience;
    int64_t actions_least;
    double growth;
    int64_t items_max;
    int64_t seed;
    bool attributes;
    const char *vectors;
    int64_t vectors_d;
    const char *query_model_path;
    int64_t query_pieces_max;
    int64_t searches_max;
    int64_t rows_max;
    int64_t segments_every_ms;
    int64_t segments_users_min;
    int64_t segments_item_users_min;
    int64_t segments_max;
    int64_t segments_items;
    int64_t segments_memory_max;
    int64_t clusters_every_ms;
    int64_t clusters_max;
    int64_t clusters_d;
    int64_t clusters_users_min;
    int64_t clusters_item_users_min;
    int64_t clusters_items;
    int64_t clusters_factors;
    int64_t clusters_users_told;
    int64_t clusters_memory_max;
};

/* The options table behind the struct. */
enum { SEQUENCE_OPTIONS_COUNT = 42 };
extern const struct option sequence_options[SEQUENCE_OPTIONS_COUNT];

/* Checks what the options table cannot; returns what is wrong, NULL when nothing is. */
const char *sequence_settings_fault(const struct sequence_settings *settings);
/* Makes the settings of the training thread; items are bounded by memory_max too. */
struct training_thread_settings
sequence_training_settings(const struct sequence_settings *settings);
/* Returns the pace of the training thread, which may change while it trains. */
struct training_pace sequence_pace(const struct sequence_settings *settings);
/* Makes the settings of the segment counter. */
struct segment_counter_settings
sequence_segment_settings(const struct sequence_settings *settings);
/* Makes the settings of the cluster counter. */
struct cluster_counter_settings
sequence_cluster_settings(const struct sequence_settings *settings);
/* Says whether sequences have searches: there is a model for their texts, and items have vectors of
 * texts. */
bool sequence_reads_searches(const struct sequence_settings *settings);
/* Returns the bytes that sequences may take of memory_max. */
size_t sequence_training_set_bytes(const struct sequence_settings *settings);

#endif
