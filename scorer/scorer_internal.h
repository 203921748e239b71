/* The scorer's state, for the parts of the worker: scorer.c (callbacks), remake.c. */
#ifndef FRESHET_SCORER_SCORER_INTERNAL_H
#define FRESHET_SCORER_SCORER_INTERNAL_H

#include "schemas/list_id.h"
#include "scorer/brought_changes.h"
#include "scorer/changed_users.h"
#include "scorer/cutover.h"
#include "scorer/lists/item_features.h"
#include "scorer/gone_users.h"
#include "scorer/list_outcome.h"
#include "scorer/lists/lists.h"
#include "scorer/lists/search_vectors.h"
#include "scorer/mixture_trainer.h"
#include "scorer/pending_histories.h"
#include "scorer/quality_counters.h"
#include "scorer/remake_budget.h"
#include "scorer/row_completeness.h"
#include "scorer/search_trials.h"
#include "scorer/scorer_settings.h"
#include "scorer/served_places.h"
#include "scorer/standing_lists.h"
#include "scorer/steering.h"
#include "scorer/table_offsets.h"
#include "scorer/trial.h"
#include "scorer/user_set.h"
#include "stream/output_watch.h"

enum {
    HISTORIES, SERVING_ROWS, ITEMS, STEPS, VECTORS, MODELS, RULES, CONTENT, TRIALS, CANDIDATES,
    PROFILES, GROUPS
};
enum { RECOMMENDATIONS, QUALITY, LISTS, STEPS_TAKEN, BLENDS, JSON_LISTS, TRIALS_TOLD, SERVED };
/* Of a list's message; and by how much one may grow when it is read and written again. */
enum { LIST_BYTES_MAX = 1 << 20, LIST_GROWTH_MAX = 1 << 16 };

/* Pieces of work that take turns. */
enum remake_work { WORK_LISTS, WORK_LOST_HISTORIES, WORK_FOREIGN_LISTS, REMAKE_WORKS };

/* What a partition would do between polls, the most urgent last. */
enum spare_work { SPARE_NONE, SPARE_REMAKE, SPARE_URGENT, SPARE_BARRED, SPARE_WORKS };

struct scorer {
    struct tables tables;
    struct vectors *vectors;   /* NULL: not used */
    struct content_scores *content_scores; /* NULL: not used */
    struct item_features *item_features;   /* NULL: as well */
    struct brought_items *brought;          /* NULL: as well */
    struct brought_changes *brought_changes; /* NULL: as well */
    struct user_profiles *profiles;          /* NULL: as well */
    struct cluster_table *clusters;          /* NULL: as well */
    struct changed_users *changed_users;
    struct query_vectors *queries;           /* NULL: searches have no vectors */
    struct search_vectors *search_vectors;   /* NULL: as well */
    struct lists *lists;
    struct list_ids list_ids; /* of the list that was made last */
    struct mixture_trainer trainer;
    struct search_trials search_trials;
    struct cutover cutover;
    struct trial trial;
    struct remake_budget budget;
    int64_t owed_us; /* to barred items: for how long polls made lists while there were some */
    size_t spare[SPARE_WORKS]; /* how many partitions would do which */
    int64_t acted_ms; /* when histories last came, by the time for pacing */
    struct row_completeness completeness;
    struct steering steering;
    struct served_places *served; /* NULL: not written */
    struct table_offsets row_offsets, item_offsets, vector_offsets, model_offsets, content_offsets;
    struct table_offsets candidate_offsets, profile_offsets, group_offsets;
    int64_t model_switches; /* of the model version that lists are made with, and its rows */
    size_t model_rows;
    struct codec *history_codec, *row_codec, *item_codec, *list_codec, *quality_codec;
    struct codec *vector_codec, *weights_codec, *content_codec, *profile_codec, *group_codec;
    struct arena *arena; /* of one broadcast record */
    struct buf message;
    struct metric *published, *freshness, *hits, *repeats, *evaluated, *stale, *known, *over_max;
    struct metric *switches, *rows, *indexed, *examples, *blended, *checked, *foreign, *looked;
    struct metric *profiles_count, *profiles_bytes, *clusters_count, *sampled_users_count;
    struct metric *remade[LIST_CAUSES];
};

/* After which switch, and after which trial. */
struct foreign_source {
    int64_t epoch, trial;
};

enum foreign_phase { FOREIGN_NONE, FOREIGN_READS, FOREIGN_DELETES, FOREIGN_SENDS };

/* A partition's state of foreign_lists.c. */
struct foreign_lists {
    bool left; /* as it was last looked at: some may be there */
    bool done; /* a pass, of the source below */
    enum foreign_phase phase; /* of the pass that is going on */
    struct foreign_source source;
    int64_t not_before_ms;
    struct user_set found; /* lists that nothing gives */
    struct user_set right; /* the topic's last list is the state's */
    size_t next;           /* the records of standing lists before this one are to be looked at */
    size_t deleted, sent;
};

/* State of a partition. */
struct partition_state {
    struct pending_histories pending;
    struct list_quality range;
    struct quality_counters counters;
    bool range_begun;
    bool range_new;   /* it has a history that no list was made from before */
    bool range_again; /* and one that a list was: the group's offset was set back */
    struct mixture mixture;         /* learns with each action */
    struct mixture published;       /* as it is on `models`: lists are made with this one */
    /* Both, at the newest flush and commit. */
    struct mixture flushed_mixtures[2], committed_mixtures[2];
    bool mixture_changed; /* since it was last published */
    uint64_t mixture_published; /* the tables' clock then */
    bool weights_sent; /* by this task */
    uint8_t deleted_commits; /* so many may still roll deletions back that no input repeats */
    int64_t weights_differ_ms; /* since when `models` has other ones than `published`; 0: no */
    struct output_watch watch; /* of `recommendations`, while the generation is live */
    bool live; /* at the last tick */
    struct trial_part trial;
    struct gone_users gone;
    uint64_t changed_seen; /* for changed_users_mark() */
    struct foreign_lists foreign;
    bool late; /* a former owner's lists have arrived late: ours must be sent again */
    struct standing_lists standing;
    enum spare_work spare; /* as it was last counted */
    int64_t rests_until_ms; /* no list may be made again before, but for urgent ones */
    enum remake_work turn;   /* what the last piece was of */
    uint64_t reread_losses;  /* standing.losses when the histories began to be read again */
    int64_t behind_since_ms; /* 0: no list is behind */
    uint64_t flushed, committed; /* the tables' clock at the newest flush and commit */
    struct metric *behind, *behind_seconds, *orphans;
};

/* scorer_searches.c */

/* Checks the settings of lists: NULL, or what is wrong, which the caller frees. */
char *scorer_searches_fault(const struct list_settings *settings);
/* Opens the encoder of what users searched for, if there is one (query.model.path). 0, or -EINVAL
 * with the start refused. */
int scorer_searches_open(struct run *run, struct scorer *scorer);
/* Closes it, after the lists. */
void scorer_searches_close(struct scorer *scorer);
/* Lets the partition's mixture learn from the action that followed a list: of the members, and of
 * the search that the list was made with. */
void scorer_learn(struct task *task, const struct recommendation_list *old,
                  const struct user_history *hist);

/* scorer_metrics.c: registers the metrics, but those of a partition. */
void scorer_metrics_start(struct scorer *scorer, struct metrics *metrics);
/* Updates those that are counted elsewhere. */
void scorer_metrics_tell(struct scorer *scorer);

/* trial_result.c */

/* Tells the result, and ends a trial that does worse, if the task is the one to do so. To be called
 * from the worker's tick. */
void trial_evaluate(struct task *task);
/* The task ends: if it was the one, this copy tells the result no more. */
void trial_evaluate_no_more(struct task *task);

/* trial_outcomes.c: how the lists did that users of the task's own arm saw */

/* Goes on with what `trials` has of the partition. */
void trial_open(struct task *task);
/* Frees the partition's memory. */
void trial_close(struct task *task);
/* Notes where a poll begins. */
void trial_poll(struct task *task, int64_t offset);
/* Counts how a list did, if the user is of the arm and the list was made while the trial ran. */
void trial_count(struct task *task, const struct recommendation_list *list,
                 enum list_outcome outcome, int rank);
/* Sends what has changed. */
void trial_flush(struct task *task);
/* What was sent with the last flush is committed; what was counted since the commit is dropped. */
void trial_committed(struct task *task);
void trial_roll_back(struct task *task);

/* trial_lists.c: lists of the trial's users in `recommendations` */

/* Says whether a list of our own stays out of `recommendations`, because the user sees the trial's
 * or may see it. */
bool trial_withholds(struct task *task, struct slice user_id);
/* Copies lists, or sends our own again when the trial is over. To be called from the worker's
 * tick. */
void trial_copy(struct task *task);
/* Copies all of them once more. */
void trial_copy_again(struct task *task);
/* Says whether nothing is left to copy or to send again, as far as is known. */
bool trial_at_rest(struct task *task);
/* Says whether `recommendations` may have lists that a trial has put there. */
bool trial_shows(struct task *task);

/* broadcast_tables.c */

/* The worker's callback. */
enum verdict scorer_broadcast(struct run *run, int input, const struct record *rec);
/* Tells how many rows of the model version serve. */
void scorer_update_vector_metrics(struct scorer *scorer);

/* quality_range.c: the figures of the lists from one commit of a partition to the next */

/* Begins a range, or begins it again at this poll while it has only what was evaluated before: a
 * record of it would replace the former one, which has the figures. */
void quality_range_begin(struct task *task);
/* Counts how the list did that the user had (NULL: none), by the user's newer history. Reads from
 * the task's state. */
void quality_range_count(struct task *task, const struct recommendation_list *old,
                         const struct user_history *hist);
/* Sends the figures. */
void quality_range_send(struct task *task);

/* kept_histories.c */

/* Reads the list that was made when the user last acted, if lists that were made later have taken
 * its place. */
bool scorer_read_first_list(struct task *task, struct slice user_id,
                            struct recommendation_list *ret_list);
/* Reads the history that a list was made of, or a newer one of its user, unless none is kept; the
 * bytes are borrowed until the next task_get(). */
bool scorer_read_history(struct task *task, struct slice user_id,
                         const struct recommendation_list *list, struct user_history *ret_hist);
/* Keeps a user's history (NULL: drops all that is kept of the user). first: the list that is kept
 * beside it stays, if there is one. */
void scorer_keep_history(struct task *task, struct slice user_id, struct slice value, bool first);
/* Keeps the list that the user's action made, before another one takes its place. */
void scorer_keep_first(struct task *task, struct slice user_id,
                       const struct recommendation_list *list);
/* Says whether histories are to be read again: some are lost, and it is known which. */
bool lost_histories_due(struct task *task);
/* Reads on in the histories. At the end, those that were not found are not there. */
void lost_histories_step(struct task *task);

/* foreign_lists.c */

/* Finds out whether foreign lists may stand in the partition. To be called when it is opened, after
 * a rollback, and from the worker's tick. */
void foreign_lists_look(struct task *task);
/* Says whether some may be left; whether they may be looked for now. */
bool foreign_lists_left(const struct task *task);
bool foreign_lists_workable(struct task *task);
/* Goes on with the pass: deletes foreign lists, and sends own ones that the topic lacks. */
void foreign_lists_step(struct task *task);
/* Ends a pass that is going on, and frees its memory: the next one begins with the first list. */
void foreign_lists_stop(struct task *task);
/* Another copy's lists may have arrived: a pass is due that was done. */
void foreign_lists_again(struct task *task);

/* barred_items.c */

/* Says whether items that are barred may stand on lists. */
bool barred_items_left(struct task *task);
/* Takes them off some lists, between polls. */
void barred_items_step(struct task *task);
/* The same in the middle of a poll, if there are any; and notes for how long a poll made lists. */
void barred_items_in_poll(struct task *task);
void barred_items_polled(struct task *task, int64_t us);
/* What was staged is rolled back: items that were taken off may be on lists again. */
void barred_items_roll_back(struct task *task);

/* remake.c */

/* Decodes a list of the state into an arena; it came from a topic, so it is not trusted. */
bool scorer_decode_list(const struct scorer *scorer, struct slice value, struct arena *arena,
                        struct recommendation_list *ret_list);
/* Says whether the user has a list and reads it into an arena. */
bool scorer_read_list(struct task *task, struct slice user_id, struct arena *arena,
                      struct recommendation_list *ret_list);
/* Stores a user's list (NULL: deletes it) and publishes it if the generation is live. */
void scorer_put_list(struct task *task, struct slice user_id, struct slice value);
/* Makes a user's list; borrowed until the next one. */
void scorer_make_list(struct task *task, const struct user_history *hist, enum list_cause cause,
                      struct recommendation_list *ret_list);
/* Encodes a list; borrowed until the next message. */
struct slice scorer_encode_list(struct scorer *scorer, const struct recommendation_list *list);
/* Records the list that was made last: it is current. */
void scorer_record_list(struct task *task, const struct recommendation_list *list, uint8_t flags);
/* Records a list as it is in the state, whenever it was made. */
void scorer_record_stored(struct task *task, struct slice user_id,
                          const struct recommendation_list *list, uint8_t flags);
/* Records the lists that the state has, when a partition is opened. */
void remake_open(struct task *task);
void remake_close(struct task *task);
/* What was staged is rolled back. */
void remake_roll_back(struct task *task);
/* The worker's callbacks. */
int64_t remake_in_ms(struct task *task);
void remake_step(struct task *task);
bool remake_at_rest(struct task *task);
/* Updates the metrics. */
void remake_tell(struct task *task);

#endif
