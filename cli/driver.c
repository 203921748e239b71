#include "base/base.h"
#include "base/secret.h"
#include "base/version.h"
#include "cli/command_help.h"
#include "cli/commands.h"
#include "cli/driver.h"
#include "cli/invocation.h"
#include "cli/screen.h"

enum { WHY_BYTES_MAX = 4096, NAME_SHOWN_MAX = 200 };

/* Loads and connects as far as the command needs it; 0 or the exit code. */
static int prepare(struct invocation *invocation)
{
    enum command_needs needs = invocation->command->needs;
    struct client *client = &invocation->client;
    int (*check_files)(struct invocation *) = invocation->command->check_files;
    int result = check_files ? check_files(invocation) : 0;
    if (result) { return result; }
    if (needs >= NEEDS_SETTINGS && client_load(client) < 0) { return EXIT_CONFIG; }
    if (needs < NEEDS_KAFKA) { return 0; }
    return client_connect(client, NULL, &invocation->wire) < 0 ? EXIT_FAILURE : 0;
}

static int run(struct invocation *invocation)
{
    int result = prepare(invocation);
    return result ? result : invocation->command->run(invocation);
}

static int refuse(const struct command *command, struct buf *why)
{
    screen_line(stderr, "freshet %s: %.*s", command->name, SLICE_ARGS(buf_slice(why)));
    command_help_usage(command, stderr);
    fprintf(stderr, "`freshet %s --help` says more.\n", command->name);
    return EXIT_USAGE;
}

static int run_command(const struct command *command, int argc, char **argv)
{
    struct invocation invocation;
    struct buf why;
    int result = 0;
    buf_init(&why, WHY_BYTES_MAX);
    switch (invocation_read(&invocation, command, argc, argv, &why)) {
    case INVOCATION_READY:
        result = run(&invocation);
        break;
    case INVOCATION_HELP:
        command_help(command, stdout);
        break;
    case INVOCATION_WRONG:
        result = refuse(command, &why);
    }
    invocation_release(&invocation);
    buf_release(&why);
    return result;
}

static int refuse_name(const char *name)
{
    const struct command *meant = commands_nearest(name);
    char shown[NAME_SHOWN_MAX];
    screen_line(stderr, "freshet: there is no command \"%s\"%s%s%s",
                secret_argument(name, NULL, shown, sizeof(shown)), meant ? "; did you mean " : "",
                meant ? meant->name : "", meant ? "?" : "");
    fprintf(stderr, "`freshet --help` lists the commands.\n");
    return EXIT_USAGE;
}

/* `freshet help COMMAND` is `freshet COMMAND --help`. */
static int help(int argc, char **argv)
{
    const struct command *command = argc > 2 ? commands_find(argv[2]) : NULL;
    if (argc > 2 && !command) { return refuse_name(argv[2]); }
    if (command) {
        command_help(command, stdout);
    } else {
        command_help_all(stdout);
    }
    return 0;
}

int driver_main(int argc, char **argv)
{
    if (argc < 2) {
        command_help_all(stderr);
        return EXIT_USAGE;
    }
    const char *name = argv[1];
    if (strcmp(name, "--version") == 0) {
        printf("freshet %s\n", version_number());
        return 0;
    }
    if (strcmp(name, "help") == 0 || strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0 ||
        strcmp(name, "-?") == 0) {
        return help(argc, argv);
    }
    const struct command *command = commands_find(name);
    return command ? run_command(command, argc - 1, argv + 1) : refuse_name(name);
}
