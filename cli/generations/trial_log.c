#include "base/base.h"
#include "base/xalloc.h"
#include "cli/generation_log.h"
#include "cli/table_log.h"
#include "cli/generations/trial_log.h"
#include "stream/generation.h"

static const struct table_log trial_log = {
    .name = "trials",
    .contract = &trial_record_contract,
    .record_bytes = sizeof(struct trial_record),
    .message_bytes_max = TRIAL_RECORD_BYTES_MAX,
};

static void apply(void *trials, const void *record)
{
    (void)trials_apply(trials, record); /* the scorer refuses what makes no sense */
}

int trial_log_read(const struct client *client, struct wire *wire, struct trials *ret_trials)
{
    int32_t partitions;
    if (generation_log_partitions(client, wire, &partitions) != 0) { return EXIT_FAILURE; }
    trials_init(ret_trials, partitions);
    int result = table_log_read(&trial_log, client, wire, apply, ret_trials);
    if (result != 0) { trials_release(ret_trials); }
    return result;
}

int trial_log_write(const struct client *client, struct wire *wire,
                    const struct trial_record *rec)
{
    char key[TRIAL_KEY_BYTES_MAX];
    return table_log_write(&trial_log, client, wire, trial_record_key(rec, key), rec);
}

static bool is_spent(void *trials, const void *record)
{
    const struct trial_record *rec = record;
    return rec->trial < ((const struct trials *)trials)->number &&
           (rec->kind == TRIAL_COUNTED || rec->kind == TRIAL_RETURNED);
}

int trial_log_sweep(const struct client *client, struct wire *wire, const struct trials *trials)
{
    return table_log_sweep(&trial_log, client, wire, is_spent, (void *)trials);
}

int32_t trial_log_owed(const struct trials *trials, const struct generations *generations,
                       int32_t partitions)
{
    int32_t owed = 0;
    for (int32_t p = 0; p < partitions; p++) { owed += trials_owe(trials, generations, p); }
    return owed;
}

int trial_log_check_over(const struct client *client, struct wire *wire,
                         const struct generations *generations, const char *generation)
{
    struct trials trials;
    if (trial_log_read(client, wire, &trials) != 0) { return EXIT_FAILURE; }
    int result = 0;
    bool meant = !generation || trials_arm(&trials, generation) != TRIAL_ARMS;
    if (meant && trials_run(&trials, generations)) {
        result = client_fail("trial %" PRId64 " of %s against %s runs; hint: freshet trial stop",
                             trials.number, generation_label(trials.generation),
                             generation_label(trials.live));
    }
    trials_release(&trials);
    return result;
}
