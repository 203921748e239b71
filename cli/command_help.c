#include "base/base.h"
#include "cli/client_flags.h"
#include "cli/command_help.h"
#include "cli/commands.h"
#include "stream/config/option_value.h"

enum { COLUMNS = 80, HELP_COLUMN = 30, LINE_BYTES_MAX = 4096 };

static const char *const group_titles[COMMAND_GROUPS] = {
    [GROUP_RECORDS] = "Records",
    [GROUP_RESULTS] = "Results",
    [GROUP_USERS] = "Users",
    [GROUP_OPERATION] = "Operation",
    [GROUP_GENERATIONS] = "Generations",
    [GROUP_EVALUATION] = "Evaluation",
};

/* Prints words from a column on; lines end before COLUMNS, or at a newline of the text. */
static void print_wrapped(const char *text, int column, int indent, FILE *out)
{
    while (*text) {
        int length = (int)strcspn(text, " \n");
        if (column > indent && column + length > COLUMNS - 1) {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
        }
        fprintf(out, "%.*s", length, text);
        column += length;
        text += length;
        if (*text == ' ') {
            bool fits = column + 1 + (int)strcspn(text + 1, " \n") <= COLUMNS - 1;
            if (fits) { column += fprintf(out, " "); }
            if (!fits) { column = COLUMNS; }
            text++;
        } else if (*text == '\n') {
            fprintf(out, "\n%*s", indent, "");
            column = indent;
            text++;
        }
    }
    fprintf(out, "\n");
}

/* ---- Flags ---- */

/* Appends a value's limits and default. */
static void append_facts(const struct flag *flag, struct buf *out)
{
    const char *fallback = flag->option.fallback;
    size_t before = out->size;
    if (flag->take || !flag->value) { return; }
    buf_printf(out, " (");
    size_t begun = out->size;
    option_limits(&flag->option, out);
    if (fallback && fallback[0]) {
        buf_printf(out, "%sdefault %s", out->size > begun ? "; " : "", fallback);
    }
    if (out->size == begun) {
        out->size = before;
    } else {
        buf_printf(out, ")");
    }
}

static void print_flag(const struct flag *flag, FILE *out)
{
    struct buf text;
    buf_init(&text, LINE_BYTES_MAX);
    buf_printf(&text, "%s", flag->option.help);
    append_facts(flag, &text);
    buf_append(&text, "", 1);
    const char letter[] = {'-', flag->letter, ',', '\0'};
    int column = fprintf(out, "  %-3s --%s", flag->letter ? letter : "", flag->option.name);
    if (flag->value) { column += fprintf(out, "=%s", flag->value); }
    if (column >= HELP_COLUMN) {
        fprintf(out, "\n");
        column = 0;
    }
    fprintf(out, "%*s", HELP_COLUMN - column, "");
    print_wrapped(text.data, HELP_COLUMN, HELP_COLUMN, out);
    buf_release(&text);
}

static void print_flags(const struct flag *flags, size_t count, FILE *out)
{
    for (size_t i = 0; i < count; i++) { print_flag(&flags[i], out); }
}

/* ---- Pages ---- */

static const struct flag help_flag = {.letter = '?',
                                      .option = {.name = "help", .help = "Print this page"}};

void command_help_usage(const struct command *command, FILE *out)
{
    fprintf(out, "Usage: freshet %s [OPTION...]", command->name);
    for (size_t i = 0; i < command->flags_count; i++) {
        const struct flag *flag = &command->flags[i];
        if (flag->needed) { fprintf(out, " --%s=%s", flag->option.name, flag->value); }
    }
    fprintf(out, "%s%s\n", command->arguments ? " " : "",
            command->arguments ? command->arguments : "");
}

void command_help(const struct command *command, FILE *out)
{
    command_help_usage(command, out);
    fprintf(out, "\n");
    print_wrapped(command->about, 0, 0, out);
    if (command->also) {
        fprintf(out, "`freshet %s` is the same command.\n", command->also);
    }
    fprintf(out, "\nOptions:\n");
    print_flags(command->flags, command->flags_count, out);
    print_flags(&help_flag, 1, out);
    if (command->needs == NEEDS_NOTHING) { return; }
    fprintf(out, "\nConfiguration:\n");
    print_flags(client_flags, client_flags_count(command->needs), out);
}

static void print_group(enum command_group group, FILE *out)
{
    fprintf(out, "\n%s:\n", group_titles[group]);
    for (size_t i = 0; i < commands_count; i++) {
        if (commands[i]->group != group) { continue; }
        fprintf(out, "  %-10s %s\n", commands[i]->name, commands[i]->summary);
    }
}

void command_help_all(FILE *out)
{
    fprintf(out, "Usage: freshet COMMAND [OPTION...]\n");
    for (int group = 0; group < COMMAND_GROUPS; group++) {
        print_group((enum command_group)group, out);
    }
    fprintf(out, "\nExit codes: 0 done; 1 it could not be done, or a record or rule was refused;\n"
                 "64 wrong command line; 66 a file that it names cannot be read; 78 wrong\n"
                 "configuration.\n");
    fprintf(out, "\n`freshet COMMAND --help` says more; `freshet --version` prints the version.\n");
}
