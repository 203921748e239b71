/* Reading the configuration again while a worker runs (SIGHUP).
 *
 * What may change at once is copied from the fresh settings into those in use: the level and the
 * format of the log, and the options of the worker that its `reloads` names. All else needs a
 * restart; the names of such options are told.
 */
#ifndef FRESHET_STREAM_RELOAD_H
#define FRESHET_STREAM_RELOAD_H

#include "base/buf.h"
#include "stream/config/options.h"

/* Compares two settings of the same table. Copies the value of each option that differs and that
 * `reloads` takes (NULL: none) from `fresh` to `used`, and appends its name to `taken`, a comma
 * between; appends those that it does not take to `kept`. Texts are shared afterwards: what made
 * `fresh` must outlive `used`. */
void reload_options(const struct option *options, size_t count, void *used, const void *fresh,
                    bool (*reloads)(const char *option), struct buf *taken, struct buf *kept);

#endif
