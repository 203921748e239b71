/* The configured mapping: one record of the platform's own topic -> UserEvent, or a refusal.
 *
 * Avro messages are rendered to JSON text by their writer's schema (the codec's checks), so that
 * one mapping, one set of rules and one parser serve both formats.
 *
 * The answer depends on the record (value, topic, partition, offset, Kafka timestamp) and the
 * configuration only. What a record without an id gets as one is its origin:
 * `topic-partition-offset`, the offset in 12 digits or more; its sequence, when it has none either,
 * is the offset, so events of one user and millisecond keep the order in which they came.
 *
 * A mapping belongs to one thread.
 */
#ifndef FRESHET_MAPPING_MAPPING_H
#define FRESHET_MAPPING_MAPPING_H

#include "base/arena.h"
#include "mapping/rules.h"
#include "stream/options.h"
#include "stream/record.h"

enum source_format { SOURCE_JSON, SOURCE_AVRO };

/* Longest topic name whose ids, made of the origin, fit into ID_BYTES_MAX. */
enum { MAPPING_TOPIC_BYTES_MAX = ID_BYTES_MAX - 32 };

/* What the table mapping_options fills. */
struct mapping_settings {
    int32_t source_format; /* enum source_format */
    int32_t time_format;   /* enum time_format */
    int64_t record_bytes_max;
    const char *paths[MAPPED_COUNT];
    struct properties actions;
    const char *action_fallback;
    double weight_max;
    int64_t time_earliest_ms;
    int64_t time_ahead_max_ms;
    int64_t id_bytes_max;
};

enum { MAPPING_OPTIONS_COUNT = 16 };
extern const struct option mapping_options[];

/* Why a record was refused: the name of the rule, and the field and what to do about it. */
struct refusal {
    const char *reason;
    char detail[400];
};

struct mapping;

/* Makes the mapping; free with mapping_free(). 0, or -EINVAL with what is wrong in the
 * configuration, and what would be right, written to why. The settings and the book (used for Avro
 * only; may be NULL for JSON) must outlive the mapping. */
int mapping_new(const struct mapping_settings *settings, struct schema_book *book,
                struct mapping **ret_mapping, char *why, size_t why_size);
/* Frees the mapping; takes NULL; returns NULL. */
struct mapping *mapping_free(struct mapping *mapping);
/* Maps one record. 0: the event's slices live in the arena. -EBADMSG: ret_refusal says why, and
 * ret_event is untouched. */
int mapping_apply(struct mapping *mapping, const struct record *rec, struct arena *arena,
                  struct user_event *ret_event, struct refusal *ret_refusal);
/* Counts the events so far that came without an id. */
uint64_t mapping_ids_made(const struct mapping *mapping);

#endif
