#include "base/base.h"
#include "schemas/item_neighbours.h"
#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "scorer/scorer_settings.h"
#include "stream/config/option_table.h"

enum { ITEMS_MAX_MOST = 100000000 };

#define OPTION_SETTINGS struct scorer_settings

const struct option scorer_options[SCORER_OPTIONS_COUNT] = {
    OPTION("list.length", LONG, list_length, "20", OPTION_RANGE(1, LIST_ITEMS_MAX),
           "Items in a list."),
    OPTION("recent.items", LONG, recent_items, "20", OPTION_RANGE(1, HISTORY_ACTIONS_MAX),
           "Newest distinct items of a user that speak for candidates."),
    OPTION("directed.weight", DOUBLE, directed_weight, "1", OPTION_RANGE(0, 1000),
           "Weight of the transitions (which item follows which)."),
    OPTION("symmetric.weight", DOUBLE, symmetric_weight, "0.1", OPTION_RANGE(0, 1000),
           "Weight of the symmetric similarity; 0 leaves it out."),
    OPTION("similarity.measure", CHOICE, similarity_measure, "cosine",
           OPTION_ONE_OF("cosine|jaccard|llr"),
           "Symmetric similarity of two items; llr wants action weights of at most 1."),
    OPTION("popularity.weight", DOUBLE, popularity_weight, "0.03", OPTION_RANGE(0, 1000),
           "Weight of the candidates' popularity."),
    OPTION("backward.weight", DOUBLE, backward_weight, "0.2", OPTION_RANGE(0, 10),
           "What a transition the other way round counts."),
    OPTION("shrink", DOUBLE, shrink, "0.3", OPTION_RANGE(0, 1e6),
           "Transitions that a pair must have to count half."),
    OPTION("source.power", DOUBLE, source_power, "0.2", OPTION_RANGE(0, 2),
           "How much a recent item's popularity lessens what it says."),
    OPTION("target.power", DOUBLE, target_power, "0.35", OPTION_RANGE(0, 2),
           "How much a candidate's popularity lessens what is said for it."),
    OPTION("kernel.power", DOUBLE, kernel_power, "0.45", OPTION_RANGE(0.05, 2),
           "Power that flattens the transitions; below 1 many weak witnesses beat one."),
    OPTION("recency.decay", DOUBLE, recency_decay, "0.85", OPTION_RANGE(0, 1),
           "Factor from one recent item to the one before it."),
    OPTION("recency.power", DOUBLE, recency_power, "0.25", OPTION_RANGE(0, 10),
           "Power of the place among the recent items that lessens their word."),
    OPTION("neighbours.used", LONG, neighbours_used, "512", OPTION_RANGE(1, NEIGHBOURS_MAX),
           "Strongest neighbours of an item that are held."),
    OPTION("items.max", LONG, items_max, "1000000", OPTION_RANGE(1, ITEMS_MAX_MOST),
           "Most items held; further ones are not recommended."),
    OPTION("items.required", BOOL, items_required, "false", OPTION_FREE,
           "Recommend only what the items topic lists; else whatever was acted on."),
    OPTION("model.name", STRING, model_name, "item-item", OPTION_FREE,
           "Name of this ranking in lists and quality."),
    OPTION("lists.evaluated", BOOL, lists_evaluated, "true", OPTION_FREE,
           "Evaluate lists by the actions that follow, and learn the blend from those; false where "
           "lists are made in hindsight.",
           OPTION_FORMERLY("judge")),
    OPTION("vectors.used", BOOL, vectors_used, "true", OPTION_FREE,
           "Blend what the sequence trainer publishes into the lists, once it has proved itself; "
           "without such a trainer it makes no difference."),
    OPTION("vectors.index.from", LONG, vectors_index_from, "200000",
           OPTION_RANGE(0, ITEMS_MAX_MOST),
           "Items from which a model version's best are found by an index: nearly the best in a "
           "fraction of the time; 0: always exactly, by a look at every item."),
    OPTION("content.used", BOOL, content_used, "false", OPTION_FREE,
           "Blend in what is like a user's newest items by tags and titles, once it has proved "
           "itself: a new item is recommended before anybody has acted on it."),
    OPTION("blend.memory.max", BYTES, blend_memory_max, "32m", OPTION_RANGE(1 << 16, 1e11),
           "Memory for what the models said of users' last lists, from which the blend learns; "
           "only with something to blend."),
    OPTION("blend.leader", CHOICE, blend_leader, "proved",
           OPTION_ONE_OF("proved|counting|sequence|mixture"),
           "Who makes the lists where there is something to blend: the one that has proved "
           "itself on users' next actions, or always this one."),
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
