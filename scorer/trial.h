/* Trial: the scorer's part in a trial of two generations on disjoint users (schemas/trials.h,
 * docs/trials.md).
 *
 * Both generations make lists of all users and write them to topics of their own. The scorer of
 * the live one follows the other's topic and copies the lists of the trial's users to
 * `recommendations`, instead of its own; so `recommendations` has one writer, as ever. Each of the
 * two counts how the lists did that its users saw. Sums are in `trials`, where every scorer reads
 * them; the owner of partition 0 of the live generation tells the result and takes a generation
 * back that does worse.
 *
 * Whatever is sent here replaces what was sent before, so every step may be repeated. One thread.
 */
#ifndef FRESHET_SCORER_TRIAL_H
#define FRESHET_SCORER_TRIAL_H

#include "schemas/trials.h"
#include "scorer/user_set.h"
#include "stream/worker.h"

/* Of the process. */
struct trial {
    struct trials trials;
    struct codec *codec;
    struct arena *arena;
    struct buf message;
    int output;         /* index of the worker's output */
    int64_t looked_ms;  /* when the result was last looked at, and told */
    int64_t told_ms;
    double told_judged; /* lists, when it was told */
    struct metric *runs, *copied, *judged[TRIAL_ARMS], *difference, *lower, *upper;
};

struct counted_outcomes {
    struct trial_counts counts;
    int64_t to_offset; /* of what `trials` has: histories before it are counted already */
};

/* Of a partition. */
struct trial_part {
    int64_t number; /* of the trial that the rest is about */
    /* trial_outcomes.c; also as it was at the newest flush and commit */
    struct counted_outcomes now, flushed, committed;
    int64_t polled_from; /* the first offset of the poll */
    bool changed;        /* since the newest flush */
    /* trial_lists.c: users whose list in `recommendations` is the trial's */
    struct user_set shown;
    bool copies;    /* the other generation's lists began to be read */
    bool caught_up; /* with the lists that there were when they began to be followed */
    bool withheld;  /* before that, lists of our own stayed out of `recommendations` */
    int64_t again_ms; /* not to be followed before */
};

/* Fills in a trial whose output is set, for lists in so many partitions. */
void trial_init(struct trial *trial, struct run *run, int32_t partitions);
void trial_release(struct trial *trial);
/* Reads a record of `trials`. */
enum verdict trial_observe(struct trial *trial, struct run *run, const struct record *rec);
/* Sends a record. It counts once it has been read from the topic, by this copy as by the others. */
void trial_send(struct trial *trial, struct task *task, const struct trial_record *rec);

#endif
