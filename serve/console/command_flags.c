#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "serve/console/command_flags.h"

enum { FLAGS_BYTES_MAX = 64 << 10 };

/* Where an installation has the file of ingest, which names its sources, too. */
static const char usual_config[] = "/etc/freshet/ingest.properties";

char *command_flags_make(const struct run *run, const char *config)
{
    struct buf flags;
    buf_init(&flags, FLAGS_BYTES_MAX);
    if (!config[0] && !run_command_flags(run, &flags)) {
        buf_clear(&flags);
        config = usual_config;
    }
    if (config[0]) {
        buf_printf(&flags, " --config ");
        quote_shell(&flags, slice_str(config));
    }
    char *text = xprintf("%.*s", SLICE_ARGS(buf_slice(&flags)));
    buf_release(&flags);
    return text;
}
