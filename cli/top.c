#include "base/base.h"
#include "cli/commands.h"
#include "cli/installation.h"
#include "cli/installation_page.h"

#include <unistd.h>

struct top {
    int64_t every_ms; /* flag */
    int64_t count;    /* flag */
};

#define OPTION_SETTINGS struct top

static const struct flag flags[] = {
    FLAG('d', "TIME",
         OPTION("delay", DURATION, every_ms, "2s", OPTION_RANGE(100, 3600000),
                "Time between two looks")),
    FLAG('n', "N",
         OPTION("count", LONG, count, "0", OPTION_RANGE(0, INFINITY),
                "End after N looks; 0: go on until Ctrl-C")),
};

/* On a terminal a look replaces the one before it; in a file they stand one below the other. */
static void show(const json_t *look, const json_t *before, bool terminal)
{
    if (terminal) { printf("\x1b[H\x1b[2J"); }
    if (!terminal && before) { printf("\n"); }
    installation_table(look, before, stdout);
}

static void go_on(const struct top *top, struct installation *installation)
{
    bool terminal = isatty(STDOUT_FILENO);
    json_t *before = NULL;
    for (int64_t i = 0; !top->count || i < top->count; i++) {
        if (i) { usleep((useconds_t)(top->every_ms * 1000)); }
        json_t *look = installation_look(installation);
        show(look, before, terminal);
        json_decref(before);
        before = look;
        if (fflush(stdout)) { break; } /* nobody reads any more */
    }
    json_decref(before);
}

static int top_run(struct invocation *invocation)
{
    struct installation *installation;
    int result = installation_open(&invocation->client, &installation);
    if (result == 0) { go_on(invocation->settings, installation); }
    installation_close(installation);
    return result;
}

const struct command top_command = {
    .name = "top",
    .group = GROUP_OPERATION,
    .summary = "show copies, lag and rates of all workers, live",
    .about = "Prints a line for each worker, again and again: how many copies run, partitions, "
             "records that are left to read, records read a second, how long the rest takes at "
             "that rate, and the dead letters that are kept. Lines have at most 80 columns. Ctrl-C "
             "ends it.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_SETTINGS,
    .settings_size = sizeof(struct top),
    .run = top_run,
};
