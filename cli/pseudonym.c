#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/user_names.h"

struct asking {
    const char *keys;
};

#define OPTION_SETTINGS struct asking

static const struct flag flags[] = {
    FLAG('k', "FILE",
         OPTION("keys", STRING, keys, NULL, OPTION_FREE, "The key file, as pseudonym.keys")),
};

static bool pseudonym_check(struct invocation *invocation, struct buf *why _unused_)
{
    const struct asking *asking = invocation->settings;
    if (asking->keys) {
        client_keep(&invocation->client, "--set", xprintf("pseudonym.keys=%s", asking->keys));
    }
    return true;
}

static int pseudonym_run(struct invocation *invocation)
{
    struct user_names names;
    int result = user_names_find(&invocation->client, invocation->arguments[0], &names);
    if (result) { return result; }
    if (!names.key_ids[0][0]) {
        fprintf(stderr, "freshet: pseudonym.keys is not set, or this is a pseudonym already\n");
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

const struct command pseudonym_command = {
    .name = "pseudonym",
    .group = GROUP_USERS,
    .summary = "print a user's pseudonyms under the keys of pseudonym.keys",
    .arguments = "USER",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Prints the names of a user on Freshet's topics: a line for each key of the file, "
             "newest first, with the key's id, the time from which it is in force, and the "
             "pseudonym. A star marks the key that records of this moment get. Needs no Kafka.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_SETTINGS,
    .settings_size = sizeof(struct asking),
    .check = pseudonym_check,
    .run = pseudonym_run,
};
