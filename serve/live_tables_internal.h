/* What live_tables.c and live_tables_groups.c share. */
#ifndef FRESHET_SERVE_LIVE_TABLES_INTERNAL_H
#define FRESHET_SERVE_LIVE_TABLES_INTERNAL_H

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
};

#endif
