/* A list of items that depends on no user: topic `item-lists`. See item_list.avsc. */
#ifndef FRESHET_SCHEMAS_ITEM_LIST_H
#define FRESHET_SCHEMAS_ITEM_LIST_H

#include "schemas/generation_step.h"
#include "schemas/recommendation_list.h"

enum item_list_kind {
    ITEM_LIST_OTHER,
    ITEM_LIST_SIMILAR,
    ITEM_LIST_TOGETHER,
    ITEM_LIST_POPULAR,
    ITEM_LIST_TRENDING,
    ITEM_LIST_NEW,
    ITEM_LIST_KINDS,
};

enum {
    ITEM_LIST_ITEMS_MAX = 200,
    ITEM_LIST_KEY_BYTES_MAX = ID_BYTES_MAX + 16, /* kind/about */
    ITEM_LIST_BYTES_MAX = 1 << 18,
};

struct item_list {
    int32_t kind; /* enum item_list_kind */
    struct slice about;
    struct slice generation;
    int64_t version;
    /* Columns, one entry an item. */
    struct slices items;
    struct floats scores;
    struct floats evidence;
    struct longs versions;
};

extern const struct contract item_list_contract;

/* Writes the list's key; returns it, borrowed from `key`. */
struct slice item_list_key(const struct item_list *list, char key[ITEM_LIST_KEY_BYTES_MAX]);

#endif
