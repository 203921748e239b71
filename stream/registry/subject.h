/* A subject is the name under which a schema registry keeps the versions of a schema.
 *
 *   TopicNameStrategy        <topic>-value               the default of most tools
 *   RecordNameStrategy       <full name>                 one for all topics of a record
 *   TopicRecordNameStrategy  <topic>-<full name>
 *
 * With TopicNameStrategy a topic has one subject, which holds versions of one record; every further
 * record of the topic is named as by TopicRecordNameStrategy.
 */
#ifndef FRESHET_STREAM_REGISTRY_SUBJECT_H
#define FRESHET_STREAM_REGISTRY_SUBJECT_H

#include "stream/avro/contract.h"
#include "stream/avro/schema_cache.h"
#include "stream/registry/registry.h"

/* Returns the subject of a contract in a topic; `first`: the contract is the topic's usual record.
 * The caller frees. */
char *subject_name(const struct registry_settings *settings, const char *topic,
                   const struct contract *contract, bool first);

/* Finds the id that the contract's schema has in a subject. When it has none, registers the
 * contract's text unchanged, unless schema.registry.auto.register.schemas is false. Returns 0, or
 * an enum registry_fault with the reason and a hint in ret_why; for REGISTRY_INCOMPATIBLE the
 * reason is the registry's own. */
int subject_resolve(struct registry *registry, const struct registry_settings *settings,
                    const char *subject, const struct contract *contract, uint32_t *ret_id,
                    char *ret_why, size_t why_size);

/* Does the same and binds the id to the schema in the cache, so that codecs write it. The reason is
 * worded for users; REGISTRY_REFUSED also when the cache knows another schema under this id. */
int subject_bind(struct registry *registry, const struct registry_settings *settings,
                 const char *subject, const struct contract *contract,
                 struct schema_cache *schemas, uint32_t *ret_id, char *ret_why, size_t why_size);

/* Says whether a cache that writes FRAMING_CONFLUENT has an id for the contract's schema, from a
 * registry or from schemas.path. If not, and ret_why is not NULL, the reason is written there. */
bool subject_has_id(const struct schema_cache *schemas, const struct contract *contract,
                    char *ret_why, size_t why_size);

#endif
