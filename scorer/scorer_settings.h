/* The scorer's own options, and the settings of tables and ranking made from them. */
#ifndef FRESHET_SCORER_SCORER_SETTINGS_H
#define FRESHET_SCORER_SCORER_SETTINGS_H

#include "model/counting/ranking.h"
#include "stream/config/options.h"

/* Which contender makes the lists: the choices of the option `blend.leader`, in its order. */
enum leader_choice { LEADER_PROVED, LEADER_COUNTING, LEADER_SEQUENCE, LEADER_MIXTURE };

struct scorer_settings {
    int64_t list_length;
    int64_t recent_items;
    int32_t similarity_measure; /* enum similarity_measure */
    double directed_weight;
    double symmetric_weight;
    double popularity_weight;
    double shrink;
    double source_power;
    double target_power;
    double kernel_power;
    double backward_weight;
    double recency_decay;
    double recency_power;
    int64_t neighbours_used;
    int64_t items_max;
    int64_t items_admit_actions;
    bool items_required;
    const char *model_name;
    bool lists_evaluated;
    bool vectors_used;
    int64_t vectors_index_from;
    bool content_used;
    int64_t blend_memory_max;
    int64_t remake_share;
    int32_t blend_leader; /* enum leader_choice */
};

/* The options table behind the struct. */
enum { SCORER_OPTIONS_COUNT = 25 };
extern const struct option scorer_options[SCORER_OPTIONS_COUNT];

/* Makes the settings of the item-item table. */
struct item_table_settings scorer_table_settings(const struct scorer_settings *settings);
/* Makes the settings of the ranking. */
struct ranking_settings scorer_ranking_settings(const struct scorer_settings *settings);

#endif
