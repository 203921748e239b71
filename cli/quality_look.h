/* Quality look: how the lists of the last hour did, from the topic `quality`.
 *
 *   {"hour":3600,"judged":30,"hits":7,"repeats":7,"misses":16,
 *    "kinds":[{"kind":"view","judged":28,"hits":7,"repeats":5,"misses":16}]}
 */
#ifndef FRESHET_CLI_QUALITY_LOOK_H
#define FRESHET_CLI_QUALITY_LOOK_H

#include "cli/client.h"

#include <jansson.h>

/* Reads the figures of the command line's generation; null when there are none or the topic cannot
 * be read. The caller drops the reference. */
json_t *quality_look(const struct client *client, struct wire *wire);
/* Prints them for people, in lines of at most 80 columns; nothing for null. */
void quality_look_print(const json_t *look, FILE *out);

#endif
