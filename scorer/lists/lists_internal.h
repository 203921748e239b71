/* What lists.c, lists_placed.c, lists_brought.c, lists_segments.c, lists_found.c and
 * lists_context.c share. */
#ifndef FRESHET_SCORER_LISTS_LISTS_INTERNAL_H
#define FRESHET_SCORER_LISTS_LISTS_INTERNAL_H

#include "model/guessed_factors.h"
#include "scorer/lists/candidates.h"
#include "scorer/lists/had_items.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/ranked_columns.h"
#include "scorer/lists/reasons.h"

/* What a list is made by that no member of the blend made. */
#define MADE_BY_SEGMENTS "segments"
#define MADE_BY_CLUSTERS "clusters"
#define MADE_BY_QUERY "query"

enum { SEARCHED_ITEMS_MAX = 50 };
enum { CANDIDATES_LEAST = 50, CANDIDATES_MOST = MIXTURE_CANDIDATES_MAX / MIXTURE_MEMBERS };

_Static_assert((int)LIST_GIVEN_MAX <= (int)MIXTURE_CANDIDATES_MAX, "a set holds what is given");
_Static_assert((int)FOUND_ITEMS_MAX <= (int)LIST_GIVEN_MAX, "what is found is ranked as if given");

/* A given candidate. */
struct scored {
    float score;
    bool had;
    double actions;
    size_t at; /* among what is given */
    struct ranked entry;
};

struct lists {
    const struct list_settings *settings;
    struct tables *tables;
    const struct vectors *vectors;
    struct content_scores *content_scores;
    const char *generation;
    struct ranking *ranking;
    struct ranking_weights own_weights; /* of counting, as they are configured */
    struct candidates *candidates; /* NULL: counting alone */
    struct cluster_table *clusters; /* whose sample of users is a member; NULL: not used */
    struct alike_users *alike;      /* of it */
    struct guessed_factors *guessed; /* by clusters and content; NULL: one is not used */
    const struct mixture *mixture;
    const struct mixture *mixed_by; /* the last list: this one, or that of tried weights, */
    struct mixture tried;           /* which is here */
    const struct user_history *ahead[CANDIDATES_AHEAD];
    size_t ahead_count, ahead_at;
    int32_t *ahead_numbers; /* of their items, one behind the other; lists.c, disliked() */
    size_t ahead_from[CANDIDATES_AHEAD + 1]; /* where those of each begin */
    int32_t ahead_ids;      /* there were so many then */
    struct ranked merged[LIST_ITEMS_MAX];
    struct ranked fillers[LIST_ITEMS_MAX]; /* that fill `merged` up when others come before them */
    size_t fillers_count;
    size_t scored;                     /* of `merged`: what is behind fills up */
    int8_t behind_of[LIST_ITEMS_MAX];  /* of these: the member; -1: the entry has its reason */
    bool counted_of[LIST_ITEMS_MAX];   /* and whether the entry is counting's */
    struct scored given[LIST_GIVEN_MAX];
    struct brought_mix *brought;  /* NULL: nothing is */
    struct segment_mix *segments; /* NULL: not used */
    struct context_mix *context;  /* NULL: not used */
    const char *made_by;          /* the last list, if no member made it; NULL: the leader did */
    const struct candidate_set *set; /* of the last list; NULL: only counting had scores */
    struct found_item searched[FOUND_ITEMS_MAX]; /* by the user's newest search */
    struct vector_query ahead_searches[CANDIDATES_AHEAD];
    const char *text_model; /* version of the encoder of searches */
    near_text_fn near_text; /* NULL: searches have no vectors */
    void *near_text_arg;
    const int32_t *brought_numbers; /* for the last list */
    size_t brought_count;
    int32_t beside[MIXTURE_CANDIDATES_MAX]; /* these and the context's, for candidates */
    size_t beside_count;
    size_t ranked_length; /* of the ranking; with a context more than the list has */
    size_t reasoned;      /* entries of the ranking that have their reason at once */
    struct prediction prediction;
    struct reasons behind; /* of the list that is being made */
    const struct rule_set *rules;       /* NULL: none */
    struct placement_lists *placements; /* NULL: there never were rules */
    struct list_scope scope;            /* of the last list */
    struct user_profiles *profiles;     /* NULL: not used */
    struct user_attributes attributes;  /* of the last list's user */
    bool attributes_known;
    struct ranking_request request;     /* of the last list, and its ranking */
    const struct ranked *ranked;
    size_t ranked_count;
    int leader;
    int32_t numbers[HISTORY_ACTIONS_MAX + HAD_ITEMS_MAX];
    float strengths[HISTORY_ACTIONS_MAX];
    int32_t had[HAD_ITEMS_MAX];
    struct shown_item shown[HISTORY_SHOWN_MAX];
    struct ranked_columns columns; /* of the list */
    struct ranked places[LIST_PLACES_MAX]; /* of all placements, */
    struct ranked_columns placed;          /* and their columns */
    int64_t last_ms[LIST_PLACES_MAX];
};

/* Makes users who act alike a member: those of a table's sample; once, borrowed. */
void lists_use_alike(struct lists *lists, struct cluster_table *clusters);
/* Writes the columns of the list itself. */
void lists_write_columns(struct lists *lists, const struct ranked *ranked, size_t count);
/* Sets how many items a list has. */
void lists_set_length(struct recommendation_list *list, size_t count);

/* lists_placed.c */

/* Guesses factors of new items by these clusters, where content is used; once, borrowed. */
void lists_use_guesses(struct lists *lists, const struct cluster_table *clusters);
/* Returns an entry of the ranking with its reason, which is looked for once. */
struct ranked lists_ranked_entry(struct lists *lists, size_t k);
/* Lets `merged` have the ranking, which may be counting's. */
void lists_own_ranking(struct lists *lists);
/* The same for its first `count` entries, with their reasons. */
void lists_take_ranking(struct lists *lists, size_t count);
/* Keeps the entries from..to-1 of `merged`, because their places are needed. */
void lists_keep_fillers(struct lists *lists, size_t from, size_t to);
/* Fills `merged` up behind its `scored` entries, which have their reasons, with what was kept and
 * is not among them. Returns how many there are, at most `length`. */
size_t lists_fill_up(struct lists *lists, size_t scored, size_t length);
/* Returns the place of an item among entries; `count`: it is not there. */
size_t lists_place_of(const struct ranked *entries, size_t count, int32_t item);

/* lists_brought.c */

/* Prepares for what is brought or searched. */
void lists_begin_brought(struct lists *lists);
/* Finds what is brought for a user, or what the user's newest search has found, and may be listed;
 * borrowed until the next call. */
size_t lists_find_brought(struct lists *lists, const struct user_history *history,
                          const struct ranking_request *request, const int32_t **ret_items);
/* Ranks it beside the `count` entries of the ranking. Returns how many there are then, at most
 * `length`. */
size_t lists_mix_brought(struct lists *lists, size_t count, size_t length);
/* Returns until when what is brought for the last list holds. */
int64_t lists_brought_until_ms(const struct lists *lists);
void lists_free_brought(struct lists *lists);

/* lists_segments.c */

/* Ranks by the segments of `attributes`, before the `count` entries of the ranking that they do not
 * name. Returns how many there are then, at most `length`. */
size_t lists_rank_segments(struct lists *lists, size_t count, size_t length);
/* The same by the group of the scope. */
size_t lists_rank_group(struct lists *lists, size_t count, size_t length);
/* Puts what the user's cluster likes behind what the members have chosen of the `count` entries of
 * the ranking, before those that fill it up. Returns how many there are then, at most `length`. */
size_t lists_fill_by_cluster(struct lists *lists, const struct user_history *history, size_t count,
                             size_t length);
/* Says whether somebody without an action may have a list by segments. */
bool lists_use_segments(const struct lists *lists);
void lists_free_segments(struct lists *lists);

/* lists_found.c */

/* Sets the query whose beginning reasons name. */
void lists_name_query(struct lists *lists, struct slice query);

/* Ranks what a search has found, of which `count` items are in `given` with their scores. Returns
 * how many there are then, at most `length`. */
size_t lists_rank_found(struct lists *lists, const struct list_scope *scope, size_t count,
                        size_t length);
/* Places a history's search among its items for the sequence model, the h-th that is encoded ahead,
 * if it has one that counts and the model reads its vectors. */
void lists_place_search(struct lists *lists, const struct user_history *history, size_t h,
                        struct history_tokens *tokens);
/* Finds what matches the user's newest search, best first, if it counts for the list; borrowed
 * until the next call. The list's reasons name its text. */
size_t lists_find_searched(struct lists *lists, const struct user_history *history,
                           const struct item_flags *flags, const struct found_item **ret_found);
/* lists_context.c */

/* Takes the context of the scope, and returns how many items are to be ranked for a list of this
 * length. */
size_t lists_begin_context(struct lists *lists, size_t length);
/* Returns how many entries of the ranking have their reason at once: none that will be moved. */
size_t lists_reasoned(const struct lists *lists);
/* Finds candidates of the context that may be listed, once counting has ranked; borrowed. */
size_t lists_find_context(struct lists *lists, const struct item_flags *flags,
                          const int32_t **ret_items);
/* Orders the `count` entries of the ranking anew, with these candidates. Returns how many there are
 * then, at most `length`. */
size_t lists_mix_context(struct lists *lists, size_t count, size_t length);
/* Changes the entry of a given candidate. */
void lists_give_context(struct lists *lists, struct ranked *ranked, bool had);
void lists_free_context(struct lists *lists);

#endif
