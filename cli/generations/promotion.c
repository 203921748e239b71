/* promote and rollback: the same switch, to a generation that is named or to the one that was live
 * before.
 *
 * The switch is a record of the topic `generations` with the next epoch. The scorers carry it out,
 * partition by partition: the scorer of the former live generation writes `released` after its last
 * list, then the scorer of the new one writes `taken` (scorer/cutover.h). This command writes the
 * switch and waits until all partitions are taken. When the former generation has no scorer for
 * ABSENT_LOOKS checks in a row, the command releases the partitions itself. It may be killed at any
 * point: run again, it finds the switch in the topic and goes on waiting.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/generation_log.h"
#include "cli/generations/generation_members.h"
#include "cli/generations/promotion.h"
#include "cli/generations/trial_log.h"
#include "cli/scan.h"
#include "stream/generation.h"
#include "stream/kafka/kafka_admin.h"

#include <unistd.h>

enum {
    LOOK_MS = 200,
    ABSENT_LOOKS = 15, /* checks in a row without a member, after which a group counts as stopped */
};

struct promotion {
    int64_t timeout_s; /* flag */
    bool incomplete;   /* flag of promote */

    const struct client *client;
    struct wire *wire;
    const char *word; /* the named generation; NULL: the previous one */
    bool back;
    bool on_trial; /* a trial of the generation may run: it ends with the switch */
    char generation[STEP_NAME_BYTES_MAX + 1];
    int32_t partitions;
    int absent; /* checks in a row at which the former generation had no scorer */
};

#define OPTION_SETTINGS struct promotion

#define TIMEOUT_FLAG                                                                               \
    FLAG('t', "SECONDS",                                                                           \
         OPTION("timeout", LONG, timeout_s, "120", OPTION_RANGE(0, 1e6),                           \
                "Longest wait for the switch"))

static const struct flag promote_flags[] = {
    TIMEOUT_FLAG,
    SWITCH(0, "incomplete", incomplete,
           "Switch although the generation lacks workers or a Transformer that the live one has"),
};
static const struct flag rollback_flags[] = {TIMEOUT_FLAG};

/* ---- Releasing for a scorer that does not run ---- */

struct copying {
    struct wire *wire;
    const char *topic;
    int32_t partition;
    bool failed;
};

static bool copy_list(void *arg, const struct record *rec)
{
    struct copying *copying = arg;
    const struct message message = {.topic = copying->topic,
                                    .partition = copying->partition,
                                    .key = rec->key,
                                    .value = rec->value};
    copying->failed |= rec->key.data && wire_produce(copying->wire, &message, 1) < 0;
    return !copying->failed;
}

/* A partition that the base never released holds only the base's lists: copies them to `lists`,
 * which becomes its changelog. */
static int copy_lists_of_base(struct promotion *promotion, int32_t partition)
{
    _cleanup_(xfreep) char *from = client_topic_of(promotion->client, "recommendations", "");
    _cleanup_(xfreep) char *to = client_topic_of(promotion->client, "lists", "");
    struct copying copying = {promotion->wire, to, partition, false};
    int result = scan_topic(promotion->wire, from, partition, /* follow= */ false, copy_list,
                            &copying);
    if (result < 0 || copying.failed) { return client_fail("%s", wire_why(promotion->wire)); }
    return client_flush(promotion->wire);
}

static int release_for(struct promotion *promotion, const struct generations *generations,
                       int32_t partition)
{
    const char *previous = generations->previous;
    if (!generations_apart(generations, previous, partition)) {
        if (copy_lists_of_base(promotion, partition) != 0) { return EXIT_FAILURE; }
    }
    const struct generation_step step = {.kind = STEP_RELEASED,
                                         .epoch = generations->epoch,
                                         .generation = slice_str(previous),
                                         .partition = partition};
    printf("partition %d: released for %s, whose scorer does not run\n", partition,
           generation_label(previous));
    return generation_log_write(promotion->client, promotion->wire, &step);
}

static int release_if_absent(struct promotion *promotion, const struct generations *generations)
{
    int members;
    _cleanup_(xfreep) char *group =
        client_group_of(promotion->client, "scorer", generations->previous);
    if (admin_group_members(promotion->wire, group, &members) < 0) {
        return client_fail("%s", wire_why(promotion->wire));
    }
    promotion->absent = members ? 0 : promotion->absent + 1;
    if (promotion->absent < ABSENT_LOOKS) { return 0; }
    for (int32_t p = 0; p < promotion->partitions; p++) {
        if (generations_role(generations, generations->previous, p) != ROLE_RELEASE) { continue; }
        if (release_for(promotion, generations, p) != 0) { return EXIT_FAILURE; }
    }
    return 0;
}

/* ---- The switch ---- */

/* Prints why the switch cannot begin; 0 when it can. */
static int check(const struct promotion *promotion, const struct generations *generations)
{
    bool complete = generation_log_complete(generations, promotion->partitions);
    if (!complete && !promotion->back &&
        strcmp(promotion->generation, generations->previous) != 0) {
        return client_fail("the switch from %s to %s is not over; hint: freshet promote %s waits "
                           "for it, freshet rollback takes it back",
                           generation_label(generations->previous),
                           generation_label(generations->live),
                           generation_label(generations->live));
    }
    if (!promotion->on_trial &&
        trial_log_check_over(promotion->client, promotion->wire, generations,
                             /* generation= */ NULL) != 0) {
        return EXIT_FAILURE;
    }
    return generation_members_list(promotion->client, promotion->wire, promotion->generation);
}

/* Ends when all partitions are taken; 0, or EXIT_FAILURE with the fault printed. */
static int wait_until_taken(struct promotion *promotion)
{
    for (int64_t waited_ms = 0; waited_ms < promotion->timeout_s * 1000; waited_ms += LOOK_MS) {
        struct generations generations;
        if (generation_log_read(promotion->client, promotion->wire, &generations) != 0) {
            return EXIT_FAILURE;
        }
        bool ours = strcmp(generations.live, promotion->generation) == 0;
        bool done = generation_log_complete(&generations, promotion->partitions);
        int result = !ours ? client_fail("another switch has begun") : 0;
        if (!result && !done) { result = release_if_absent(promotion, &generations); }
        generations_release(&generations);
        if (result || done) { return result; }
        usleep(LOOK_MS * 1000);
    }
    return client_fail("not every partition was taken within %" PRId64 " s; hint: look at the logs "
                       "of both scorers; the same command waits on, freshet rollback takes it back",
                       promotion->timeout_s);
}

static int begin(struct promotion *promotion, const struct generations *generations)
{
    if (promotion->back && !generations->epoch) {
        return client_fail("nothing was ever promoted: there is nothing to go back to");
    }
    (void)snprintf(promotion->generation, sizeof(promotion->generation), "%s",
                   promotion->back ? generations->previous : generation_parse(promotion->word));
    if (strcmp(promotion->generation, generations->live) == 0) { return 0; }
    if (check(promotion, generations) != 0) { return EXIT_FAILURE; }
    bool whole = promotion->back || promotion->incomplete;
    if (!whole && generation_members_compare(promotion->client, promotion->wire,
                                             promotion->generation, generations->live) != 0) {
        return EXIT_FAILURE;
    }
    const struct generation_step step = {.kind = STEP_LIVE,
                                         .epoch = generations_next(generations),
                                         .generation = slice_str(promotion->generation),
                                         .previous = slice_str(generations->live),
                                         .partition = -1};
    return generation_log_write(promotion->client, promotion->wire, &step);
}

static int run(struct promotion *promotion)
{
    struct generations generations;
    int result =
        generation_log_partitions(promotion->client, promotion->wire, &promotion->partitions);
    if (!result) {
        result = generation_log_read(promotion->client, promotion->wire, &generations);
    }
    if (!result) {
        result = begin(promotion, &generations);
        generations_release(&generations);
    }
    if (!result) { result = wait_until_taken(promotion); }
    if (!result) {
        printf("%s is live in all %d partitions\n", generation_label(promotion->generation),
               promotion->partitions);
    }
    return result;
}

int promotion_make(const struct client *client, struct wire *wire, const char *label,
                   int64_t timeout_s, bool incomplete)
{
    struct promotion promotion = {.timeout_s = timeout_s,
                                  .incomplete = incomplete,
                                  .client = client,
                                  .wire = wire,
                                  .word = label,
                                  .on_trial = true};
    return run(&promotion);
}

static bool promote_check(struct invocation *invocation, struct buf *why)
{
    return client_generation_valid(invocation->arguments[0], why);
}

static int promotion_run(struct invocation *invocation)
{
    struct promotion *promotion = invocation->settings;
    promotion->client = &invocation->client;
    promotion->wire = invocation->wire;
    promotion->word = invocation->arguments[0];
    promotion->back = !promotion->word;
    return run(promotion);
}

const struct command promote_command = {
    .name = "promote",
    .group = GROUP_GENERATIONS,
    .summary = "make a generation the live one",
    .arguments = "GENERATION",
    .arguments_least = 1,
    .arguments_most = 1,
    .about =
        "Makes a generation the live one. In each partition of `recommendations` the scorer of the "
        "former live generation sends its last list, then that of the new one sends all its lists, "
        "and deletes those of users whom it does not know (freshet compare counts them). "
        "Waits until every partition is taken; when it is run again, it goes on waiting. Refuses "
        "when the generation lacks what the live one has: a worker that runs, or a Transformer.",
    .flags = promote_flags,
    .flags_count = ARRAY_COUNT(promote_flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct promotion),
    .check = promote_check,
    .run = promotion_run,
};

const struct command rollback_command = {
    .name = "rollback",
    .group = GROUP_GENERATIONS,
    .summary = "make the generation before the live one live again",
    .about = "Makes the generation that was live before the live one again.",
    .flags = rollback_flags,
    .flags_count = ARRAY_COUNT(rollback_flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct promotion),
    .run = promotion_run,
};
