/* Live tables: the scorer's tables, model versions and mixtures as this copy has read them, and the
 * lists that are made from them: by the scorer's own library (scorer/lists), and item_order.h.
 *
 * The worker's thread puts records; any thread makes lists. Each call takes the lock, and a list
 * is handed over inside it: whoever takes it copies what it keeps.
 */
#ifndef FRESHET_SERVE_LIVE_TABLES_H
#define FRESHET_SERVE_LIVE_TABLES_H

#include "base/arena.h"
#include "schemas/applied_rules.h"
#include "schemas/candidate_list.h"
#include "schemas/content_vectors.h"
#include "schemas/group_profile.h"
#include "schemas/item.h"
#include "schemas/item_list.h"
#include "schemas/item_vector.h"
#include "schemas/model_weights.h"
#include "schemas/serving_row.h"
#include "schemas/user_history.h"
#include "schemas/user_profile.h"
#include "embed/text/query_vectors.h"
#include "scorer/lists/list_settings.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/placement_lists.h"
#include "serve/item_attributes.h"
#include "serve/item_order.h"
#include "serve/recent_users.h"
#include "serve/served_log.h"

enum { SEARCHED_MAX = 200000 };

/* What a user searches for. */
struct live_query {
    struct slice text;
    bool encoded; /* `vector` and `nearest` count */
    struct vector_query vector;
    int32_t nearest[FOUND_EACH]; /* live_tables_near() */
    size_t nearest_count;
    bool of_history; /* it is a user's own search: what may not be listed is among the nearest */
};

struct live_tables;

/* Takes a list that has been made; borrowed for the call. */
typedef void (*take_list_fn)(void *arg, const struct recommendation_list *list);

/* Makes empty tables; borrows its arguments for its life. Free with live_tables_free(). */
struct live_tables *live_tables_new(const struct list_settings *settings, const char *generation,
                                    const char *state_path);
/* Lets lists of users without an action be made by segments, whose records may take so many bytes;
 * before any call of another thread. */
void live_tables_use_segments(struct live_tables *live, size_t bytes_max);
/* Lets queries have vectors, and, where content is used, what users searched for; borrowed. Before
 * any call of another thread. */
void live_tables_use_vectors(struct live_tables *live, struct query_vectors *queries);
/* Lets lists for requests depend on their context, with this weight; 0: they do not. Before any
 * call of another thread. */
void live_tables_use_contexts(struct live_tables *live, double weight);
/* Takes NULL; returns NULL. */
struct live_tables *live_tables_free(struct live_tables *live);

/* Keeps the addresses of pictures, for live_tables_card(), of items that are put from now on. */
void live_tables_keep_images(struct live_tables *live);

/* Puts a record. NULL, or the reason why it is refused, as the scorer refuses it. */
const char *live_tables_put_row(struct live_tables *live, const struct serving_row *row);
void live_tables_remove_row(struct live_tables *live, struct slice id);
/* An item's record of this time; returns that of its first one (item_attributes_put()). */
int64_t live_tables_put_item(struct live_tables *live, const struct item *item, int64_t since_ms);
void live_tables_remove_item(struct live_tables *live, struct slice id);
const char *live_tables_put_vector(struct live_tables *live, const struct item_vector *vector);
const char *live_tables_put_content(struct live_tables *live, const struct content_vectors *row);
void live_tables_remove_content(struct live_tables *live, struct slice id);
const char *live_tables_put_weights(struct live_tables *live, const struct model_weights *weights,
                                    int64_t offset);
/* The same for what platforms bring; the record is right (candidate_list_fault()). */
const char *live_tables_put_brought(struct live_tables *live, const struct candidate_list *list);
void live_tables_remove_brought(struct live_tables *live, struct slice source, struct slice user);
/* The same for profiles of users. */
const char *live_tables_put_profile(struct live_tables *live, const struct user_profile *profile);
void live_tables_remove_profile(struct live_tables *live, struct slice user);
/* The same for what groups of users act on; the record is right (group_profile_fault()). */
const char *live_tables_put_group(struct live_tables *live, const struct group_profile *group);
void live_tables_remove_group(struct live_tables *live, struct slice key);
/* Says whether there is a group of this name. */
bool live_tables_have_group(struct live_tables *live, enum group_kind kind, struct slice name);
/* Says whether there is a segment for a user's profile, else for these attributes. */
bool live_tables_have_segment(struct live_tables *live, struct slice user,
                              const struct user_attributes *attributes);
/* Takes them back, by the keys of their tombstones. */
void live_tables_remove_vector(struct live_tables *live, struct slice key);
void live_tables_remove_weights(struct live_tables *live, struct slice key);

/* Takes the rules of placements; a text without data: there are none. False, with the faults: the
 * former ones stay. */
bool live_tables_put_rules(struct live_tables *live, struct slice text, int64_t offset,
                           struct buf *faults);
/* Finds what the rules in force say of `PLACEMENT.RULE`, as it is written behind its `=`; copied
 * into the arena; empty: they say nothing of it. */
struct slice live_tables_rule(struct live_tables *live, struct slice placement, struct slice rule,
                              struct arena *arena);
/* Says whether a placement's rules read something that this context has. */
bool live_tables_see(struct live_tables *live, struct slice placement,
                     const struct request_context *context);
/* Says whether a context may change the order of a list. */
bool live_tables_know_context(struct live_tables *live, const struct request_context *context);
/* Returns how many places a placement has; 0: the rules have none of this name. */
size_t live_tables_places(struct live_tables *live, struct slice placement);

/* Sets the time by which items with dates are available or not (tables.h). */
void live_tables_set_clock(struct live_tables *live, int64_t now_ms);

/* Takes the items off a stored list and its placements that may not be recommended any more. */
void live_tables_strip(struct live_tables *live, struct recommendation_list *list);
/* Makes a list of items (item_order.h). False: the item is not known. */
bool live_tables_order(struct live_tables *live, enum item_order_kind kind, struct slice item,
                       struct slice tag, take_list_fn take, void *arg);
/* Who wants lists of items as they are published. */
struct items_taker {
    size_t length; /* most items of a list */
    void *arg;
    /* Says whether a list is wanted, of which only kind, subject and generation are set. */
    bool (*wants)(void *arg, const struct item_list *list);
    void (*take)(void *arg, const struct item_list *list); /* borrowed for the call */
};

/* Makes one, if it is wanted. `number`: of the item that it is about, or of the tag; below 0: of
 * all items; none is made for a tag that no item has any more. False: there are no more items, or
 * tags. */
bool live_tables_items(struct live_tables *live, enum item_list_kind kind, int32_t number,
                       const struct items_taker *taker);
/* Says whether queries can be answered. */
bool live_tables_searches(const struct live_tables *live);
/* Finds the items that are nearest to an encoded query; the lock is not held for long at a time. */
void live_tables_near(struct live_tables *live, struct live_query *query);
/* Returns the text of the newest search of a history, where it counts for a list and has a vector;
 * empty: there is none. Borrowed from the history. */
struct slice live_tables_searched_text(struct live_tables *live,
                                       const struct user_history *history);
/* Counts the items that have a vector of their text, and those of the model of queries. */
void live_tables_count_texts(struct live_tables *live, size_t *ret_texts, size_t *ret_ours);

/* What is wanted of a user's list. */
struct live_request {
    const struct user_history *history;
    struct slices given;    /* none: all items; else only these are ranked, at most LIST_GIVEN_MAX;
                             * those that are not known are left out */
    const struct live_query *query; /* NULL: none; else only what matches it is listed, and nothing
                                     * is given */
    const struct live_query *searched; /* the newest search of the history, where it counts and has
                                        * a vector; NULL: it is looked for under the lock */
    struct slice placement; /* whose rules count; without such a placement, none do */
    const struct request_context *context;
    const struct user_attributes *attributes; /* of somebody without a profile; NULL: not known */
    enum group_kind group_kind; /* the list of this group; GROUP_OTHER: the user's */
    struct slice group;         /* its name */
    size_t length;
    int64_t as_of_ms;
    const struct tried_weights *tried; /* NULL: as it is configured and learned */
    uint64_t sent;              /* a hash of what the request sends along, for draws; 0: nothing */
    struct served_place *drawn; /* receives the place that was drawn, copied into the arena, without
                                 * the list's id; NULL: it is not wanted */
    struct arena *arena;
};

/* Makes a user's list as the scorer does. With rules, placement_ranks and placement_rules are
 * parallel to its items. */
void live_tables_list(struct live_tables *live, const struct live_request *request,
                      take_list_fn take, void *arg);

/* What of the sequence model is in use. */
struct live_version {
    char name[64]; /* empty: no version serves */
    size_t items;
};

/* Finds the model version that serves. False: this server uses none. */
bool live_tables_version(struct live_tables *live, struct live_version *ret_version);
/* Counts the groups of users by which lists are made: clusters, and segments by attributes. */
void live_tables_count_groups(struct live_tables *live, size_t *ret_clusters, size_t *ret_segments);

/* Fills in the weights by which lists of sessions with so many actions are made. */
void live_tables_weights(struct live_tables *live, int64_t actions,
                         struct list_weights *ret_weights);

/* Where an item would stand on a user's list. */
struct live_place {
    size_t place; /* from 1 */
    float score, share, evidence;
    int32_t reason; /* enum reason */
    struct slice because;
};

enum { LIVE_PLACES = 50 };

/* Finds the place of an item among the first LIVE_PLACES of a user's list, made now and without
 * rules; `because` is copied into the arena. False: it would not stand there. */
bool live_tables_place(struct live_tables *live, const struct user_history *history,
                       struct slice item, struct arena *arena, struct live_place *ret_place);

/* Finds the published segments that a user's profile puts the user into; copied into the arena. */
void live_tables_segments(struct live_tables *live, struct slice user, struct arena *arena,
                          struct slices *ret_names);

/* A user's cluster, and what it acts on. */
struct live_cluster {
    struct slice name;
    float distance;
    int64_t version;
    double users, all_users;
    struct slices items; /* the greatest gain first */
    struct ints item_users, item_all_users;
    size_t dimensions;
    float vector[GROUP_NUMBERS_MAX]; /* the user's */
};

enum { LIVE_CLUSTER_ITEMS = 20 };

/* Finds it for a history; texts are copied into the arena. False: there is none. */
bool live_tables_cluster(struct live_tables *live, const struct user_history *history,
                         struct arena *arena, struct live_cluster *ret_cluster);

/* A user who acted lately, and the cosine of both users' vectors. */
struct live_neighbour {
    struct slice user;
    float cosine;
};

/* Finds the users who acted lately whose vectors, of their newest RECENT_ITEMS items, are most like
 * that of a user; copied into the arena. Returns their number, at most `most`. */
size_t live_tables_neighbours(struct live_tables *live, struct recent_users *recent,
                              const struct live_cluster *cluster, struct arena *arena,
                              struct live_neighbour *ret_neighbours, size_t most);

/* Fills in what is known of an item; texts are copied into the arena. False: it is not known. */
bool live_tables_card(struct live_tables *live, struct slice id, struct arena *arena,
                      struct item_card *ret_card);
/* Finds up to `most` items whose title or id has a text in it (ASCII letters: of either case), in
 * the order in which they became known; copied into the arena. Returns their number. It reads all
 * titles, at most SEARCHED_MAX. */
size_t live_tables_search(struct live_tables *live, struct slice text, struct arena *arena,
                          struct slice *ret_ids, size_t most);

#endif
