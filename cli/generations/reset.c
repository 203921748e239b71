#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/generations/generation_resources.h"
#include "cli/generations/generation_log.h"
#include "stream/generation.h"

#include <argp.h>
#include <unistd.h>

enum { KEY_YES = 'y' };

struct reset {
    struct client client;
    const char *word;
    bool yes;
    struct wire *wire;
};

static const struct argp_option flags[] = {
    {"yes", KEY_YES, 0, 0, "Do not ask", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct reset *reset = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &reset->client;
        return 0;
    case KEY_YES:
        reset->yes = true;
        return 0;
    case ARGP_KEY_ARG:
        if (reset->word) { argp_error(state, "one generation at a time"); }
        if (!generation_parse(arg)) { argp_error(state, "no name of a generation: %s", arg); }
        reset->word = arg;
        return 0;
    case ARGP_KEY_END:
        if (!reset->word) { argp_error(state, "GENERATION is needed (base: the one without a "
                                              "name)"); }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&client_argp, 0, "Which Kafka:", 90}, {0}};
static const struct argp argp = {
    .options = flags,
    .parser = parse,
    .args_doc = "GENERATION",
    .doc =
        "Throws away what a generation made, all together: input offsets, internal topics, outputs "
        "and the local state below state.dir. Events, catalogue and other generations stay. The "
        "base's topics are made anew, empty; its workers then count from the first event kept. "
        "Refused while one of its groups has a member, and for a generation that is live beside "
        "another.",
    .children = children,
};

/* Says why not; 0 when nothing is in the way. */
static int check(const struct reset *reset, const struct generations *generations,
                 const char *generation, int32_t partitions)
{
    int members;
    if (generation_resources_members(&reset->client, reset->wire, generation, &members) != 0) {
        return 1;
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
    return 0;
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

/* The groups first: without offsets what is left can only be read from the start again. */
static int delete_all(const struct reset *reset, const char *generation, bool alone)
{
    if (generation_resources_delete_groups(&reset->client, reset->wire, generation) != 0 ||
        generation_resources_delete_topics(&reset->client, reset->wire, generation, alone) != 0 ||
        generation_resources_delete_state(&reset->client, generation) != 0) {
        return 1;
    }
    printf("%s: input offsets, topics and the state below %s are gone\n", reset->word,
           client_state_dir(&reset->client));
    return 0;
}

static int run(void *arg)
{
    struct reset *reset = arg;
    struct generations generations;
    int32_t partitions;
    const char *generation = generation_parse(reset->word);
    if (client_connect(&reset->client, NULL, &reset->wire) < 0) { return 1; }
    int result = generation_log_partitions(&reset->client, reset->wire, &partitions);
    if (!result) { result = generation_log_read(&reset->client, reset->wire, &generations); }
    if (!result) {
        result = check(reset, &generations, generation, partitions);
        bool alone = !generation[0] && !generations.epoch;
        if (!result && !confirmed(reset)) { result = client_fail("nothing was changed"); }
        if (!result) { result = delete_all(reset, generation, alone); }
        generations_release(&generations);
    }
    wire_close(reset->wire);
    return result;
}

int reset_command(int argc, char **argv)
{
    struct reset reset = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &reset);
    return client_run(&reset.client, run, &reset);
}
