/* The internal part of the broadcast inputs, shared by broadcast.c (opening and reading) and
 * table_topics.c (what becomes of their topics).
 */
#ifndef FRESHET_STREAM_BROADCAST_INTERNAL_H
#define FRESHET_STREAM_BROADCAST_INTERNAL_H

#include "stream/broadcast.h"
#include "stream/refused_rows.h"

/* What was read of a partition: by this its topic is known again. */
struct table_progress {
    int64_t newest; /* the newest record that was processed; OFFSET_NONE: none was */
    int64_t newest_ms;
    int64_t latest_ms; /* the greatest Kafka timestamp of those that were processed; or 0 */
};

struct table_partition {
    int input;
    const char *topic;
    int32_t partition;
    int64_t from; /* first offset to read; OFFSET_NONE: from the start */
    int64_t end;  /* log end when it was first seen */
    bool loaded;
    int64_t position; /* at the last look */
    int64_t moved_ms; /* when it last moved, or nothing was left to read; 0: not looked at yet */
    struct table_progress read;
    struct table_progress checked; /* at the last check that found the topic the same */
};

struct broadcast {
    struct broadcast_parts parts;
    struct env *env; /* of the parts */
    struct refused_rows *refused;
    struct reader *reader;
    struct table_partition *partitions;
    size_t partitions_count;
    bool loaded;
    struct metric *remaining;
    struct metric *lag;
    struct metric *still;
    struct metric *records;
    int64_t told_ms;     /* when it was last logged that a table stands still */
    /* The fetched records, borrowed from the reader. They stay for several steps when one waits. */
    const struct record *at;
    size_t next, count;
    uint64_t ack_group; /* of the dead letters about them; ACK_GROUP_NONE: none was sent */
    int64_t answered_ms; /* when a broker last sent records, or told that the topics are the same */
    int64_t check_ms; /* when to ask for the topics next */
    bool doubted;       /* the reader met something: are the topics the same? */
    int64_t *missing_ms; /* by input: since when its topic is missing; 0: it is there */
};

/* Adds partitions first..count - 1 of an input's topic; 0 or a negative wire_error, after which
 * some may have been added. */
int broadcast_add_partitions(struct broadcast *broadcast, int input, int32_t first, int32_t count);
/* Opens the reader, or another one for all partitions, each from its next offset on; there must be
 * no fetched records. 0 or a negative wire_error: the reader is as it was. */
int broadcast_open_reader(struct broadcast *broadcast);
/* Asks for the topics from time to time, takes in new partitions, and ends the run when a topic was
 * recreated. */
void broadcast_check_topics(struct broadcast *broadcast, int64_t now_ms);

#endif
