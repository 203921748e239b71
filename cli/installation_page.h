/* Prints what installation_look() has found, for people. Lines are at most 80 columns wide, unless
 * a name is long. */
#ifndef FRESHET_CLI_INSTALLATION_PAGE_H
#define FRESHET_CLI_INSTALLATION_PAGE_H

#include "base/base.h"

#include <jansson.h>

/* Prints the page of `freshet status`: each partition, each worker, dead letters, the copies of
 * this machine. */
void installation_page(const json_t *look, FILE *out);
/* Prints the table of `freshet top`: a line for each worker. `before`: the look before this one,
 * for the rates; NULL: there is none. */
void installation_table(const json_t *look, const json_t *before, FILE *out);

#endif
