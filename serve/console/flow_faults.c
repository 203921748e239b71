#include "base/base.h"
#include "serve/console/flow_faults.h"

enum { LETTER_HOUR_MS = 3600000 };

/* ---- Dead letters ---- */

static void count_letter(void *arg, const struct refused_record *letter)
{
    struct refusal_sums *sums = arg;
    char reason[REFUSED_TEXT_BYTES + 1] = "";
    memcpy(reason, letter->reason.data, letter->reason.size);
    sums->last_hour += letter->time_ms > sums->since_ms;
    size_t at = 0;
    while (at < sums->count && strcmp(sums->at[at].reason, reason) != 0) { at++; }
    if (at == FLOW_REASONS_COUNTED) { return; }
    if (at == sums->count) {
        memcpy(sums->at[at].reason, reason, sizeof(reason));
        sums->count++;
    }
    sums->at[at].number++;
}

/* The most frequent first. */
static int by_number(const void *a, const void *b)
{
    const struct refusal_sum *one = a, *other = b;
    if (one->number != other->number) { return one->number < other->number ? 1 : -1; }
    return strcmp(one->reason, other->reason);
}

void refusal_sums_find(struct refused_records *letters, int64_t now_ms,
                      struct refusal_sums *ret_sums)
{
    *ret_sums = (struct refusal_sums){.since_ms = now_ms - LETTER_HOUR_MS};
    refused_records_each(letters, count_letter, ret_sums);
    qsort(ret_sums->at, ret_sums->count, sizeof(ret_sums->at[0]), by_number);
    ret_sums->count = MIN_OF(ret_sums->count, (size_t)FLOW_REASONS);
}

/* ---- Faults ---- */

static struct flow_fault *add(struct flow_faults *faults, int stage, enum text text)
{
    static struct flow_fault dropped;
    bool room = faults->count < FLOW_FAULTS_MAX;
    struct flow_fault *fault = room ? &faults->at[faults->count++] : &dropped;
    *fault = (struct flow_fault){.stage = stage, .text = text, .number = -1, .why = ""};
    return fault;
}

/* The command is "BEFORE WORKER BEHIND". */
static void set_command(struct flow_fault *fault, const char *before, const char *worker,
                        const char *behind)
{
    (void)snprintf(fault->command, sizeof(fault->command), "%s%s%s", before, worker, behind);
}

static void set_freshet(struct flow_fault *fault, const char *command)
{
    set_command(fault, command, "", "");
    fault->flagged = true;
}

static void look_at_stage(const struct flow_stage *stage, int at, struct flow_faults *faults)
{
    const char *worker = stages[at].worker;
    if (!stage->told) {
        /* One that may be left out has no topic either. */
        if (stages[at].optional) { return; }
        struct flow_fault *fault = add(faults, at, TEXT_FAULT_UNTOLD);
        fault->why = stage->why;
        set_freshet(fault, "freshet topics plan");
    } else if (!stage->members && (!stages[at].optional || stage->lag > 0)) {
        set_command(add(faults, at, TEXT_FAULT_NO_COPY), "systemctl start freshet-", worker, "@0");
    } else if (stages[at].checkpoints) {
        return; /* between two checkpoints its offsets say nothing */
    } else if (stage->members && stage->lag > 0 && isinf(stage->behind_s)) {
        struct flow_fault *fault = add(faults, at, TEXT_FAULT_STILL);
        fault->number = stage->lag;
        set_command(fault, "journalctl -u 'freshet-", worker, "@*' -n 50");
    } else if (stage->behind_s > FLOW_BEHIND_S && stage->members < stage->partitions) {
        struct flow_fault *fault = add(faults, at, TEXT_FAULT_BEHIND);
        fault->number = (int64_t)stage->behind_s;
        (void)snprintf(fault->command, sizeof(fault->command), "systemctl start freshet-%s@%d",
                       worker, stage->members);
    } else if (stage->behind_s > FLOW_BEHIND_S) {
        struct flow_fault *fault = add(faults, at, TEXT_FAULT_FULL);
        fault->number = (int64_t)stage->behind_s;
        set_freshet(fault, "freshet top");
    }
}

void flow_faults_find(const struct flow_view *view, const struct refusal_sums *letters,
                      int64_t age_ms, struct flow_faults *ret_faults)
{
    *ret_faults = (struct flow_faults){.count = 0};
    if (!view->asking && (!view->known || view->why[0])) {
        struct flow_fault *fault = add(ret_faults, -1, TEXT_FAULT_UNKNOWN);
        fault->why = view->why;
        set_freshet(fault, "freshet status");
    }
    if ((double)age_ms / 1000.0 > FLOW_OLD_S) {
        struct flow_fault *fault = add(ret_faults, -1, TEXT_FAULT_OLD);
        fault->number = age_ms / 1000;
        set_command(fault, "journalctl -u 'freshet-serve@*' -n 50", "", "");
    }
    for (int at = 0; at < STAGES_COUNT && view->known; at++) {
        look_at_stage(&view->stages[at], at, ret_faults);
    }
    if (view->lists && view->p99_s > FLOW_LATE_S) {
        set_freshet(add(ret_faults, -1, TEXT_FAULT_LATE), "freshet top");
    }
    if (letters->last_hour) {
        struct flow_fault *fault = add(ret_faults, -1, TEXT_FAULT_LETTERS);
        fault->number = letters->last_hour;
        set_freshet(fault, "freshet letters");
    }
}
