/* List query: what a request asks for, however it came: as a path with arguments, as a JSON body
 * (list_body.h), or from the topic of requests.
 */
#ifndef FRESHET_SERVE_LIST_QUERY_H
#define FRESHET_SERVE_LIST_QUERY_H

#include "base/arena.h"
#include "schemas/user_profile.h"
#include "scorer/lists/lists.h"
#include "serve/item_order.h"
#include "stream/http/http_server.h"

enum {
    QUERY_EXCLUDED_MAX = 1000,
    QUERY_ACTIONS_MAX = 200,
    QUERY_CANDIDATES_MAX = LIST_GIVEN_MAX,
    QUERY_WHY_BYTES = 256,
};

#define QUERY_WEIGHT_MAX 1e6

enum query_kind {
    QUERY_USER,  /* the list of a user, a session, or of candidates for one of them */
    QUERY_ITEMS, /* a list of items by an order */
    QUERY_USERS, /* users who would want an item */
    QUERY_GROUP,   /* the list of a group of users */
    QUERY_SIMILAR, /* users who act like a user */
    QUERY_PROFILE, /* what is known of a user: cluster, segments, similar users */
};

/* An action of a session or basket. */
struct query_action {
    struct slice item;
    enum action_kind kind;
    float weight;
    int64_t time_ms; /* INT64_MAX: not given; behind those that have one, in the request's order */
};

struct list_query {
    enum query_kind kind;
    enum item_order_kind order; /* of QUERY_ITEMS */
    struct slice user;          /* empty: none */
    struct slice item, tag;     /* of QUERY_ITEMS; item: of QUERY_USERS as well */
    enum group_kind group_kind; /* of QUERY_GROUP */
    struct slice group;         /* its name */
    struct slice placement;     /* of QUERY_USER and QUERY_GROUP; empty: none is named */
    struct slice text;          /* of QUERY_USER: what is searched for; empty: nothing */
    uint64_t ticket;            /* who may wait for its vector; 0: the call does */
    struct request_context context; /* as well */
    struct slice time_zone; /* as well: of its hour and weekday, where they are not known */
    struct user_attributes profile; /* as well: of somebody of whom `users` says nothing */
    struct slice profile_tags[PROFILE_TAGS_MAX]; /* of it */
    size_t offset;
    size_t limit; /* 0: not given */
    struct slice excluded[QUERY_EXCLUDED_MAX];
    size_t excluded_count;
    struct query_action actions[QUERY_ACTIONS_MAX];
    size_t actions_count;
    struct slice candidates[QUERY_CANDIDATES_MAX];
    size_t candidates_count;
    /* The console's alone. */
    size_t users_looked; /* of QUERY_USERS: the most whose lists are made; 0: as many as requests */
    int64_t look_ms;     /* of QUERY_USERS: no further list is made after so long; 0: no limit */
    const struct tried_weights *tried; /* borrowed; NULL: none are tried */
    bool looked_at; /* nobody is shown the list but who looks at the console: a place that is drawn
                     * is not logged as served */
};

/* What a path names. */
struct list_path {
    enum query_kind kind;
    enum item_order_kind order;
    enum group_kind group_kind;
    struct slice id; /* as it was sent; data NULL: the path has none */
    bool post;       /* the query is in the body */
};

/* Says whether a path is one of lists. */
bool list_query_path(const char *path, struct list_path *ret_path);
/* Reads a path's id and the arguments limit=, offset=, exclude= (ids with commas between them, also
 * several times), for popular, trending and new items tag=, and for users query= (a `+` is a
 * blank), placement=, device=, channel=, country=, region=, geohash=, hour=, weekday= and
 * time_zone=; other arguments are refused.
 * Decoded texts live in the arena. False with the reason in why, of QUERY_WHY_BYTES bytes. */
bool list_query_read(const struct http_request *request, const struct list_path *path,
                     struct arena *arena, struct list_query *ret_query, char *why);
/* Empties a query. */
void list_query_clear(struct list_query *query);
/* Checks an id as the pipeline takes it: UTF-8, not empty, of limited length. */
bool list_query_check_id(struct slice id, const char *what, char *why);
/* Checks the name of a placement. */
bool list_query_check_placement(struct slice name, char *why);
/* Returns the word of the context with this name: device, channel, country, region, geohash or
 * time_zone; NULL: it is none. */
struct slice *list_query_word(struct list_query *query, struct slice name);
/* The same of a number: hour or weekday. */
int32_t *list_query_number(struct list_query *query, struct slice name);
/* Checks and sets it. */
bool list_query_set_number(int32_t *number, struct slice name, int64_t sent, char *why);
/* What a context has, for a message. */
#define QUERY_CONTEXT_WORDS "device, channel, country, region, geohash, hour, weekday or time_zone"
/* Checks what is searched for. */
bool list_query_check_text(struct slice text, char *why);
/* Checks what a query of a user's list has in all. */
bool list_query_check_user(const struct list_query *query, char *why);
/* Checks a word of the context. */
bool list_query_check_word(struct slice word, const char *what, char *why);
/* Checks the context's hour, and its weekday. */
bool list_query_check_hour(int64_t hour, char *why);
bool list_query_check_weekday(int64_t weekday, char *why);
/* Checks a year of birth; 0: not known. */
bool list_query_check_year(int64_t year, char *why);
/* Says whether a query sends something along of which its list is made. */
bool list_query_sends(const struct list_query *query);
/* Says whether the profile says something. */
bool list_query_has_profile(const struct list_query *query);
/* Says whether the context says something. */
bool list_query_has_context(const struct list_query *query);
/* Checks an offset, and a limit that is at least `least`. */
bool list_query_check_number(int64_t number, const char *what, int64_t least, char *why);
/* Writes why a query is refused; returns false. */
bool list_query_refuse(char *why, const char *what, const char *want);
/* Returns the weight of an action that comes without one: a dislike says nothing of interest. */
float list_query_weight(enum action_kind kind);
/* Says whether an item is left out. */
bool list_query_excludes(const struct list_query *query, struct slice item);

#endif
