/* What was found for a query. */
#ifndef FRESHET_SERVE_FOUND_LIST_H
#define FRESHET_SERVE_FOUND_LIST_H

#include "schemas/recommendation_list.h"
#include "schemas/served_place.h"
#include "serve/found_user.h"

/* `list` is without what the query excludes and beyond its page. Where rules made it,
 * its placement_ranks and placement_rules are parallel to its items, else empty. */
struct found_list {
    unsigned code;       /* 200, or that of the error */
    const char *error;   /* a word; NULL: none */
    const char *message; /* a sentence */
    struct recommendation_list list;
    struct slices users; /* of QUERY_USERS; parallel to them: the list's scores, reasons, because,
                          * shares, evidence and placement_ranks */
    struct slices placements;    /* of the stored list: the names of all its placements */
    struct slices removed_from;  /* of a stored list: the placement of each of its removals */
    size_t total; /* items or users that are not excluded */
    bool made;    /* it was made for this request */
    struct found_user *about; /* of QUERY_SIMILAR and QUERY_PROFILE */
    bool later;   /* nothing is found yet: the query's vector comes later */
    const char *found_by; /* of a list for a query: words of asked_query.h; NULL: there was none */
    struct served_place served; /* of a list that was made: the place that was drawn; 0: none */
};

#endif
