/* The pages that options.c prints; options_page.c and options_manual.c write them. */
#ifndef FRESHET_STREAM_CONFIG_OPTIONS_INTERNAL_H
#define FRESHET_STREAM_CONFIG_OPTIONS_INTERNAL_H

#include "base/base.h"
#include "stream/config/options.h"

/* Prints the usage, the flags and one line for each option. */
void options_help(const char *program, const char *about, const struct option_group *groups,
                  size_t groups_count, FILE *out);
/* Prints the manual page, in roff. */
void options_manual(const char *program, const char *about, const struct option_group *groups,
                    size_t groups_count, FILE *out);
/* Prints the page of --help (usage, flags, a line for each option), --options, --manual or
 * --version to stdout. */
void options_show(const char *page, const char *program, const char *about,
                  const struct option_group *groups, size_t groups_count);

#endif
