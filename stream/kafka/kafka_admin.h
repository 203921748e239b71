/* Describes, creates and deletes topics and groups, for command line tools. The wire must come from
 * kafka_open().
 *
 * Calls wait for the broker's answer and return 0 or a negative wire_error; wire_why() then has the
 * reason.
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_ADMIN_H
#define FRESHET_STREAM_KAFKA_KAFKA_ADMIN_H

#include "stream/kafka/wire.h"

/* A topic's partitions, replication factor and settings: its own, and the broker's defaults. */
struct topic_form;

/* Describes a topic; *ret_form is NULL when it does not exist. Free with topic_form_free(). */
int admin_topic_look(struct wire *wire, const char *topic, struct topic_form **ret_form);
/* Frees the form; takes NULL; returns NULL. */
struct topic_form *topic_form_free(struct topic_form *form);
/* Makes the form of a topic to be; copies -1: as the broker is configured. */
struct topic_form *topic_form_new(int32_t partitions, int copies);
/* Returns a setting, also when it is the broker's default; NULL: there is none. */
const char *topic_form_get(const struct topic_form *form, const char *key);
/* Sets one of the topic's own settings. */
void topic_form_put(struct topic_form *form, const char *key, const char *value);
/* Returns the number of partitions. */
int32_t topic_form_partitions(const struct topic_form *form);
/* Creates a topic with this form and waits until it can be used. An existing topic is an error. */
int admin_topic_make(struct wire *wire, const char *topic, const struct topic_form *form);
/* Adds partitions until there are so many, and waits until they can be used. */
int admin_topic_widen(struct wire *wire, const char *topic, int32_t partitions);
/* Makes a topic's own settings those of the form, which admin_topic_look() has returned, and waits
 * until the broker describes them, at most 10 s. */
int admin_topic_alter(struct wire *wire, const char *topic, const struct topic_form *form);
/* Deletes a topic and waits until its name is free; no error when it does not exist. */
int admin_topic_delete(struct wire *wire, const char *topic);

/* Returns the number of a group's members; 0 when the group does not exist. */
int admin_group_members(struct wire *wire, const char *group, int *ret_count);
/* Fetches the committed offsets of a topic's first partitions, of any group; OFFSET_NONE where
 * there is none. Unlike wire_committed() it needs no wire of that group (kafka_observers.c). */
int admin_group_offsets(struct wire *wire, const char *group, const char *topic,
                        int32_t partitions, int64_t *ret_offsets);
/* Appends the names of all groups that this user may see, a line each. */
int admin_groups(struct wire *wire, struct buf *out);
/* Deletes a group with its offsets; no error when it does not exist. A group with members is
 * refused. */
int admin_group_delete(struct wire *wire, const char *group);

#endif
