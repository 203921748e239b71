/* Quality board: how the lists did in the last QUALITY_HOURS hours, and the newest trial, for the
 * console.
 *
 * Figures are sums over the records of `quality` (list_quality.avsc), by the hour in which Kafka
 * got them. A record with the key of an earlier one replaces it, as long as that one is remembered
 * (QUALITY_KEYS slots of a hash, the newest record of each): a scorer sends a range again only soon
 * after it sent it first. The worker's thread puts, any thread reads: one lock.
 */
#ifndef FRESHET_SERVE_CONSOLE_QUALITY_BOARD_H
#define FRESHET_SERVE_CONSOLE_QUALITY_BOARD_H

#include "base/arena.h"
#include "schemas/list_quality.h"
#include "schemas/trials.h"
#include "schemas/user_event.h"
#include "stream/worker.h"

enum { QUALITY_HOURS = 48, QUALITY_MODELS = 16, QUALITY_SEGMENTS = 3, QUALITY_KEYS = 1 << 14,
       QUALITY_MODEL_BYTES = 64, QUALITY_GENERATIONS = 4 };

/* What came of lists that were judged; hits and repeats are part of judged. */
struct quality_counts {
    int64_t judged, hits, repeats;
    double ndcg; /* the sum */
};

struct quality_hour {
    int64_t hour; /* since 1970; 0: nothing is known */
    struct quality_counts all;
    int64_t unlisted, lists, places;
    double novelty_bits; /* the sum over places */
    double coverage;     /* the largest share of the items that one record's lists had */
    struct quality_counts parts[QUALITY_MODELS][QUALITY_SEGMENTS];
    struct quality_counts kinds[ACTIONS_COUNT];
};

/* A copy of the board. */
struct quality_view {
    struct quality_hour hours[QUALITY_HOURS]; /* the newest first; unknown ones are left out */
    size_t hours_count;
    char models[QUALITY_MODELS][QUALITY_MODEL_BYTES]; /* the last one: all others together */
    size_t models_count;
    /* Generations that switches and the trial name, the live one first; empty: the base. */
    char generations[QUALITY_GENERATIONS][STEP_NAME_BYTES_MAX + 1];
    size_t generations_count;
    struct {
        bool known, runs, ended;
        int64_t number, began_ms, ended_ms;
        int32_t share, metric, ending;
        char names[TRIAL_ARMS][STEP_NAME_BYTES_MAX + 1];
        struct trial_totals arms[TRIAL_ARMS];
        double gains[TRIAL_ARMS][TRIAL_BUCKETS]; /* of the metric that it compares */
    } trial;
};

struct quality_board;

/* Makes an empty one for trials of lists in so many partitions (0: not known); free with
 * quality_board_free(). */
struct quality_board *quality_board_new(struct schema_cache *schemas, int32_t partitions);
/* Takes NULL; returns NULL. */
struct quality_board *quality_board_free(struct quality_board *board);
/* Takes a record of `quality` at this time. 0, or -EBADMSG with ret_error filled: it cannot be
 * read, or is of an hour that is to come, after which none would be among the newest hours. */
int quality_board_put(struct quality_board *board, const struct record *rec, int64_t now_ms,
                      struct codec_error *ret_error);
/* Take a record of `trials` and `generations`. One that cannot be read is passed over: the scorer
 * reads it, too, and refuses it. */
void quality_board_put_trial(struct quality_board *board, const struct record *rec);
void quality_board_put_step(struct quality_board *board, const struct record *rec);
/* Copies the board. */
void quality_board_look(struct quality_board *board, struct quality_view *ret_view);

#endif
