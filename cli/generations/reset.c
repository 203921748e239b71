#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/generation_log.h"
#include "cli/generations/generation_resources.h"
#include "cli/generations/trial_log.h"
#include "stream/generation.h"

#include <unistd.h>

struct reset {
    bool yes;   /* flag */
    bool lossy; /* flag */

    const struct client *client;
    struct wire *wire;
    const char *word;
};

#define OPTION_SETTINGS struct reset

static const struct flag flags[] = {
    SWITCH('y', "yes", yes, "Do not ask for confirmation"),
    SWITCH(0, "lossy", lossy,
           "Reset the base although `events` no longer has all events that were counted"),
};

/* The base counts again what `events` has. What retention has deleted there is lost with the
 * counts, so that is told first. Returns 0, or EXIT_FAILURE with the fault printed. */
static int check_events(const struct reset *reset)
{
    _cleanup_(xfreep) char *events = client_topic_of(reset->client, "events", "");
    int32_t partitions = 0;
    int64_t low, end, gone = 0;
    if (client_partitions(reset->wire, events, &partitions) < 0) {
        return client_fail_topic(reset->client, reset->wire, events, "events");
    }
    for (int32_t p = 0; p < partitions; p++) {
        if (wire_bounds(reset->wire, events, p, &low, &end) < 0) {
            return client_fail("%s", wire_why(reset->wire));
        }
        gone += low;
    }
    if (!gone || reset->lossy) { return 0; }
    return client_fail("%s has lost its first %" PRId64 " records (retention, or they were "
                       "deleted): what they added to the counts cannot be counted again; hint: "
                       "--lossy does it all the same",
                       events, gone);
}

/* Prints why the generation cannot be reset; 0 when it can. */
static int check(const struct reset *reset, const struct generations *generations,
                 const char *generation, int32_t partitions)
{
    int members;
    if (generation_resources_members(reset->client, reset->wire, generation, &members) != 0) {
        return EXIT_FAILURE;
    }
    if (members) {
        return client_fail("%s has %d workers in its groups; hint: stop them (a worker that was "
                           "killed is a member until its session times out, 15 s)",
                           reset->word, members);
    }
    bool live = strcmp(generations->live, generation) == 0;
    if (live && (generations->epoch || generation[0])) {
        return client_fail("%s is live; hint: promote another one first", reset->word);
    }
    if (generations->epoch && strcmp(generations->previous, generation) == 0 &&
        !generation_log_complete(generations, partitions)) {
        return client_fail("the switch away from %s is not over; hint: freshet promote %s",
                           reset->word, generation_label(generations->live));
    }
    if (trial_log_check_over(reset->client, reset->wire, generations, generation) != 0) {
        return EXIT_FAILURE;
    }
    return generation[0] ? 0 : check_events(reset);
}

static bool confirmed(const struct reset *reset)
{
    char answer[STEP_NAME_BYTES_MAX + 2] = "";
    if (reset->yes) { return true; }
    fprintf(stderr, "This deletes all that generation %s made. Type its name to go on: ",
            reset->word);
    if (!fgets(answer, sizeof(answer), stdin)) { return false; }
    answer[strcspn(answer, "\n")] = '\0';
    return strcmp(answer, reset->word) == 0;
}

/* Deletes the groups first: if the rest fails, workers begin at the start of the other topics. */
static int delete_all(const struct reset *reset, const char *generation, bool alone)
{
    if (generation_resources_delete_groups(reset->client, reset->wire, generation) != 0 ||
        generation_resources_delete_topics(reset->client, reset->wire, generation, alone) != 0 ||
        generation_resources_delete_state(reset->client, generation) != 0) {
        return EXIT_FAILURE;
    }
    printf("%s: input offsets, topics and the state below %s are gone\n", reset->word,
           client_state_dir(reset->client));
    return 0;
}

static int run(struct reset *reset)
{
    struct generations generations;
    int32_t partitions;
    const char *generation = generation_parse(reset->word);
    int result = generation_log_partitions(reset->client, reset->wire, &partitions);
    if (!result) { result = generation_log_read(reset->client, reset->wire, &generations); }
    if (!result) {
        result = check(reset, &generations, generation, partitions);
        bool alone = !generation[0] && !generations.epoch;
        if (!result && !confirmed(reset)) { result = client_fail("nothing was changed"); }
        if (!result) { result = delete_all(reset, generation, alone); }
        generations_release(&generations);
    }
    return result;
}

static bool reset_check(struct invocation *invocation, struct buf *why)
{
    return client_generation_valid(invocation->arguments[0], why);
}

static int reset_run(struct invocation *invocation)
{
    struct reset *reset = invocation->settings;
    reset->client = &invocation->client;
    reset->wire = invocation->wire;
    reset->word = invocation->arguments[0];
    return run(reset);
}

const struct command reset_command = {
    .name = "reset",
    .group = GROUP_GENERATIONS,
    .summary = "delete what a generation made",
    .arguments = "GENERATION",
    .arguments_least = 1,
    .arguments_most = 1,
    .about =
        "Deletes all that a generation made (base: the one without a name): input offsets, "
        "internal topics, outputs and the local state below state.dir. Events, catalogue and other "
        "generations stay. The base's topics are recreated, empty; its workers then count from the "
        "first event that is kept; when some are not, that needs --lossy. The command refuses "
        "while one of the generation's groups has a member, and for a generation that is live "
        "beside another.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_KAFKA,
    .settings_size = sizeof(struct reset),
    .check = reset_check,
    .run = reset_run,
};
