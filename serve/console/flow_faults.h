/* What is wrong with the flow of events, and the command that helps. Pure, but for the letters that
 * are read. */
#ifndef FRESHET_SERVE_CONSOLE_FLOW_FAULTS_H
#define FRESHET_SERVE_CONSOLE_FLOW_FAULTS_H

#include "serve/console/flow_watch.h"
#include "serve/console/refused_records.h"
#include "serve/console/texts.h"

enum { FLOW_FAULTS_MAX = 16, FLOW_REASONS = 8, FLOW_REASONS_COUNTED = 64, FLOW_COMMAND_BYTES = 80 };

/* What is late: lists that come later than this after the event, tables of this server that are
 * older, and a lag that takes longer at the present rate. */
#define FLOW_LATE_S 1.0
#define FLOW_OLD_S 10.0
#define FLOW_BEHIND_S 30.0

struct flow_fault {
    int stage; /* of stages; -1: none */
    enum text text;
    int64_t number; /* behind the text; -1: none */
    const char *why; /* a reason of Kafka's, or ""; borrowed from the view */
    char command[FLOW_COMMAND_BYTES];
    bool flagged; /* it ends in a command of `freshet`, which takes the page's flags */
};

struct flow_faults {
    struct flow_fault at[FLOW_FAULTS_MAX];
    size_t count;
};

struct refusal_sum {
    char reason[REFUSED_TEXT_BYTES + 1];
    int64_t number;
};

/* Dead letters by reason, of those that are kept: the FLOW_REASONS most frequent reasons, the most
 * frequent first. Those of the newest letters are counted, FLOW_REASONS_COUNTED at most. */
struct refusal_sums {
    struct refusal_sum at[FLOW_REASONS_COUNTED];
    size_t count; /* at most FLOW_REASONS */
    int64_t last_hour, since_ms;
};

/* Counts the dead letters that are kept. */
void refusal_sums_find(struct refused_records *letters, int64_t now_ms,
                      struct refusal_sums *ret_sums);
/* Finds what is wrong, the worst first; age_ms: of the server's tables. */
void flow_faults_find(const struct flow_view *view, const struct refusal_sums *letters,
                      int64_t age_ms, struct flow_faults *ret_faults);

#endif
