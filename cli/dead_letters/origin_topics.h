/* The topics that dead letters came from: whether `freshet redrive` may write to each, and how many
 * dead letters were found and left.
 *
 * A dead letter names its origin, and whoever may write to `dead-letters` may name any topic there.
 * So only topics that the configuration names as sources of ingest are written to and read from,
 * and the one that the operator names. One thread.
 */
#ifndef FRESHET_CLI_DEAD_LETTERS_ORIGIN_TOPICS_H
#define FRESHET_CLI_DEAD_LETTERS_ORIGIN_TOPICS_H

#include "cli/client.h"
#include "stream/kafka/origin.h"

struct origin_topic {
    char name[ORIGIN_TOPIC_BYTES_MAX + 1];
    bool source;        /* configured, or named by hand */
    bool asked;         /* for its partitions */
    int32_t partitions; /* 0: it cannot be written to */
    char why[200];      /* then: why not */
    int64_t found, chosen, left;
};

struct origin_topics;

/* Makes the list from the configuration: the topics of `sources`, else of `clicks`. by_hand: one
 * more topic, or NULL. Free with origin_topics_free(). */
struct origin_topics *origin_topics_new(const struct client *client, const char *by_hand);
struct origin_topics *origin_topics_free(struct origin_topics *topics);
/* Finds or adds a topic; until the next call. Of those that are not sources only so many have a
 * place of their own; the rest share one without a name. */
struct origin_topic *origin_topics_of(struct origin_topics *topics, const char *name);
/* Returns the number of partitions of a topic, asking once; 0: it cannot be written to. */
int32_t origin_topics_partitions(struct origin_topics *topics, struct origin_topic *topic,
                                 struct wire *wire);
/* Prints the topics and their numbers. */
void origin_topics_print(const struct origin_topics *topics);
/* Prints a line to stderr for each topic of which dead letters were left, with what to do. */
void origin_topics_print_left(const struct origin_topics *topics);

#endif
