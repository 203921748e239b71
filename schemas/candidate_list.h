/* Items that a platform brings for a user, or for all: topic `candidates`. See
 * candidate_list.avsc. */
#ifndef FRESHET_SCHEMAS_CANDIDATE_LIST_H
#define FRESHET_SCHEMAS_CANDIDATE_LIST_H

#include "schemas/user_event.h"

enum {
    CANDIDATE_LIST_ITEMS_MAX = 500,
    CANDIDATE_SOURCE_BYTES_MAX = 64,
    CANDIDATE_KEY_BYTES_MAX = CANDIDATE_SOURCE_BYTES_MAX + 1 + ID_BYTES_MAX, /* source/user_id */
};

struct candidate_list {
    struct slice source;
    struct slice user_id; /* empty: for all users */
    struct slices items;
    struct floats scores; /* none: the order counts */
    int64_t expires_ms;   /* 0: never */
};

extern const struct contract candidate_list_contract;

/* Splits a key into source and user; false: it is none. */
bool candidate_list_key(struct slice key, struct slice *ret_source, struct slice *ret_user);
/* Returns the reason why a record is refused: "bad_key", "key_mismatch", "columns_differ",
 * "negative_score"; NULL: it is right. */
const char *candidate_list_fault(const struct candidate_list *list, struct slice key);

#endif
