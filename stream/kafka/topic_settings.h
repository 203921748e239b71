/* Settings of a topic that decide whether its records stay, and what a worker needs of them.
 */
#ifndef FRESHET_STREAM_KAFKA_TOPIC_SETTINGS_H
#define FRESHET_STREAM_KAFKA_TOPIC_SETTINGS_H

#include "base/base.h"

/* As the broker applies them, with its own defaults. */
struct topic_settings {
    bool known; /* false: the broker does not tell (a right is missing); the rest is not set */
    bool compacts; /* cleanup.policy has compact */
    bool deletes;  /* cleanup.policy has delete */
    int64_t retention_ms;    /* -1: no limit; the same for the next one */
    int64_t retention_bytes; /* of a partition */
    int64_t delete_retention_ms; /* a tombstone stays at least so long after compaction saw it */
};

/* What a worker needs of a topic. */
enum topic_cleanup {
    CLEANUP_ANY,
    CLEANUP_TABLE, /* the newest record of each key stays for ever */
    CLEANUP_TABLE_REMOVALS, /* the same, and that a key was removed should be known for ever, too */
    CLEANUP_TABLE_LATER, /* the same, once it is a task's changelog; not checked at start */
    CLEANUP_TABLE_AGAIN, /* the same from now on; rows that are gone are made again */
    CLEANUP_LOG,   /* each record stays until it is too old: it must not be compacted */
};

/* Kafka's default of delete.retention.ms, assumed where the broker does not tell. */
enum { DELETE_RETENTION_DEFAULT_MS = 86400000 };

/* Returns what is wrong with a topic's settings, with the command that mends it; NULL: nothing, or
 * unknown. The caller frees. */
char *topic_settings_fault(const struct topic_settings *settings, enum topic_cleanup cleanup,
                           const char *topic, const char *bootstrap_servers);
/* Returns what should be otherwise, though the worker can do without; NULL: nothing, or unknown.
 * The caller frees. */
char *topic_settings_advice(const struct topic_settings *settings, enum topic_cleanup cleanup);
/* Takes one of Kafka's names and its value; other names are ignored. */
void topic_settings_take(struct topic_settings *settings, const char *name, const char *value);

#endif
