/* Group publisher: lets one sort of groups be counted from time to time, and publishes them to
 * `profiles`. segment_publisher.h and cluster_publisher.h make one.
 *
 * Every so often a count begins, if anything has come into its tables since the last one. What the
 * topic has, and whether a record is sent, is the matter of published_groups.h. One thread: the
 * worker's.
 */
#ifndef FRESHET_TRAINER_SEQUENCE_GROUP_PUBLISHER_H
#define FRESHET_TRAINER_SEQUENCE_GROUP_PUBLISHER_H

#include "trainer/sequence/published_groups.h"
#include "trainer/sequence/sequence_settings.h"

/* What sorts are made of. */
struct group_publisher_parts {
    struct run *run;
    const struct sequence_settings *settings;
    struct table_store *histories, *profiles;
    struct schema_cache *schemas; /* of the rows of both */
    int table_input;              /* `profiles`, to be read */
    struct published_groups *groups;
};

/* A sort of groups, and how it is counted: functions of its counter. */
struct group_sort {
    enum group_kind kinds[GROUP_KINDS]; /* of its records */
    size_t kinds_count;
    size_t sent_a_step;
    const char *failure, *option; /* what the log says of a count that failed, and may be raised */
    /* Begins a count; false: nothing has come since the last one. */
    bool (*begin)(void *counter);
    /* Goes on for some milliseconds. 1: it has ended; 0: not yet; negative: it failed. */
    int (*count)(void *counter);
    /* Writes the record at a place of what was counted, from 0 on. 0; -EAGAIN: none stands there;
     * -ENOENT: there are no more. */
    int (*record)(void *counter, size_t at, struct group_profile *ret_group);
    /* Takes what a record of the topic says (published_groups_see()), of the key. May be NULL. */
    void (*see)(void *counter, struct slice key, const struct group_profile *group);
    void (*drop)(void *counter);  /* the count */
    void (*reset)(void *counter); /* and that there was one */
    void (*free)(void *counter);
};

struct group_publisher;

/* Makes it, with its counter, which it frees; what the parts name must outlive it. `every_ms`: the
 * least time between the beginnings of two counts, but ten seconds, twenty ... between the first
 * ones; each is followed by a rest of nine times as long as it took. 0, or without the topic:
 * nothing is counted. The metrics take the records that are
 * sent, and the seconds that a count takes. Free with group_publisher_free(). */
struct group_publisher *group_publisher_new(const struct group_publisher_parts *parts,
                                            const struct group_sort *sort, void *counter,
                                            int64_t every_ms, struct metric *records,
                                            struct metric *seconds);
/* Takes NULL; returns NULL. */
struct group_publisher *group_publisher_free(struct group_publisher *publisher);
/* A user was forgotten: the next count begins at most ten minutes after the last one, but for its
 * rest. */
void group_publisher_hasten(struct group_publisher *publisher);
/* Takes what a record of `profiles` says (published_groups_see()), of the key. */
void group_publisher_see(struct group_publisher *publisher, struct slice key,
                         const struct group_profile *group);
/* Goes on counting and sending, for some milliseconds; from the tick of the task that publishes,
 * once all tables are read. */
void group_publisher_step(struct group_publisher *publisher, struct task *task);
/* Says whether nothing is being counted or sent. */
bool group_publisher_idle(const struct group_publisher *publisher);
/* Drops what is being counted: a table is opened again, or the partition is not ours any more. */
void group_publisher_drop(struct group_publisher *publisher);

#endif
