#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/user_names.h"

#include <argp.h>

enum { KEY_KEYS = 'k' };

struct asking {
    struct client client;
    const char *user;
};

static const struct argp_option flags[] = {
    {"keys", KEY_KEYS, "FILE", 0, "The key file, as pseudonym.keys", 0},
    {0},
};

static error_t parse(int key, char *arg, struct argp_state *state)
{
    struct asking *asking = state->input;
    switch (key) {
    case ARGP_KEY_INIT:
        state->child_inputs[0] = &asking->client;
        return 0;
    case KEY_KEYS:
        client_keep(&asking->client, "--set", xprintf("pseudonym.keys=%s", arg));
        return 0;
    case ARGP_KEY_ARG:
        if (asking->user) { argp_error(state, "one user at a time"); }
        asking->user = arg;
        return 0;
    case ARGP_KEY_END:
        if (!asking->user) { argp_error(state, "USER is needed"); }
        return 0;
    default:
        return ARGP_ERR_UNKNOWN;
    }
}

static const struct argp_child children[] = {{&client_argp, 0, "Configuration:", 90}, {0}};
static const struct argp argp = {
    .options = flags,
    .parser = parse,
    .args_doc = "USER",
    .doc =
        "Prints what a user is called on our topics: a line for each key of the file, newest "
        "first, with the key's id, from when it is in force, and the pseudonym; a star marks the "
        "key that records of this moment get. Asks no broker.",
    .children = children,
};

static int run(void *arg)
{
    struct asking *asking = arg;
    struct user_names names;
    int result = user_names_find(&asking->client, asking->user, &names);
    if (result) { return result; }
    if (!names.key_ids[0][0]) {
        fprintf(stderr, "freshet: no pseudonym.keys, or that is a pseudonym: it stays\n");
    }
    for (size_t i = 0; i < names.count; i++) {
        char from[32] = "-";
        struct tm tm;
        time_t seconds = (time_t)(names.from_ms[i] / 1000);
        if (names.key_ids[i][0] && gmtime_r(&seconds, &tm)) {
            (void)strftime(from, sizeof(from), "%Y-%m-%dT%H:%M:%SZ", &tm);
        }
        printf("%s %-8s %-20s %s\n", i == names.now ? "*" : " ",
               names.key_ids[i][0] ? names.key_ids[i] : "-", from, names.at[i]);
    }
    user_names_release(&names);
    return 0;
}

int pseudonym_command(int argc, char **argv)
{
    struct asking asking = {0};
    argp_parse(&argp, argc, argv, 0, NULL, &asking);
    return client_run(&asking.client, run, &asking);
}
