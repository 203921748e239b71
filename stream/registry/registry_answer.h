/* Answers of a schema registry: what its JSON says, and what it may say.
 *
 * Whatever a registry, or what stands at its address instead, sends: each function gives a fact
 * within its limits or an enum registry_fault, and puts the fault in words (with a final NUL, cut
 * where they are too long) into `why`, REGISTRY_WHY_BYTES of the caller. Pure; any thread.
 */
#ifndef FRESHET_STREAM_REGISTRY_REGISTRY_ANSWER_H
#define FRESHET_STREAM_REGISTRY_REGISTRY_ANSWER_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/registry/registry_fault.h"

#include <jansson.h>

/* Reads a whole answer. 0: its JSON, whose reference the caller drops, or a fault; `from` is named
 * in the words. */
int registry_answer_read(const char *from, long status, struct slice body, json_t **ret_json,
                         char *why);
/* Takes a schema's id out of one; false when it holds none. */
bool registry_answer_id(const json_t *json, uint32_t *ret_id);
/* Takes out whether a schema is compatible with a subject: 0, REGISTRY_INCOMPATIBLE with the
 * registry's reasons, or REGISTRY_AWAY when it does not say. */
int registry_answer_verdict(const json_t *json, const char *subject, char *why);
/* Takes out the text of the Avro schema `id`, with a final NUL; appends to ret_schema. */
int registry_answer_schema(const json_t *json, uint32_t id, struct buf *ret_schema, char *why);

#endif
