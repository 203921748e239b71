#include "base/base.h"
#include "base/roff.h"
#include "base/version.h"

void roff_text(const char *text, struct buf *out)
{
    bool begins = true;
    for (const char *at = text; *at; at++) {
        if (begins && (*at == '.' || *at == '\'')) { buf_printf(out, "\\&"); }
        if (*at == '\n') {
            buf_printf(out, "\n.br\n");
        } else if (*at == '\\') {
            buf_printf(out, "\\e");
        } else if (*at == '-') {
            buf_printf(out, "\\-");
        } else {
            buf_append(out, at, 1);
        }
        begins = *at == '\n';
    }
}

void roff_title(const char *name, int section, const char *summary, struct buf *out)
{
    buf_printf(out, ".TH \"");
    for (const char *at = name; *at; at++) {
        buf_printf(out, "%c", *at >= 'a' && *at <= 'z' ? *at - 'a' + 'A' : *at);
    }
    buf_printf(out, "\" %d \"\" \"Freshet %s\" \"Freshet\"\n.SH NAME\n", section,
               version_number());
    roff_text(name, out);
    buf_printf(out, " \\- ");
    roff_text(summary, out);
    buf_printf(out, "\n");
}
