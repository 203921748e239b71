/* Reads the answers of a schema registry, which are untrusted: another server may be at its
 * address.
 *
 * Each function returns a value within its limits, or an enum registry_fault. It then writes the
 * fault as text into `why`, a buffer of REGISTRY_WHY_BYTES; a longer text is cut. Pure; any thread.
 */
#ifndef FRESHET_STREAM_REGISTRY_REGISTRY_ANSWER_H
#define FRESHET_STREAM_REGISTRY_REGISTRY_ANSWER_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/registry/registry_fault.h"

#include <jansson.h>

/* Reads a whole answer. Returns 0 and its JSON, which the caller releases with json_decref(), or a
 * fault whose text names `from`. */
int registry_answer_read(const char *from, long status, struct slice body, json_t **ret_json,
                         char *why);
/* Reads a schema's id; false when the answer holds none. */
bool registry_answer_id(const json_t *json, uint32_t *ret_id);
/* Reads whether a schema is compatible with a subject: 0, REGISTRY_INCOMPATIBLE with the registry's
 * reasons, or REGISTRY_AWAY when the answer does not say. */
int registry_answer_verdict(const json_t *json, const char *subject, char *why);
/* Reads the text of the Avro or Protobuf schema `id`, without those that it refers to, and
 * appends it to ret_schema, with a final NUL. */
int registry_answer_schema(const json_t *json, uint32_t id, struct buf *ret_schema, char *why);

#endif
