/* JSON lists: sends what goes to `recommendations` to `recommendations-json` as well, as JSON. One
 * thread. */
#ifndef FRESHET_SCORER_JSON_LISTS_H
#define FRESHET_SCORER_JSON_LISTS_H

#include "stream/worker.h"

struct json_lists;

/* Makes it for an output. Free with json_lists_free(). */
struct json_lists *json_lists_new(struct run *run, int output);
/* Takes NULL; returns NULL. */
struct json_lists *json_lists_free(struct json_lists *lists);
/* Sends a list as it is encoded (NULL: the user has none any more). One that does not fit a message
 * is left out, and its user has none; freshet_lists_json_left_out_total counts it. */
void json_lists_send(struct json_lists *lists, struct task *task, struct slice user_id,
                     struct slice value);

#endif
