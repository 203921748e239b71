/* A command of `freshet` is one value: its name, help texts, flags and function.
 *
 * The driver (driver.h) reads the command line by the table of flags, checks every value, loads the
 * configuration and connects when the command needs that, runs it and releases everything. Pages of
 * help come from the same table.
 *
 *     static const struct flag flags[] = {
 *         FLAG('n', "N", OPTION("limit", LONG, limit, "0", OPTION_RANGE(0, INFINITY), "Stop ...")),
 *         SWITCH('f', "follow", follow, "Go on as new records come"),
 *     };
 *
 * A row of OPTION_SETTINGS (option_table.h) names the member of the command's settings struct that
 * takes the value. Short texts of help are fragments without a final stop.
 */
#ifndef FRESHET_CLI_COMMAND_H
#define FRESHET_CLI_COMMAND_H

#include "base/buf.h"
#include "cli/client.h"
#include "stream/config/option_table.h"

enum { COMMAND_ARGUMENTS_MAX = 16, COMMAND_FLAGS_MAX = 32 };

struct flag {
    char letter;          /* 'n' for -n; 0: none */
    const char *value;    /* the value's name in the help: "N"; NULL: a switch without a value */
    struct option option; /* name, type, member, default (NULL: zero), limits, help */
    bool needed;          /* the flag is required */
    /* Checks and stores a value, where the option's type is not enough or the flag may be repeated;
     * false with the reason in `why`, which follows the flag's name. NULL: the type does it. */
    bool (*take)(void *settings, const char *text, struct buf *why);
};

#define FLAG(key, word, row)                                                                       \
    {                                                                                              \
        .letter = key, .value = word, .option = row                                                \
    }
#define FLAG_NEEDED(key, word, row)                                                                \
    {                                                                                              \
        .letter = key, .value = word, .option = row, .needed = true                                \
    }
#define FLAG_TAKEN(key, word, long_name, taker, text)                                              \
    {                                                                                              \
        .letter = key, .value = word, .take = taker,                                               \
        .option = {.name = long_name, .type = OPTION_STRING, .help = text}                         \
    }
#define SWITCH(key, long_name, member, text)                                                       \
    FLAG(key, NULL, OPTION(long_name, BOOL, member, NULL, OPTION_FREE, text))

/* The section of a command in `freshet --help`. */
enum command_group {
    GROUP_RECORDS,
    GROUP_RESULTS,
    GROUP_USERS,
    GROUP_OPERATION,
    GROUP_GENERATIONS,
    GROUP_EVALUATION,
    COMMAND_GROUPS,
};

/* What the driver prepares; each includes the ones before. */
enum command_needs {
    NEEDS_NOTHING,
    NEEDS_WORDS,    /* the flags --config and --set, which the command loads itself */
    NEEDS_SETTINGS, /* all flags of client_flags.h, loaded */
    NEEDS_KAFKA,    /* a connection without a group */
};

struct command;

/* A command and its parsed command line, as run() gets them. */
struct invocation {
    const struct command *command;
    void *settings; /* the command's own struct, filled by its flags; the rest is zero */
    const char *arguments[COMMAND_ARGUMENTS_MAX];
    size_t arguments_count;
    struct client client;
    struct wire *wire; /* NEEDS_KAFKA; the driver closes it */
};

struct command {
    const char *name;
    const char *also; /* a second name; NULL: none */
    enum command_group group;
    const char *summary;   /* one line for `freshet --help` */
    const char *arguments; /* "USER"; NULL: none */
    size_t arguments_least, arguments_most;
    const char *about; /* paragraphs for `freshet COMMAND --help`; a line each */
    const struct flag *flags;
    size_t flags_count;
    /* Options of one worker that the command uses when --config or --set has them. NULL: none. */
    const struct option *used;
    size_t used_count;
    enum command_needs needs;
    size_t settings_size;
    /* Checks what the table cannot describe, before anything is loaded; false with the reason in
     * `why`. NULL: there is nothing to check. */
    bool (*check)(struct invocation *invocation, struct buf *why);
    /* Checks the files that the command line names, before anything is loaded: 0, or the exit code
     * (EXIT_INPUT: one cannot be read) with the fault printed. NULL: it names none. */
    int (*check_files)(struct invocation *invocation);
    /* Runs the command. Returns the exit code: 0, EXIT_FAILURE with the fault printed, or another
     * of base/exit_code.h. */
    int (*run)(struct invocation *invocation);
};

#endif
