/* Whether the copies on this machine have anything to do, in one line. */
#ifndef FRESHET_CLI_REST_LINE_H
#define FRESHET_CLI_REST_LINE_H

#include <jansson.h>
#include <stdio.h>

/* Prints it, from the answers of local_copies(); nothing when there is none. A copy that is none of
 * ours, or an older one, may leave fields out; it is not at rest then. */
void print_rest(const json_t *copies, FILE *out);

#endif
