/* The settings that decide how lists are made, of every worker that makes some: the options, by the
 * same names and with the same defaults, and the settings of tables and ranking made from them.
 */
#ifndef FRESHET_SCORER_LISTS_LIST_SETTINGS_H
#define FRESHET_SCORER_LISTS_LIST_SETTINGS_H

#include "model/counting/ranking.h"
#include "schemas/item_neighbours.h"
#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "embed/text/query_vectors.h"
#include "stream/config/option_table.h"

/* Which contender makes the lists: the choices of the option `blend.leader`, in its order. */
enum leader_choice { LEADER_PROVED, LEADER_COUNTING, LEADER_SEQUENCE, LEADER_MIXTURE };

struct list_settings {
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
    bool vectors_used;
    int64_t vectors_index_from;
    bool content_used;
    int32_t blend_leader; /* enum leader_choice */
    double dislike_weight;
    double recent_weights_power;
    double shown_weight;
    double cross_weight;
    int64_t shown_half_life_ms;
    bool brought_used;
    double brought_weight;
    int64_t brought_memory_max;
    bool profiles_used;
    int64_t profiles_memory_max;
    bool clusters_used;
    int64_t clusters_table_memory_max;
    bool users_used;
    bool search_used;
    double search_user_weight;
    double search_vectors_weight;
    double search_weight;
    int64_t search_actions;
    int64_t search_fresh_ms;
    const char *query_model_path;
    int64_t query_pieces_max;
    int64_t query_cache;
};

enum { LIST_OPTIONS_COUNT = 44, ITEMS_MAX_MOST = 100000000 };

/* The rows for an option table of a struct whose member `lists` is a struct list_settings. */
#define LIST_OPTIONS                                                                               \
    OPTION("list.length", LONG, lists.list_length, "20", OPTION_RANGE(1, LIST_ITEMS_MAX),          \
           "Items in a list."),                                                                    \
    OPTION("recent.items", LONG, lists.recent_items, "20", OPTION_RANGE(1, HISTORY_ACTIONS_MAX),   \
           "Newest distinct items of a user that give scores to candidates."),                     \
    OPTION("directed.weight", DOUBLE, lists.directed_weight, "1", OPTION_RANGE(0, 1000),           \
           "Weight of the transitions (which item follows which)."),                               \
    OPTION("symmetric.weight", DOUBLE, lists.symmetric_weight, "0.1", OPTION_RANGE(0, 1000),       \
           "Weight of the symmetric similarity; 0: not used."),                                    \
    OPTION("similarity.measure", CHOICE, lists.similarity_measure, "cosine",                       \
           OPTION_ONE_OF("cosine|jaccard|llr"),                                                    \
           "Measure of the symmetric similarity; llr needs action weights of at most 1."),         \
    OPTION("popularity.weight", DOUBLE, lists.popularity_weight, "0.03", OPTION_RANGE(0, 1000),    \
           "Weight of the candidates' popularity."),                                               \
    OPTION("backward.weight", DOUBLE, lists.backward_weight, "0.2", OPTION_RANGE(0, 10),           \
           "Weight of a transition in the other direction."),                                      \
    OPTION("shrink", DOUBLE, lists.shrink, "0.3", OPTION_RANGE(0, 1e6),                            \
           "Transitions that a pair needs to count half."),                                        \
    OPTION("source.power", DOUBLE, lists.source_power, "0.2", OPTION_RANGE(0, 2),                  \
           "Power by which a recent item's popularity reduces the scores that it gives."),         \
    OPTION("target.power", DOUBLE, lists.target_power, "0.35", OPTION_RANGE(0, 2),                 \
           "Power by which a candidate's popularity reduces its score."),                          \
    OPTION("kernel.power", DOUBLE, lists.kernel_power, "0.45", OPTION_RANGE(0.05, 2),              \
           "Power of the transitions; below 1 many weak ones give more than one strong one."),     \
    OPTION("recency.decay", DOUBLE, lists.recency_decay, "0.85", OPTION_RANGE(0, 1),               \
           "Factor from the score of one recent item to that of the item before it."),             \
    OPTION("recency.power", DOUBLE, lists.recency_power, "0.25", OPTION_RANGE(0, 10),              \
           "Power by which the rank among the recent items reduces their scores."),                \
    OPTION("neighbours.used", LONG, lists.neighbours_used, "512", OPTION_RANGE(1, NEIGHBOURS_MAX), \
           "Strongest neighbours of an item that are kept in memory."),                            \
    OPTION("items.max", LONG, lists.items_max, "1000000", OPTION_RANGE(1, ITEMS_MAX_MOST),         \
           "Most items of the catalogue in memory, and as many others; further ones are not "      \
           "recommended. An item with more actions takes the place of one with few."),             \
    OPTION("items.admit.actions", LONG, lists.items_admit_actions, "0", OPTION_RANGE(0, 1000000),  \
           "Actions that an item needs to be recommended, unless it is in the catalogue."),        \
    OPTION("items.required", BOOL, lists.items_required, "false", OPTION_FREE,                     \
           "Recommend only items of the topic items; false: also any item that was acted on."),    \
    OPTION("model.name", STRING, lists.model_name, "item-item", OPTION_FREE,                       \
           "Name of this ranking in the topics of lists and in quality."),                         \
    OPTION("vectors.used", BOOL, lists.vectors_used, "true", OPTION_FREE,                          \
           "Use the model versions of the sequence trainer in the blend; has no effect without "   \
           "such a trainer."),                                                                     \
    OPTION("vectors.index.from", LONG, lists.vectors_index_from, "200000",                         \
           OPTION_RANGE(0, ITEMS_MAX_MOST),                                                        \
           "From this many items on, a model version's best items are found by an approximate "    \
           "index; 0: always exactly, by a scan over all items."),                                 \
    OPTION("content.used", BOOL, lists.content_used, "true", OPTION_FREE,                          \
           "Blend in items that are similar to a user's newest items by tags, titles and vectors " \
           "(freshet-embed): a new item can be recommended before anybody has acted on it."),      \
    OPTION("blend.leader", CHOICE, lists.blend_leader, "proved",                                   \
           OPTION_ONE_OF("proved|counting|sequence|mixture"),                                      \
           "Which model makes the lists where there is a blend; proved: the one that is best on "  \
           "users' next actions."),                                                                \
    OPTION("recent.weights.power", DOUBLE, lists.recent_weights_power, "1", OPTION_RANGE(0, 2),    \
           "Power of the weight of a recent item's action (a rating: 1), as a part of the user's " \
           "greatest; 0: all count alike"),                                                        \
    OPTION("dislike.weight", DOUBLE, lists.dislike_weight, "0.5", OPTION_RANGE(0, 1000),           \
           "Part of what a disliked item would add to its neighbours that it takes off them; 0: "  \
           "nothing."),                                                                            \
    OPTION("cross.weight", DOUBLE, lists.cross_weight, "0.1", OPTION_RANGE(0, 1000),               \
           "Weight of what other kinds of actions on recent items say of a candidate, where "      \
           "features counts that (cross.pairs); 0: not used."),                                    \
    OPTION("shown.weight", DOUBLE, lists.shown_weight, "0.5", OPTION_RANGE(0, 1000),               \
           "How much less an item counts that the user was shown and did not take: divided by 1 "  \
           "+ this, for each time; 0: not at all."),                                               \
    OPTION("shown.half.life", DURATION, lists.shown_half_life_ms, "3d",                            \
           OPTION_RANGE(1, 36500 * 86400e3), "Time in which what was shown counts half."),         \
    OPTION("candidates.used", BOOL, lists.brought_used, "false", OPTION_FREE,                      \
           "Rank the items that a platform brings itself (topic candidates) beside the others."),  \
    OPTION("candidates.weight", DOUBLE, lists.brought_weight, "0.5", OPTION_RANGE(0, 1000),        \
           "What being brought adds to an item's score, as a part of what lies between the least " \
           "and the best score of the list; 0: it is a candidate, and no more."),                  \
    OPTION("candidates.memory.max", BYTES, lists.brought_memory_max, "64m",                        \
           OPTION_RANGE(1 << 16, 1024 * GIB),                                                      \
           "Memory for items that are brought; further records are refused."),                     \
    OPTION("profiles.used", BOOL, lists.profiles_used, "true", OPTION_FREE,                        \
           "Rules (in serve segments, too) may ask for what profiles say of users (topic users)."),\
    OPTION("profiles.memory.max", BYTES, lists.profiles_memory_max, "256m",                        \
           OPTION_RANGE(1 << 16, 1024 * GIB),                                                      \
           "Memory for profiles of users; further ones are refused."),                             \
    OPTION("clusters.used", BOOL, lists.clusters_used, "true", OPTION_FREE,                        \
           "Fill lists up with what users act on who act alike (topic profiles, by sequence)."),   \
    OPTION("clusters.table.memory.max", BYTES, lists.clusters_table_memory_max, "128m",            \
           OPTION_RANGE(1 << 16, 1024 * GIB),                                                      \
           "Memory for clusters of users and the items' factors; further records are refused."),   \
    OPTION("users.used", BOOL, lists.users_used, "true", OPTION_FREE,                              \
           "Blend in what users chose who act alike (topic profiles, as clusters.used, which it "  \
           "needs)."),                                                                             \
    OPTION("search.used", BOOL, lists.search_used, "true", OPTION_FREE,                            \
           "Keep the words of titles, tags, brands and categories, by which items are searched."), \
    OPTION("search.user.weight", DOUBLE, lists.search_user_weight, "0.2", OPTION_RANGE(0, 1000),   \
           "What the best score of a user adds on a list for a query, where the best match counts "\
           "1; 0: the query alone orders it."),                                                    \
    OPTION("search.vectors.weight", DOUBLE, lists.search_vectors_weight, "0.5", OPTION_RANGE(0, 1),\
           "Part of a match that the vectors of query and item make, where there are some; the "   \
           "rest is that of their words."),                                                        \
    OPTION("search.weight", DOUBLE, lists.search_weight, "0.5", OPTION_RANGE(0, 1000),             \
           "What matching a user's newest search adds to an item's score on every list, as a part "\
           "of what lies between the least and the best score of the list; 0: nothing."),          \
    OPTION("search.actions", LONG, lists.search_actions, "5", OPTION_RANGE(1, 1000),               \
           "So many actions later the search does not count any more."),                           \
    OPTION("search.fresh", DURATION, lists.search_fresh_ms, "30m",                                 \
           OPTION_RANGE(1, 36500 * 86400e3),                                                       \
           "When the user has acted so long after it, neither."),                                  \
    OPTION("query.model.path", STRING, lists.query_model_path, "", OPTION_FREE,                    \
           "Directory of the model that freshet-embed has (its model.path): searches and queries " \
           "have vectors by it; empty: they are answered by words alone."),                        \
    OPTION("query.pieces.max", LONG, lists.query_pieces_max, "128",                                \
           OPTION_RANGE(3, QUERY_PIECES_MAX),                                                      \
           "Most word pieces of a text that count, as freshet-embed's pieces.max."),               \
    OPTION("query.cache", LONG, lists.query_cache, "10000",                                        \
           OPTION_RANGE(QUERIES_WAITING_MAX, 10000000),                                            \
           "Vectors of such texts that are kept, the newest ones; 400 bytes each at 384 numbers.")

/* Returns what is wrong with the settings; NULL: nothing. The caller frees. */
char *list_settings_fault(const struct list_settings *settings);
/* Makes the settings of the item-item table. */
struct item_table_settings list_table_settings(const struct list_settings *settings);
/* Makes the settings of the ranking. */
struct ranking_settings list_ranking_settings(const struct list_settings *settings);

#endif
