/* The newest trial, built from the topic `trials`: two generations on disjoint users, what their
 * lists came to, and which partitions have all lists of the live generation again.
 *
 * While a trial runs, the live scorer puts the trial's users' lists of the other generation into
 * `recommendations`. Each of the two scorers counts how the lists did of the users who see its own:
 * that is an arm. The trial is over when a record says so, or when another generation is promoted.
 *
 * Records may be applied more than once, and older ones after newer ones of other keys, so a
 * compacted topic and one with all its records give the same state.
 */
#ifndef FRESHET_SCHEMAS_TRIALS_H
#define FRESHET_SCHEMAS_TRIALS_H

#include "schemas/generations.h"
#include "schemas/trial_record.h"

/* Partitions of higher numbers are neither counted nor returned. */
enum { TRIAL_PARTITIONS_MAX = 1 << 14 };

/* Records of trials of higher numbers are refused. After this one the numbers begin again: whoever
 * may write to the topic may write it, and no trial is the last. */
#define TRIAL_NUMBER_MAX (INT64_C(1) << 53)

enum trial_arm { TRIAL_ARM_LIVE, TRIAL_ARM_TRIAL, TRIAL_ARMS };

/* What the lists of an arm came to in one partition, by bucket of users. */
struct trial_counts {
    int64_t judged[TRIAL_BUCKETS];
    int64_t hits[TRIAL_BUCKETS];
    double ndcg[TRIAL_BUCKETS];
};

/* The same in all partitions. */
struct trial_totals {
    double judged[TRIAL_BUCKETS];
    double hits[TRIAL_BUCKETS];
    double ndcg[TRIAL_BUCKETS];
    double all_judged, all_hits, all_ndcg; /* of all buckets */
};

struct trial_partition {
    struct trial_counts counts[TRIAL_ARMS];
    int64_t to_offset[TRIAL_ARMS]; /* 0: nothing was counted */
    bool returned;
};

/* Open data, but for `partitions`. */
struct trials {
    int64_t number; /* of the newest trial; 0: there was none */
    char generation[STEP_NAME_BYTES_MAX + 1], live[STEP_NAME_BYTES_MAX + 1];
    int64_t epoch;
    int32_t share;
    int32_t metric;
    bool guarded;
    double margin;
    int64_t began_ms;
    bool ended;
    int32_t ending;
    int64_t ended_ms;
    struct trial_partition *partitions; /* by number */
    size_t partitions_count;
    int32_t partitions_max; /* of the topics */
};

/* Where a user is. */
struct trial_user {
    bool in_trial;
    size_t bucket;
};

/* Begins without a trial, for topics of so many partitions; free with trials_release(). */
void trials_init(struct trials *trials, int32_t partitions);
void trials_release(struct trials *trials);
/* Applies a record; one of another trial than the newest changes nothing. False: it makes no sense,
 * and nothing has changed. */
bool trials_apply(struct trials *trials, const struct trial_record *rec);
/* Returns the number of the next trial. */
int64_t trials_next(const struct trials *trials);
/* Says whether a trial runs now. */
bool trials_run(const struct trials *trials, const struct generations *generations);
/* Says whether a partition may hold lists of a trial that is over, which are to be replaced by
 * those of the live generation. After a switch there are none: the new live generation sent all
 * lists. */
bool trials_owe(const struct trials *trials, const struct generations *generations,
                int32_t partition);
/* Finds a user in the newest trial. */
struct trial_user trials_user(const struct trials *trials, struct slice user_id);
/* Finds a generation's arm in the newest trial; TRIAL_ARMS: none. */
enum trial_arm trials_arm(const struct trials *trials, const char *generation);
/* Finds what was counted of an arm in a partition, and up to which offset; NULL: nothing. */
const struct trial_counts *trials_counts(const struct trials *trials, enum trial_arm arm,
                                         int32_t partition, int64_t *ret_to_offset);
/* Adds up an arm. */
void trials_sum(const struct trials *trials, enum trial_arm arm, struct trial_totals *ret_totals);
/* Returns the sums of the metric that the trial compares, by bucket; borrowed from `totals`. */
const double *trials_gains(const struct trials *trials, const struct trial_totals *totals);
/* Fills in what STARTED, ENDED and RESULT say of the newest trial itself; borrowed from it. */
void trials_describe(const struct trials *trials, enum trial_record_kind kind,
                     struct trial_record *ret_rec);

#endif
