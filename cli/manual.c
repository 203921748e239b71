/* Manual pages (roff, man(7)), made of the same tables as the help: freshet.1 for the program and
 * freshet-COMMAND.1 for each command. The workers write their own (options_manual.c).
 */
#include "base/base.h"
#include "base/atomic_file.h"
#include "base/directory.h"
#include "base/roff.h"
#include "base/xalloc.h"
#include "cli/client_flags.h"
#include "cli/command_help.h"
#include "cli/commands.h"
#include "stream/config/option_value.h"

enum { PAGE_BYTES_MAX = 1 << 20, ARGUMENT_SHOWN_MAX = 64 };

struct manual {
    const char *to; /* flag */
};

#define OPTION_SETTINGS struct manual

static const struct flag flags[] = {
    FLAG('t', "DIR",
         OPTION("to", STRING, to, NULL, OPTION_FREE, "Write all pages into this directory")),
};

static void put_flag(const struct flag *flag, struct buf *out)
{
    const char *fallback = flag->option.fallback;
    buf_printf(out, ".TP\n");
    if (flag->letter) { buf_printf(out, "\\fB\\-%c\\fR, ", flag->letter); }
    buf_printf(out, "\\fB\\-\\-");
    roff_text(flag->option.name, out);
    buf_printf(out, "\\fR");
    if (flag->value) { buf_printf(out, "=\\fI%s\\fR", flag->value); }
    buf_printf(out, "\n");
    roff_text(flag->option.help, out);
    buf_printf(out, ".\n");
    if (flag->take || !flag->value) { return; }
    struct buf limits;
    buf_init(&limits, PAGE_BYTES_MAX);
    option_limits(&flag->option, &limits);
    if (fallback && fallback[0]) {
        buf_printf(&limits, "%sdefault %s", limits.size ? "; " : "", fallback);
    }
    if (limits.size) {
        buf_append(&limits, "", 1);
        buf_printf(out, "(");
        roff_text(limits.data, out);
        buf_printf(out, ")\n");
    }
    buf_release(&limits);
}

static void put_title(const char *name, const char *summary, struct buf *out)
{
    buf_printf(out, ".\\\" Made by `freshet manual`.\n");
    roff_title(name, 1, summary, out);
    buf_printf(out, ".SH SYNOPSIS\n");
}

static void put_command(const struct command *command, struct buf *out)
{
    _cleanup_(xfreep) char *name = xprintf("freshet-%s", command->name);
    const struct flag *flag;
    put_title(name, command->summary, out);
    buf_printf(out, ".B freshet %s\n[\\fIOPTION\\fR...]", command->name);
    for (size_t i = 0; i < command->flags_count; i++) {
        const struct flag *one = &command->flags[i];
        if (!one->needed) { continue; }
        buf_printf(out, " \\fB\\-\\-");
        roff_text(one->option.name, out);
        buf_printf(out, "\\fR=\\fI%s\\fR", one->value);
    }
    if (command->arguments) { buf_printf(out, " \\fI%s\\fR", command->arguments); }
    buf_printf(out, "\n.SH DESCRIPTION\n");
    roff_text(command->about, out);
    if (command->also) {
        buf_printf(out, "\n.PP\n.B freshet %s\nis the same command.", command->also);
    }
    buf_printf(out, "\n.SH OPTIONS\n");
    for (size_t i = 0; (flag = command_flag(command, i)); i++) { put_flag(flag, out); }
    buf_printf(out, ".SH SEE ALSO\n.BR freshet (1)\n");
}

static void put_program(struct buf *out)
{
    put_title("freshet", "records, results and operation of Freshet", out);
    buf_printf(out, ".B freshet\n\\fICOMMAND\\fR [\\fIOPTION\\fR...]\n.SH DESCRIPTION\n"
                    "Each command has a page of its own,\n.BR freshet\\-\\fICOMMAND\\fR (1).\n"
                    ".SH COMMANDS\n");
    for (size_t i = 0; i < commands_count; i++) {
        buf_printf(out, ".TP\n.B %s\n", commands[i]->name);
        roff_text(commands[i]->summary, out);
        buf_printf(out, ".\n");
    }
    buf_printf(out, ".SH EXIT STATUS\n0: done. 1: it failed, as the last line says. 64: a wrong "
                    "command line. 78: a wrong configuration.\n");
}

static int write_page(const char *directory, const char *name, struct buf *page)
{
    _cleanup_(xfreep) char *path = xprintf("%s/%s.1", directory, name);
    int result = atomic_file_write(path, buf_slice(page));
    buf_clear(page);
    return result < 0 ? client_fail("%s: %s", path, strerror(-result)) : 0;
}

static int write_pages(const char *directory, struct buf *page)
{
    int result = directory_make(directory);
    if (result < 0) { return client_fail("%s: %s", directory, strerror(-result)); }
    put_program(page);
    result = write_page(directory, "freshet", page);
    for (size_t i = 0; i < commands_count && !result; i++) {
        _cleanup_(xfreep) char *name = xprintf("freshet-%s", commands[i]->name);
        put_command(commands[i], page);
        result = write_page(directory, name, page);
    }
    return result;
}

static int manual_run(struct invocation *invocation)
{
    const struct manual *manual = invocation->settings;
    struct buf page;
    int result = 0;
    buf_init(&page, PAGE_BYTES_MAX);
    if (manual->to) {
        result = write_pages(manual->to, &page);
    } else {
        if (invocation->arguments_count) {
            put_command(commands_find(invocation->arguments[0]), &page);
        } else {
            put_program(&page);
        }
        printf("%.*s", SLICE_ARGS(buf_slice(&page)));
    }
    buf_release(&page);
    return result;
}

static bool manual_check(struct invocation *invocation, struct buf *why)
{
    const struct manual *manual = invocation->settings;
    const char *name = invocation->arguments_count ? invocation->arguments[0] : NULL;
    if (name && manual->to) {
        buf_printf(why, "--to writes all pages: leave COMMAND out");
        return false;
    }
    if (!name || commands_find(name)) { return true; }
    buf_printf(why, "there is no command \"%.*s\"", ARGUMENT_SHOWN_MAX, name);
    return false;
}

const struct command manual_command = {
    .name = "manual",
    .group = GROUP_OPERATION,
    .summary = "print a manual page, or write them all",
    .arguments = "[COMMAND]",
    .arguments_most = 1,
    .about = "Prints the manual page of a command, or that of the program, for man -l; with --to "
             "it writes all of them into a directory. `make man` and `make install` do that.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .needs = NEEDS_NOTHING,
    .settings_size = sizeof(struct manual),
    .check = manual_check,
    .run = manual_run,
};
