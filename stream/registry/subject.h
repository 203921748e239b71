/* A subject is the name under which a schema registry keeps the versions of one topic's schema.
 *
 *   TopicNameStrategy        <topic>-value               what every tool expects
 *   RecordNameStrategy       <full name>                 one for all topics of a record
 *   TopicRecordNameStrategy  <topic>-<full name>
 *
 * A topic has one subject by the first strategy, which holds versions of one record; a second
 * record of the same topic is therefore named in the third way (or the second, if chosen).
 */
#ifndef FRESHET_STREAM_REGISTRY_SUBJECT_H
#define FRESHET_STREAM_REGISTRY_SUBJECT_H

#include "stream/avro/contract.h"
#include "stream/registry/registry.h"

/* Names the subject of a contract in a topic; `first`: it is the topic's usual record. The caller
 * frees. */
char *subject_name(const struct registry_settings *settings, const char *topic,
                   const struct contract *contract, bool first);

/* Finds the contract's id in a subject; where it has none, registers the contract's own text, as
 * given, unless that is switched off. 0, or an enum registry_fault with what is wrong and what to
 * do in ret_why. REGISTRY_INCOMPATIBLE tells the registry's reasons. */
int subject_settle(struct registry *registry, const struct registry_settings *settings,
                   const char *subject, const struct contract *contract, uint32_t *ret_id,
                   char *ret_why, size_t why_size);

#endif
