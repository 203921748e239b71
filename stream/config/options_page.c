#include "base/base.h"
#include "base/buf.h"
#include "base/version.h"
#include "stream/config/option_value.h"
#include "stream/config/options.h"
#include "stream/config/options_internal.h"

enum { PAGE_CELL_MAX = 4096, PAGE_NAME_COLUMN = 34, PAGE_DEFAULT_COLUMN = 16 };

static const char *shown_default(const struct option *option)
{
    if (option->type == OPTION_PREFIX) { return ""; }
    if (!option->fallback) { return "(required)"; }
    return option->type == OPTION_SECRET && option->fallback[0] ? "****" : option->fallback;
}

static const char *shown_star(const struct option *option)
{
    return option->type == OPTION_PREFIX ? "*" : "";
}

/* ---- --help ---- */

static void help_option(const struct option *option, struct buf *line)
{
    buf_clear(line);
    buf_printf(line, "  %s%s", option->name, shown_star(option));
    size_t used = line->size;
    buf_printf(line, "%*s%s", used < PAGE_NAME_COLUMN ? (int)(PAGE_NAME_COLUMN - used) : 1, "",
               shown_default(option));
    used = line->size;
    int column = PAGE_NAME_COLUMN + PAGE_DEFAULT_COLUMN;
    buf_printf(line, "%*s%s", used < (size_t)column ? column - (int)used : 1, "", option->help);
}

void options_help(const char *program, const char *about, const struct option_group *groups,
                  size_t groups_count, FILE *out)
{
    struct buf line;
    buf_init(&line, PAGE_CELL_MAX);
    fprintf(out, "usage: %s [--config FILE]... [--set KEY=VALUE]... [--] [ARGUMENT]...\n\n%s\n\n",
            program, about);
    fputs("  --config FILE     reads a properties file; a later file overrides an earlier one\n"
          "  --set KEY=VALUE   sets one option; overrides files and FRESHET_* variables\n"
          "  --options         prints the reference table of the options, as Markdown\n"
          "  --manual          prints the manual page, for man -l\n"
          "  --version         prints the version\n"
          "  --help            prints this page\n", out);
    for (size_t i = 0; i < groups_count; i++) {
        fprintf(out, "\n%s (name, default, meaning):\n", groups[i].title);
        for (size_t j = 0; j < groups[i].count; j++) {
            help_option(&groups[i].options[j], &line);
            fprintf(out, "%.*s\n", SLICE_ARGS(buf_slice(&line)));
        }
    }
    buf_release(&line);
}

/* ---- --options ---- */

static void print_cell(FILE *out, const char *text, const char *quote)
{
    fprintf(out, " %s", quote);
    for (; *text; text++) {
        if (*text == '|') { fputc('\\', out); }
        fputc(*text == '\n' ? ' ' : *text, out);
    }
    fprintf(out, "%s |", quote);
}

static void print_row(const struct option *option, FILE *out)
{
    struct buf limits, name, help;
    buf_init(&limits, PAGE_CELL_MAX);
    buf_init(&help, PAGE_CELL_MAX);
    buf_init(&name, PAGE_CELL_MAX);
    option_limits(option, &limits);
    buf_append(&limits, "", 1);
    buf_printf(&name, "%s%s", option->name, shown_star(option));
    option_about(option, &help);
    buf_append(&help, "", 1);
    const char *fallback = shown_default(option);
    bool is_value = fallback[0] && (option->fallback || option->type == OPTION_PREFIX);
    fputc('|', out);
    print_cell(out, name.data, "`");
    print_cell(out, option_type_name(option->type), "");
    print_cell(out, fallback, is_value ? "`" : "");
    print_cell(out, limits.data, "");
    print_cell(out, help.data, "");
    fputc('\n', out);
    buf_release(&limits);
    buf_release(&name);
    buf_release(&help);
}

void options_reference(const struct option_group *groups, size_t groups_count, FILE *out)
{
    for (size_t i = 0; i < groups_count; i++) {
        fprintf(out, "%s## %s\n\n", i ? "\n" : "", groups[i].title);
        fputs("| name | type | default | limits | help |\n|---|---|---|---|---|\n", out);
        for (size_t j = 0; j < groups[i].count; j++) { print_row(&groups[i].options[j], out); }
    }
}

void options_show(const char *page, const char *program, const char *about,
                  const struct option_group *groups, size_t groups_count)
{
    if (strcmp(page, "--help") == 0) {
        options_help(program, about, groups, groups_count, stdout);
    } else if (strcmp(page, "--options") == 0) {
        fprintf(stdout, "# %s\n\n%s\n\n", program, about);
        options_reference(groups, groups_count, stdout);
    } else if (strcmp(page, "--manual") == 0) {
        options_manual(program, about, groups, groups_count, stdout);
    } else {
        fprintf(stdout, "%s %s\n", program, version_number());
    }
    (void)fflush(stdout);
}
