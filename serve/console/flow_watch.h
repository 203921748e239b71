/* Flow watch: how far each worker is, as Kafka knows it (committed offsets, ends of the topics,
 * members of the groups), and how fresh the newest lists were. For the console's page `flow`.
 *
 * A thread of its own, with a connection of its own, looks every FLOW_LOOK_MS, so neither requests
 * nor the tables wait for it. When nobody has asked for FLOW_AWAKE_MS, it forgets what it knows and
 * asks Kafka for nothing until somebody does. In a run on an in-process log there is no such
 * thread, and nothing is known but freshness.
 */
#ifndef FRESHET_SERVE_CONSOLE_FLOW_WATCH_H
#define FRESHET_SERVE_CONSOLE_FLOW_WATCH_H

#include "stream/stages.h"
#include "stream/worker.h"

enum { FLOW_LOOK_MS = 2000, FLOW_AWAKE_MS = 10000, FLOW_LISTS = 1024, FLOW_WHY_BYTES = 200 };

/* What is known of a stage. */
struct flow_stage {
    bool told;           /* false: see why */
    int members;         /* copies in its group */
    bool committed;      /* its group has committed offsets; else lag and rate are unknown */
    int64_t lag, read;   /* records; read: the sum of committed offsets */
    double rate;         /* records read a second, over the last looks */
    double behind_s;     /* lag by rate; infinite: it does not move; NAN: not known */
    int32_t partitions;  /* of its input: more copies than that have nothing to do */
    char why[FLOW_WHY_BYTES];
};

struct flow_view {
    bool known;      /* Kafka has answered since somebody looks */
    bool asking;     /* it has not, because nobody looked: it is asked now */
    int64_t time_ms; /* when it did, since 1970 */
    char why[FLOW_WHY_BYTES]; /* why there is no connection; empty: there is */
    struct flow_stage stages[STAGES_COUNT];
    size_t lists;             /* on which freshness is measured: the newest ones */
    double p50_s, p99_s;      /* from the record's arrival in Kafka to the list's */
};

struct flow_watch;

/* Begins to look. `sources`: the topics that ingest reads, names below the prefix with commas
 * between. The run is borrowed. Free with flow_watch_free(), which waits for the thread. */
struct flow_watch *flow_watch_new(struct run *run, const char *sources);
/* Takes NULL; returns NULL. */
struct flow_watch *flow_watch_free(struct flow_watch *watch);
/* Takes the times of a list: its own in Kafka, and that of the record behind it; 0: not known. */
void flow_watch_put_list(struct flow_watch *watch, int64_t time_ms, int64_t received_ms);
/* Copies what is known; somebody looks. Any thread. */
void flow_watch_look(struct flow_watch *watch, struct flow_view *ret_view);

/* Fills in rate and behind_s of a stage from an earlier look at it. Pure. */
void flow_stage_compare(struct flow_stage *now, const struct flow_stage *before, double seconds);

#endif
