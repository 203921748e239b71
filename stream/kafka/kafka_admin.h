/* What tools do to topics and groups: look, make, delete. For wires that kafka_open() made.
 *
 * Calls wait for the broker's answer and return 0 or a negative wire_error; wire_why() tells the
 * story.
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_ADMIN_H
#define FRESHET_STREAM_KAFKA_KAFKA_ADMIN_H

#include "stream/kafka/wire.h"

/* What a topic is like: partitions, copies, and the configuration that is its own. */
struct topic_form;

/* Looks at a topic; *ret_form is NULL when there is none. Free with topic_form_free(). */
int admin_topic_look(struct wire *wire, const char *topic, struct topic_form **ret_form);
/* Frees it; takes NULL; returns NULL. */
struct topic_form *topic_form_free(struct topic_form *form);
/* Counts its partitions. */
int32_t topic_form_partitions(const struct topic_form *form);
/* Makes a topic of this form and waits until it can be used; one that is being deleted is waited
 * for first. One that exists is an error. */
int admin_topic_make(struct wire *wire, const char *topic, const struct topic_form *form);
/* Deletes a topic; none is fine. */
int admin_topic_delete(struct wire *wire, const char *topic);

/* Counts the members of a group; 0 when there is none. */
int admin_group_members(struct wire *wire, const char *group, int *ret_count);
/* Deletes a group with its offsets; none is fine; one with members is refused. */
int admin_group_delete(struct wire *wire, const char *group);

/* Tells the first offset whose record's Kafka time stamp is at or after a time; the end when there
 * is none. */
int admin_offset_at(struct wire *wire, const char *topic, int32_t partition, int64_t time_ms,
                    int64_t *ret_offset);

#endif
