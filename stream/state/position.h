/* Positions: what a changelog counts. Each commit ends with one record in the changelog that names
 * the log (an identity made when it was first written) and the next input offset that it counts to.
 *
 * The record has a key of its own and a null value: for readers of the topic it deletes a row that
 * does not exist. What it says is in its headers, as text. Compaction keeps the newest one, because
 * it is the newest record of its partition, and Kafka does not compact the segment that it still
 * writes to. No id begins with a control character, so the key is nobody's id.
 */
#ifndef FRESHET_STREAM_STATE_POSITION_H
#define FRESHET_STREAM_STATE_POSITION_H

#include "stream/kafka/record.h"

enum { LOG_ID_BYTES = 33, POSITION_TOPIC_BYTES = 250, POSITION_HEADERS = 6 };

struct position {
    char log_id[LOG_ID_BYTES];        /* of the changelog's partition; empty: none */
    char topic[POSITION_TOPIC_BYTES]; /* of the input */
    int64_t next;      /* the first input offset that is not counted */
    int64_t newest;    /* offset of the newest input record processed; OFFSET_NONE: none yet */
    int64_t newest_ms; /* its timestamp: with the offset it tells this input from another */
    int64_t from;      /* the changelog reached here, at least, before the record was written */
};

/* A position's headers and their texts; not to be moved while a message points to it. */
struct position_text {
    struct header headers[POSITION_HEADERS];
    char log_id[LOG_ID_BYTES];
    char topic[POSITION_TOPIC_BYTES];
    char numbers[POSITION_HEADERS][24];
};

/* Makes a random identity for a log that has none. */
void position_make_id(char ret_id[LOG_ID_BYTES]);
/* Writes a position as a message to a partition of the changelog. It borrows topic and text. */
struct message position_message(const struct position *position, const char *changelog,
                                int32_t partition, struct position_text *ret_text);
/* Says whether a record's key is that of positions. */
bool position_has_key(struct slice key);
/* Reads a position from its record: 0, or -EINVAL when a header is missing or makes no sense. */
int position_read(const struct record *rec, struct position *ret_position);

#endif
