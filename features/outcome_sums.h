/* Outcome sums of one partition: what users were shown and did, by placement, generation, rule, and
 * hour of event time, and since the beginning.
 *
 * A row is state of features, under a key that no user id is, and the same bytes are the message on
 * `outcomes`; both are of one transaction with the input offsets, so nothing is counted twice or
 * lost. Sums are of integers: they do not depend on the order in which events arrive. A row in
 * which nothing is left is deleted. Hours that lie more than `kept_ms` before the day of the newest
 * one are deleted; what comes late for them counts in the totals alone.
 *
 * Names are bounded (outcome_names.h). A rule that finds no room counts as none, a placement as
 * `other`; so does all that a name which left had, and what is subtracted from it later.
 *
 * Rows are in memory from their first change to the next flush. One thread.
 */
#ifndef FRESHET_FEATURES_OUTCOME_SUMS_H
#define FRESHET_FEATURES_OUTCOME_SUMS_H

#include "features/outcome_names.h"
#include "features/outcome_source.h"
#include "model/ids.h"
#include "stream/worker.h"

enum {
    OUTCOME_PLACEMENTS_MAX = 64, /* that have metrics, of each partition */
};

/* The largest value of one action; more counts as that. */
#define OUTCOME_VALUE_MAX 1e10

struct outcome_sums;

/* Makes the sums of a task's partition, which is restored; borrows ids for its life. Free with
 * outcome_sums_free(). */
struct outcome_sums *outcome_sums_new(struct task *task, struct ids *ids, int64_t kept_ms,
                                      int output);
/* Frees them, and the metrics; takes NULL; returns NULL. */
struct outcome_sums *outcome_sums_free(struct outcome_sums *sums);
/* Returns the number of the text `placement:generation:rule` for an event of a list that will be
 * added at once; ID_NONE: ids are full. ret_named is false when the event names no list of ours. */
int32_t outcome_source(struct outcome_sums *sums, const struct user_event *ev, bool *ret_named);
/* Returns what an action brought in, in millionths. */
int64_t outcome_micros(double value);
/* Returns what an action of this kind counts. */
struct outcome_counts outcome_of_action(int32_t kind, int64_t micros);
/* Adds to the hour of a time, and to the total; sign -1: subtracts. */
void outcome_sums_add(struct outcome_sums *sums, int32_t source, int64_t time_ms,
                      const struct outcome_counts *counts, int64_t sign);
/* Stages the changed rows and sends them. */
void outcome_sums_flush(struct outcome_sums *sums);
/* Returns about how many bytes the next flush stages. */
size_t outcome_sums_bytes(const struct outcome_sums *sums);
/* Drops what is not committed. */
void outcome_sums_forget(struct outcome_sums *sums);

#endif
