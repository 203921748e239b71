/* What live_tables.c, live_tables_groups.c and live_search.c share. */
#ifndef FRESHET_SERVE_LIVE_TABLES_INTERNAL_H
#define FRESHET_SERVE_LIVE_TABLES_INTERNAL_H

#include "model/vector_neighbours.h"
#include "scorer/lists/item_features.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/published_mixtures.h"
#include "serve/live_tables.h"

#include <pthread.h>

struct live_tables {
    pthread_mutex_t lock;
    struct tables tables;
    struct vectors *vectors;               /* NULL: not used */
    struct content_scores *content_scores; /* NULL: not used */
    struct item_features *item_features;   /* NULL: as well */
    struct published_mixtures mixtures;
    struct mixture mixture; /* of the list that is made */
    struct rule_set *rules; /* NULL: none */
    char *rules_text; /* of these */
    int64_t rules_offset;
    struct brought_items *brought; /* NULL: not used */
    struct user_profiles *profiles; /* NULL: not used */
    struct segment_table *segments; /* NULL: not used */
    struct cluster_table *clusters; /* NULL: not used */
    struct lists *lists;
    struct item_attributes *attributes;
    struct item_order *order;
    const char *generation;
    int32_t given[LIST_GIVEN_MAX];
    const struct list_settings *lists_settings;
    char *query_model;                  /* whose vectors of texts queries have; NULL: none */
    struct vector_neighbours *own_text; /* these vectors, where content is not used; else NULL */
    struct found_item found[FOUND_ITEMS_MAX];
    struct search_vectors *search_vectors; /* NULL: users' searches have no vectors */
    const struct live_query *searched; /* prepared for the list that is being made; NULL: none is */
};

/* Finds the items that match a query, for the scope of its list. Under the lock. */
void live_search_find(struct live_tables *live, const struct live_query *query,
                      struct list_scope *scope);

#endif
