/* The newest list for one user: topic `recommendations`. See recommendation_list.avsc. */
#ifndef FRESHET_SCHEMAS_RECOMMENDATION_LIST_H
#define FRESHET_SCHEMAS_RECOMMENDATION_LIST_H

#include "schemas/user_event.h"

/* Symbols of the enum `Reason`, in schema order; the numbers never change. */
enum reason {
    REASON_OTHER,
    REASON_BECAUSE,
    REASON_POPULAR,
    REASON_TRENDING,
    REASON_NEW,
    REASON_TAGS,
    REASON_AGAIN,
    REASON_CROSS,
    REASON_BROUGHT,
    REASON_SEGMENT,
    REASON_QUERY,
    REASON_CONTEXT,
    REASON_USERS,
    LIST_REASONS,
};

/* Symbols of the enum `Cause`, in schema order; the numbers never change. */
enum list_cause {
    CAUSE_ACTION,
    CAUSE_BARRED,
    CAUSE_PROVISIONAL,
    CAUSE_ROWS,
    CAUSE_CATALOGUE,
    CAUSE_MODEL,
    CAUSE_AGE,
    CAUSE_RULES,
    LIST_CAUSES,
};

enum {
    LIST_ITEMS_MAX = 1000,
    LIST_PLACEMENTS_MAX = 16,
    LIST_PLACES_MAX = 500, /* of all placements */
    LIST_OFFSETS_MAX = 1024, /* a table with more partitions is not named */
    MODEL_NAME_BYTES_MAX = 128,
};

struct recommendation_list {
    struct slice user_id;
    struct slices items;
    struct floats scores;
    struct ints reasons; /* enum reason */
    struct slices because;
    struct floats evidence;
    struct slice model;
    struct slice made_by;
    struct slice vectors;
    int64_t actions;
    struct slice generation;
    int64_t event_time_ms;
    int32_t input_partition;
    int64_t input_offset;
    int64_t received_ms;
    int64_t as_of_ms;
    int32_t cause; /* enum list_cause */
    struct longs row_offsets;
    struct longs item_offsets;
    struct floats shares; /* none in lists of earlier releases */
    int64_t rules_offset; /* -1: there are no rules */
    struct slices placements;
    struct ints placement_counts;
    struct ints removal_counts;
    struct slices placement_items;
    struct floats placement_scores;
    struct ints placement_ranks;
    struct slices placement_rules;
    struct slices removal_items;
    struct ints removal_ranks;
    struct slices removal_rules;
    struct slice list_id; /* list_id.h */
    struct slices placement_list_ids;
    struct slice blend; /* version of the mixture (model/mixture.h), or empty */
    struct ints placement_reasons; /* these four: none in lists of earlier releases */
    struct slices placement_because;
    struct floats placement_evidence;
    struct floats placement_shares;
    struct longs vector_offsets; /* these three: none where the scorer does not read the table */
    struct longs model_offsets;
    struct longs content_offsets;
    bool provisional; /* fewer items than it may have */
    struct longs last_ms; /* both: none unless a reason is REASON_AGAIN */
    struct longs placement_last_ms;
    struct floats placement_probabilities; /* none where no place was drawn */
    struct longs candidate_offsets; /* none where the scorer does not read the table */
    struct longs profile_offsets;   /* none where no rule asks for profiles */
    struct longs segment_offsets;   /* of `profiles`; none where the scorer reads no clusters */
};

extern const struct contract recommendation_list_contract;

/* Says whether the columns have one value for each item; `shares` may have none. */
bool list_columns_agree(const struct recommendation_list *list);
/* Says whether the places of placements have reasons: a value for each in all four columns. */
bool list_placements_reasoned(const struct recommendation_list *list);
/* Says whether places of placements have probabilities: a value for each of them. */
bool list_placements_drawn(const struct recommendation_list *list);
/* Returns a reason's name in lower case; "other" for those of a later release. */
const char *list_reason_name(int32_t reason);
/* Returns a cause's name in lower case; "unknown" for those of a later release. */
const char *list_cause_name(int32_t cause);
/* Returns the share of `because` at a place; 0: there is none, or it is not known. */
float list_share(const struct recommendation_list *list, size_t at);
/* Returns when the user last had the item at a place that is due again; 0: it is there for another
 * reason, or it is not known. */
int64_t list_last_ms(const struct recommendation_list *list, size_t at);

#endif
