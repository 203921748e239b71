#include "base/base.h"
#include "base/version.h"
#include "cli/commands.h"

struct command {
    const char *name;
    int (*run)(int argc, char **argv);
    const char *about;
};

static const struct command commands[] = {
    {"replay", replay_command, "write a file's events or catalogue to a topic"},
    {"peek", peek_command, "print a topic's messages as JSON lines"},
    {"list", list_command, "print a user's newest recommendations"},
    {"similar", similar_command, "print an item's nearest neighbours"},
    {"forget", forget_command, "forget a user: sequence, lists, profile, part in the counts"},
    {"evaluate", evaluate_command, "judge the models of lists on a file of actions"},
    {"dump", dump_command, "print a stopped worker's local state as JSON lines"},
    {"map", map_command, "show what sample records become, or why not"},
    {"redrive", redrive_command, "send dead letters round again after a fix"},
    {"pseudonym", pseudonym_command, "print what a user is called behind pseudonym.keys"},
    {"status", status_command, "print where each worker stands"},
    {"backfill", backfill_command, "build a second generation from the log of events"},
    {"compare", compare_command, "print how two generations differ and how they do"},
    {"promote", promote_command, "make a generation the live one"},
    {"rollback", rollback_command, "make the generation before it live again"},
    {"reset", reset_command, "throw away what a generation made"},
};

static int usage(FILE *out, int code)
{
    fprintf(out, "Usage: freshet COMMAND [OPTION...]\n\n");
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        fprintf(out, "  %-10s %s\n", commands[i].name, commands[i].about);
    }
    fprintf(out, "\n`freshet COMMAND --help` says more; `freshet --version` prints the version.\n");
    return code;
}

int main(int argc, char **argv)
{
    if (argc < 2) { return usage(stderr, 64); }
    if (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "help") == 0) {
        return usage(stdout, 0);
    }
    if (strcmp(argv[1], "--version") == 0) {
        printf("freshet %s\n", version_number());
        return 0;
    }
    for (size_t i = 0; i < ARRAY_COUNT(commands); i++) {
        if (strcmp(argv[1], commands[i].name) == 0) { return commands[i].run(argc - 1, argv + 1); }
    }
    fprintf(stderr, "freshet: no command \"%s\"\n", argv[1]);
    return usage(stderr, 64);
}
