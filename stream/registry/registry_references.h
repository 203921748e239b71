/* Makes one text of a registry's answer and of the schemas that it refers to.
 *
 * A reference is {"name", "subject", "version"}. Each is fetched once, and those that it refers to
 * in turn, up to REGISTRY_REFERENCES_MAX. The text is of the format that schema_cache_bind() takes:
 * Avro's is one schema in which the definitions stand at their first use; that of Protobuf is
 * {"protobuf": TEXT, "files": {NAME: TEXT}}.
 */
#ifndef FRESHET_STREAM_REGISTRY_REGISTRY_REFERENCES_H
#define FRESHET_STREAM_REGISTRY_REGISTRY_REFERENCES_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/registry/registry_fault.h"

#include <jansson.h>

enum { REGISTRY_REFERENCES_MAX = 64 };

/* Asks the registry for a version of a subject; 0 with an answer that the caller frees, or a fault
 * with the text in `why`. */
typedef int registry_fetch(void *arg, const char *subject, int64_t version, json_t **ret_answer);

/* Appends the text of schema `id`, whose answer is given, to ret_schema, with a final NUL. 0, or an
 * enum registry_fault with its text in `why` (REGISTRY_WHY_BYTES). */
int registry_references_resolve(const json_t *answer, uint32_t id, registry_fetch *fetch, void *arg,
                                struct buf *ret_schema, char *why);

#endif
