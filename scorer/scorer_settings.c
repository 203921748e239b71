#include "base/base.h"
#include "schemas/item_neighbours.h"
#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "scorer/scorer_settings.h"

enum { ITEMS_MAX_MOST = 100000000 };

#define SCORER_OPTION(name, type, member, fallback, min, max, help)                                \
    {                                                                                              \
        name, type, offsetof(struct scorer_settings, member), fallback, min, max, NULL, help       \
    }

const struct option scorer_options[SCORER_OPTIONS_COUNT] = {
    SCORER_OPTION("list.length", OPTION_LONG, list_length, "20", 1, LIST_ITEMS_MAX,
                  "Items in a list."),
    SCORER_OPTION("recent.items", OPTION_LONG, recent_items, "20", 1, HISTORY_ACTIONS_MAX,
                  "Newest distinct items of a user that speak for candidates."),
    SCORER_OPTION("directed.weight", OPTION_DOUBLE, directed_weight, "1", 0, 1000,
                  "Weight of the transitions (which item follows which)."),
    SCORER_OPTION("symmetric.weight", OPTION_DOUBLE, symmetric_weight, "0.1", 0, 1000,
                  "Weight of the symmetric similarity; 0 leaves it out."),
    {"similarity.measure", OPTION_CHOICE, offsetof(struct scorer_settings, similarity_measure),
     "cosine", 0, 0, "cosine|jaccard|llr",
     "Symmetric similarity of two items; llr wants action weights of at most 1."},
    SCORER_OPTION("popularity.weight", OPTION_DOUBLE, popularity_weight, "0.03", 0, 1000,
                  "Weight of the candidates' popularity."),
    SCORER_OPTION("backward.weight", OPTION_DOUBLE, backward_weight, "0.2", 0, 10,
                  "What a transition the other way round counts."),
    SCORER_OPTION("shrink", OPTION_DOUBLE, shrink, "0.3", 0, 1e6,
                  "Transitions that a pair must have to count half."),
    SCORER_OPTION("source.power", OPTION_DOUBLE, source_power, "0.2", 0, 2,
                  "How much a recent item's popularity lessens what it says."),
    SCORER_OPTION("target.power", OPTION_DOUBLE, target_power, "0.35", 0, 2,
                  "How much a candidate's popularity lessens what is said for it."),
    SCORER_OPTION("kernel.power", OPTION_DOUBLE, kernel_power, "0.45", 0.05, 2,
                  "Power that flattens the transitions; below 1 many weak witnesses beat one."),
    SCORER_OPTION("recency.decay", OPTION_DOUBLE, recency_decay, "0.85", 0, 1,
                  "Factor from one recent item to the one before it."),
    SCORER_OPTION("recency.power", OPTION_DOUBLE, recency_power, "0.25", 0, 10,
                  "Power of the place among the recent items that lessens their word."),
    SCORER_OPTION("neighbours.used", OPTION_LONG, neighbours_used, "512", 1, NEIGHBOURS_MAX,
                  "Strongest neighbours of an item that are held."),
    SCORER_OPTION("items.max", OPTION_LONG, items_max, "1000000", 1, ITEMS_MAX_MOST,
                  "Most items held; further ones are not recommended."),
    SCORER_OPTION("items.required", OPTION_BOOL, items_required, "false", 0, 0,
                  "Recommend only what the items topic lists; else whatever was acted on."),
    SCORER_OPTION("model.name", OPTION_STRING, model_name, "item-item", 0, 0,
                  "Name of this ranking in lists and quality."),
    SCORER_OPTION("judge", OPTION_BOOL, judge, "true", 0, 0,
                  "Judge lists by the actions that follow, and learn the blend from those; off "
                  "where lists are made in hindsight."),
    SCORER_OPTION("vectors.used", OPTION_BOOL, vectors_used, "true", 0, 0,
                  "Blend what the sequence trainer publishes into the lists, once it has proved "
                  "itself; without such a trainer it makes no difference."),
    SCORER_OPTION("vectors.index.from", OPTION_LONG, vectors_index_from, "200000", 0,
                  ITEMS_MAX_MOST,
                  "Items from which a generation's best are found by an index: nearly the best in "
                  "a fraction of the time; 0: always exactly, by a look at every item."),
    SCORER_OPTION("content.used", OPTION_BOOL, content_used, "false", 0, 0,
                  "Blend in what is like a user's newest items by tags and titles, once it has "
                  "proved itself: a new item is recommended before anybody has acted on it."),
    SCORER_OPTION("blend.memory.max", OPTION_BYTES, blend_memory_max, "32m", 1 << 16, 1e11,
                  "Memory for what the models said of users' last lists, from which the blend "
                  "learns; only with something to blend."),
    {"blend.leader", OPTION_CHOICE, offsetof(struct scorer_settings, blend_leader), "proved", 0, 0,
     "proved|counting|sequence|mixture",
     "Who makes the lists where there is something to blend: the one that has proved itself on "
     "users' next actions, or always this one."},
};

struct item_table_settings scorer_table_settings(const struct scorer_settings *settings)
{
    return (struct item_table_settings){
        .backward_weight = settings->backward_weight,
        .shrink = settings->shrink,
        .source_power = settings->source_power,
        .target_power = settings->target_power,
        .kernel_power = settings->kernel_power,
        .neighbours_used = (size_t)settings->neighbours_used,
        .measure = (enum similarity_measure)settings->similarity_measure,
    };
}

struct ranking_settings scorer_ranking_settings(const struct scorer_settings *settings)
{
    return (struct ranking_settings){
        .recent_items = (size_t)settings->recent_items,
        .recency_decay = settings->recency_decay,
        .recency_power = settings->recency_power,
        .directed_weight = settings->directed_weight,
        .symmetric_weight = settings->symmetric_weight,
        .popularity_weight = settings->popularity_weight,
    };
}
