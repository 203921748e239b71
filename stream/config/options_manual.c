/* The manual page of a program, made of its table of options. The first line of `about` is the
 * summary; lines behind it that begin with a blank keep their breaks.
 */
#include "base/base.h"
#include "base/roff.h"
#include "base/xalloc.h"
#include "stream/config/option_value.h"
#include "stream/config/options.h"
#include "stream/config/options_internal.h"

enum { MANUAL_SECTION = 8, MANUAL_BYTES_MAX = 1 << 20, MANUAL_CELL_MAX = 4096 };

/* "Adds up counts." becomes "adds up counts", as the lists of manual pages have it. */
static char *summary_of(const char *about)
{
    char *summary = xprintf("%.*s", (int)strcspn(about, "\n"), about);
    size_t size = strlen(summary);
    if (size && summary[size - 1] == '.') { summary[size - 1] = '\0'; }
    if (summary[0] >= 'A' && summary[0] <= 'Z') { summary[0] = (char)(summary[0] - 'A' + 'a'); }
    return summary;
}

static void put_lines(const char *text, struct buf *out)
{
    for (size_t size; *text; text += size) {
        size = strcspn(text, "\n");
        _cleanup_(xfreep) char *line = xprintf("%.*s", (int)size, text);
        if (line[0]) {
            roff_text(line, out);
            buf_printf(out, "\n.br\n");
        } else {
            buf_printf(out, ".PP\n");
        }
        if (text[size]) { size++; }
    }
}

static void put_flag(const char *flag, const char *value, const char *help, struct buf *out)
{
    buf_printf(out, ".TP\n\\fB");
    roff_text(flag, out);
    buf_printf(out, "\\fR%s%s%s\n", value ? " \\fI" : "", value ? value : "", value ? "\\fR" : "");
    roff_text(help, out);
    buf_printf(out, "\n");
}

static void put_flags(struct buf *out)
{
    static const char *const flags[][3] = {
        {"--config", "FILE", "Reads a properties file; a later file overrides an earlier one."},
        {"--set", "KEY=VALUE", "Sets one option; overrides files and FRESHET_* variables."},
        {"--options", NULL, "Prints the reference table of the options, as Markdown."},
        {"--manual", NULL, "Prints this page."},
        {"--version", NULL, "Prints the version."},
        {"--help", NULL, "Prints a page with a line for each option."},
    };
    buf_printf(out, ".SH OPTIONS\n");
    for (size_t i = 0; i < ARRAY_COUNT(flags); i++) {
        put_flag(flags[i][0], flags[i][1], flags[i][2], out);
    }
}

static void put_option(const struct option *option, struct buf *out)
{
    struct buf limits, about;
    bool prefix = option->type == OPTION_PREFIX;
    const char *fallback = option->fallback;
    buf_init(&limits, MANUAL_CELL_MAX);
    buf_init(&about, MANUAL_CELL_MAX);
    option_limits(option, &limits);
    buf_append(&limits, "", 1);
    buf_printf(out, ".TP\n\\fB");
    roff_text(option->name, out);
    buf_printf(out, "%s\\fR (%s", prefix ? "*" : "", option_type_name(option->type));
    if (limits.data[0]) { buf_printf(out, ", "); }
    roff_text(limits.data, out);
    if (!prefix && !fallback) { buf_printf(out, ", required"); }
    if (fallback && fallback[0]) {
        buf_printf(out, ", default ");
        roff_text(option->type == OPTION_SECRET ? "****" : fallback, out);
    }
    buf_printf(out, ")\n");
    option_about(option, &about);
    buf_append(&about, "", 1);
    roff_text(about.data, out);
    buf_release(&about);
    buf_printf(out, "\n");
    buf_release(&limits);
}

void options_manual(const char *program, const char *about, const struct option_group *groups,
                    size_t groups_count, FILE *out)
{
    struct buf page;
    _cleanup_(xfreep) char *summary = summary_of(about);
    buf_init(&page, MANUAL_BYTES_MAX);
    buf_printf(&page, ".\\\" Made by `%s --manual`.\n", program);
    roff_title(program, MANUAL_SECTION, summary, &page);
    buf_printf(&page, ".SH SYNOPSIS\n.B ");
    roff_text(program, &page);
    buf_printf(&page, "\n[\\fB\\-\\-config\\fR \\fIFILE\\fR]... "
                      "[\\fB\\-\\-set\\fR \\fIKEY=VALUE\\fR]...\n.SH DESCRIPTION\n");
    put_lines(about, &page);
    put_flags(&page);
    for (size_t i = 0; i < groups_count; i++) {
        buf_printf(&page, ".SH PROPERTIES: ");
        roff_text(groups[i].title, &page);
        buf_printf(&page, "\n");
        for (size_t j = 0; j < groups[i].count; j++) { put_option(&groups[i].options[j], &page); }
    }
    buf_printf(&page, ".SH SEE ALSO\n.BR freshet (1)\n");
    fprintf(out, "%.*s", SLICE_ARGS(buf_slice(&page)));
    buf_release(&page);
}
