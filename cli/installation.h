/* What is known of an installation: the workers' groups, how far each has read, how much is left,
 * dead letters, and what the copies on this machine say. One JSON document, which `status` and
 * `top` print:
 *
 *   {"generation":"","topic_prefix":"","group_prefix":"freshet-","time_ms":1,
 *    "workers":[{"worker":"ingest","optional":false,"group":"freshet-ingest","members":1,
 *                "committed":true,"lag":0,"read":120,"other_prefixes":[],
 *                "topics":[{"topic":"clicks","partitions":[
 *                    {"partition":0,"committed":120,"end":120,"lag":0,"state":"running",
 *                     "restore_remaining":0}]}]}],
 *    "dead_letters":{"topic":"dead-letters","kept":0},
 *    "copies":[...]}
 *
 * `status` adds `live`, the generation that is ("": the base), and `quality` (quality_look.h).
 *
 * null: not known (nothing is committed, or the group cannot be described). A topic or partition
 * that cannot be read has `why`. `copies` are the answers of /status with the pid. Texts are as
 * they may be printed.
 */
#ifndef FRESHET_CLI_INSTALLATION_H
#define FRESHET_CLI_INSTALLATION_H

#include "cli/client.h"

#include <jansson.h>

struct installation;

/* Connects as each worker's group; 0, or EXIT_FAILURE with the fault printed. The client is
 * borrowed. Close with installation_close(), whatever the result is. */
int installation_open(const struct client *client, struct installation **ret_installation);
/* Looks; the caller drops the reference. */
json_t *installation_look(struct installation *installation);
/* Closes the connections; takes NULL; returns NULL. */
struct installation *installation_close(struct installation *installation);

#endif
