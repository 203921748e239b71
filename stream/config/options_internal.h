/* The help page, which options.c prints and options_page.c writes. */
#ifndef FRESHET_STREAM_CONFIG_OPTIONS_INTERNAL_H
#define FRESHET_STREAM_CONFIG_OPTIONS_INTERNAL_H

#include "base/base.h"
#include "stream/config/options.h"

/* Prints the usage, the flags and one line for each option. */
void options_help(const char *program, const char *about, const struct option_group *groups,
                  size_t groups_count, FILE *out);
/* Prints the page of --help (usage, flags, a line for each option), --options or --version to
 * stdout. */
void options_show(const char *page, const char *program, const char *about,
                  const struct option_group *groups, size_t groups_count);

#endif
