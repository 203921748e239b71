/* Lists: makes the list that is published from a user's history.
 *
 * Counting ranks alone (model/counting/ranking.h), or the leading member of a mixture does: of
 * counting, the sequence model, content and users who act alike (candidates.h). A pure function of
 * the history, the tables, the model version and the mixture. Memory is reused from list to list.
 * One thread.
 */
#ifndef FRESHET_SCORER_LISTS_LISTS_H
#define FRESHET_SCORER_LISTS_LISTS_H

#include "schemas/recommendation_list.h"
#include "schemas/user_history.h"
#include "model/content_scores.h"
#include "scorer/lists/brought_items.h"
#include "scorer/lists/cluster_table.h"
#include "scorer/lists/item_search.h"
#include "scorer/lists/placement_lists.h"
#include "scorer/lists/prediction_log.h"
#include "scorer/lists/tables.h"
#include "scorer/lists/segment_table.h"
#include "scorer/lists/tried_weights.h"
#include "scorer/lists/user_profiles.h"
#include "scorer/lists/vectors.h"

struct lists;

enum { LIST_GIVEN_MAX = 500 };

/* What is wanted of a list that is made for a request. */
struct list_scope {
    size_t length; /* at most LIST_ITEMS_MAX; a shorter list is the beginning of a longer one */
    /* Item numbers, each once, at most LIST_GIVEN_MAX: only these are ranked, all that are not
     * barred, those that the user has had behind the others; none: all items. */
    const int32_t *given;
    size_t given_count;
    const struct found_item *found; /* by a search, parallel to `given`; NULL: there was none */
    struct slice query;             /* of it; the reasons name its beginning */
    /* Places from here on have a reason only when a placement takes them; 0: all have one. */
    size_t reasoned;
    /* For rules, and for the order of the list; borrowed until its placements are made. */
    const struct request_context *context; /* NULL: there is none */
    const struct user_attributes *attributes; /* of somebody without a profile; NULL: not known */
    enum group_kind group_kind; /* the list is that of this group; GROUP_OTHER: of the user */
    struct slice group;         /* its name */
    uint64_t sent; /* a hash of what the request sends along, for draws; 0: nothing */
    const struct tried_weights *tried; /* borrowed as well; NULL: as it is configured and learned */
};

/* What orders the lists of users with so many actions. */
struct list_weights {
    struct tried_weights weights;
    bool present[MIXTURE_INPUTS]; /* the member or aspect has scores at all */
    bool crossing;                /* there are cross pairs */
};

/* Fills in the vector of a search's text and the items that are nearest to it, borrowed until the
 * list is made; false: its words alone count. */
typedef bool (*near_text_fn)(void *arg, struct slice text, struct search_query *ret_query);

/* The first items of a list with the user's newest search, and of the same one without it. */
enum { SEARCHED_WITHOUT, SEARCHED_WITH, SEARCHED_TOPS, SEARCHED_TOP_ITEMS = 10 };
struct searched_tops {
    size_t counts[SEARCHED_TOPS];
    int32_t items[SEARCHED_TOPS][SEARCHED_TOP_ITEMS];
};

/* Makes an object that makes lists from tables, vectors and content_scores (NULL: without; both:
 * counting alone); free with lists_free(). Borrows all arguments, with the name of the generation
 * (world of settings), for its life. */
struct lists *lists_new(const struct list_settings *settings, struct tables *tables,
                        const struct vectors *vectors, struct content_scores *content_scores,
                        const char *generation);
/* Frees it; takes NULL; returns NULL. */
struct lists *lists_free(struct lists *lists);
/* Sets the mixture that chooses the leading member for the next lists; borrowed; NULL: counting
 * leads. */
void lists_set_mixture(struct lists *lists, const struct mixture *mixture);
/* Lets the next lists have what platforms bring, with this weight (lists_brought.c); borrowed. */
void lists_set_brought(struct lists *lists, struct brought_items *items, double weight);
/* Lets what is near a user's newest search by its vector count as well, beside its words, and the
 * search stand in the sequence that a model reads which takes vectors of this encoder; borrows the
 * encoder's version. */
void lists_set_near_text(struct lists *lists, const char *model, near_text_fn near_text, void *arg);
/* Returns the text of the newest search of a history, where it counts for a list; empty: none
 * does. Borrowed from the history. */
struct slice lists_searched_text(const struct lists *lists, const struct user_history *history);
/* Returns them for the last list; NULL: no search has found anything for it. */
const struct searched_tops *lists_searched_tops(const struct lists *lists);
/* Returns how many items are ranked for a list from which placements are cut. */
size_t lists_ranked_for_rules(const struct lists *lists);
/* Lets conditions of rules, and segments, ask for profiles of users; borrowed. */
void lists_set_profiles(struct lists *lists, struct user_profiles *profiles);
/* Lets users without an action have lists by their segments; once, borrowed. */
void lists_set_segments(struct lists *lists, struct segment_table *table);
/* Lets lists that the members cannot fill be filled by what users' clusters act on, and what users
 * chose who act alike be a member where the table has a sample of them; once, borrowed. */
void lists_set_clusters(struct lists *lists, struct cluster_table *clusters);
/* Says whether there is a group of this name, of which a list can be made. */
bool lists_have_group(const struct lists *lists, enum group_kind kind, struct slice name);
/* Lets lists for requests depend on their context, which the tables count, with this weight;
 * once. */
void lists_set_context(struct lists *lists, double weight);
/* Says whether a context may change a list: something of it has been counted. */
bool lists_know_context(const struct lists *lists, const struct request_context *context);
/* Says whether there is a segment for these attributes. */
bool lists_have_segment(struct lists *lists, const struct user_attributes *attributes);
/* Encodes histories together whose lists are made next, in this order (some may be left out). At
 * most CANDIDATES_AHEAD, borrowed until their lists are made. */
void lists_encode_ahead(struct lists *lists, const struct user_history *const *histories,
                        size_t count);
/* Makes a user's list. Its contents are borrowed from the history, the settings, the tables and
 * `lists`, until the next call. */
void lists_make(struct lists *lists, const struct user_history *history,
                struct recommendation_list *ret_list);
/* The same for a request; with the settings' length and nothing given it is the same list. */
void lists_make_scoped(struct lists *lists, const struct user_history *history,
                       const struct list_scope *scope, struct recommendation_list *ret_list);
/* Sets the rules of placements for the next lists; borrowed; NULL: there are none, and lists are as
 * they would be without this function. */
void lists_set_rules(struct lists *lists, const struct rule_set *rules);
/* Makes the lists of the placements, with rules, from the scoring of the last list, which has its
 * as_of_ms now. The placement `main` takes the place of the list. */
void lists_place(struct lists *lists, const struct user_history *history,
                 struct recommendation_list *list);
/* Makes the list that of one placement of the rules, which has so many places, from the scoring of
 * the last list, which has its as_of_ms now; of given items, only these. The columns of placements
 * are those of this one alone. */
void lists_place_one(struct lists *lists, const struct user_history *history, size_t placement,
                     size_t length, struct recommendation_list *list);
/* Fills in the weights by which the next lists of users with so many actions are made. */
void lists_weights(const struct lists *lists, int64_t actions, struct list_weights *ret_weights);
/* Returns what makes the placements and counts what the rules have done; NULL: no rules were ever
 * set. */
struct placement_lists *lists_placements(const struct lists *lists);
/* Returns the item numbers of the last list; borrowed. */
const int32_t *lists_numbers(const struct lists *lists);
/* Returns the members' scores for the last list; borrowed; NULL when counting ranked alone. */
const struct prediction *lists_prediction(const struct lists *lists);
/* Returns when one of the user's items is due again on a placement that was made last, and is not
 * yet; INT64_MAX: none. */
int64_t lists_due_ms(const struct lists *lists);
/* Returns at how many items was looked so far to fill up lists (ranking_looked()). */
uint64_t lists_looked(const struct lists *lists);

#endif
