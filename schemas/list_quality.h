/* The quality of published lists: topic `quality`. See list_quality.avsc. */
#ifndef FRESHET_SCHEMAS_LIST_QUALITY_H
#define FRESHET_SCHEMAS_LIST_QUALITY_H

#include "schemas/recommendation_list.h"

enum { QUALITY_PARTS_MAX = 64 }; /* models times segments */

struct list_quality {
    struct slice model;
    int32_t partition;
    int64_t from_offset;
    int64_t to_offset;
    int64_t event_time_from_ms;
    int64_t event_time_to_ms;
    int64_t judged;
    int64_t hits_at_10;
    double ndcg_at_10;
    int64_t unlisted;
    int64_t lists;
    struct slices made_by;
    struct ints segments;
    struct longs judged_by;
    struct longs hits_by;
    struct doubles ndcg_by;
    int64_t places;
    double novelty_bits;
    int64_t items_listed;
    int64_t items_known;
    int64_t repeats;
    struct ints kinds; /* enum action_kind */
    struct longs judged_by_kind;
    struct longs hits_by_kind;
    struct longs repeats_by_kind;
};

extern const struct contract list_quality_contract;

#endif
