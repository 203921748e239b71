/* Inside face of options: the pages that a command line can ask for. */
#ifndef FRESHET_STREAM_CONFIG_OPTIONS_INTERNAL_H
#define FRESHET_STREAM_CONFIG_OPTIONS_INTERNAL_H

#include "base/base.h"
#include "stream/config/options.h"

/* Prints usage, flags and one line for each option. */
void options_help(const char *program, const char *about, const struct option_group *groups,
                  size_t groups_count, FILE *out);

#endif
