/* Reading the configuration again while a worker runs (SIGHUP).
 *
 * What may change at once is copied from the fresh settings into those in use: options whose rows
 * say so (OPTION_LIVE), and those that the worker's `reloads` names. All else needs a restart; the
 * names of such options are told.
 */
#ifndef FRESHET_STREAM_RELOAD_H
#define FRESHET_STREAM_RELOAD_H

#include "base/buf.h"
#include "stream/config/options.h"

/* Compares two settings of the same table. Copies the value of each option that differs and may
 * change (OPTION_LIVE, or `reloads` says so; NULL: no more) from `fresh` to `used`, and appends its
 * name to `taken`, a comma between; appends those that may not to `kept`. Texts are shared
 * afterwards: what made `fresh` must outlive `used`. */
void reload_options(const struct option *options, size_t count, void *used, const void *fresh,
                    bool (*reloads)(const char *option), struct buf *taken, struct buf *kept);
/* Appends a line for each option that differs, as a log has it: `option=NAME from=VALUE to=VALUE`;
 * for a prefix option one for each key. Secrets are ****. */
void reload_changes(const struct option *options, size_t count, const void *from, const void *to,
                    struct buf *lines);

#endif
