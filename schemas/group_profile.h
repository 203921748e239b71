/* What a group of users acts on more than others do: topic `profiles`. See group_profile.avsc. */
#ifndef FRESHET_SCHEMAS_GROUP_PROFILE_H
#define FRESHET_SCHEMAS_GROUP_PROFILE_H

#include "schemas/recommendation_list.h"
#include "schemas/user_segments.h"

/* Symbols of the enum `GroupKind`, in schema order. */
enum group_kind {
    GROUP_OTHER,
    GROUP_SEGMENT,
    GROUP_CLUSTER,
    GROUP_FACTORS,
    GROUP_TOLD_USERS, /* USERS there */
    GROUP_KINDS
};

enum {
    GROUP_ITEMS_MAX = 400,
    GROUP_NAME_BYTES_MAX = SEGMENT_NAME_BYTES_MAX,
    GROUP_KEY_BYTES_MAX = GROUP_NAME_BYTES_MAX + 16, /* kind/name */
    GROUP_BYTES_MAX = 1 << 19,
    GROUP_NUMBERS_MAX = 64,      /* of a vector */
    GROUP_FACTORS_MAX = 256,     /* items of a record of FACTORS */
    GROUP_CLUSTERS_MAX = 1000,   /* of a version */
    GROUP_PARTS_MAX = 4096,      /* of FACTORS, and of USERS */
    GROUP_USERS_MAX = 256,       /* users of a record of USERS, */
    GROUP_USER_ITEMS_MAX = 1 << 15, /* and their items */
};

#define GROUP_STRENGTH_MAX 1e9F /* what a user's actions on an item may count together */

#define GROUP_NUMBER_MAX 1e9F /* numbers of a vector are between it and -it */

#define GROUP_VERSION_MAX (INT64_C(1) << 60) /* the next ones have room above */

struct group_profile {
    int32_t kind; /* enum group_kind */
    struct slice name;
    int64_t users, all_users;
    int32_t sample;
    /* Columns, one entry an item. */
    struct slices items;
    struct ints item_users;
    struct ints item_all_users;
    struct floats gains;
    int32_t rest_users;
    struct longs history_offsets;
    struct longs profile_offsets;
    int64_t version;
    int32_t clusters, parts;
    struct floats vectors;
    int32_t user_parts;
    /* Columns of USERS: one entry a user, then one an item of a user. */
    struct ints user_clusters, user_counts;
    struct ints user_items;
    struct floats user_strengths;
};

extern const struct contract group_profile_contract;

/* Writes the key of a group's record, of a kind that has one; returns it, borrowed from `key`. */
struct slice group_profile_key(enum group_kind kind, struct slice name,
                               char key[GROUP_KEY_BYTES_MAX]);
/* Finds the name in such a key; returns its kind, GROUP_OTHER: it is another key. */
enum group_kind group_profile_name(struct slice key, struct slice *ret_name);
/* Returns the reason why a record of a known kind is refused: "key_mismatch", "columns_differ",
 * "over_limit" (counts that no users can have, parts that there are not); NULL: it is right. */
const char *group_profile_fault(const struct group_profile *group, struct slice key);
/* Returns the number of a part of FACTORS or USERS, from 0 on; -1: the name is none. */
int32_t group_profile_part(struct slice name);

#endif
