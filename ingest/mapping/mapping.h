/* The configured mapping: turns one record of the platform's own topic into objects, or refuses it.
 *
 * A record becomes an event, an item or a profile (`becomes`), or several when its paths have a
 * `[*]`: one for each element of that array, all or none of them. A record without a value, or of a
 * kind configured to delete, deletes the item or profile that it names.
 *
 * Avro messages are rendered to JSON text by their writer's schema (the codec's checks), so that
 * one mapping, one set of rules and one parser serve both formats.
 *
 * The result depends on the record (key, value, headers, topic, partition, offset, Kafka timestamp)
 * and the configuration, and on the present time only to refuse what is from the future. A record
 * without an id gets its origin as its id: `topic-partition-offset`, the offset in 12 digits or
 * more. A record without a sequence gets the offset as its sequence, so that events of one user and
 * millisecond keep their order of arrival. When a record gives several events, `#000` and so on
 * follows the id that they share.
 *
 * A mapping belongs to one thread.
 */
#ifndef FRESHET_INGEST_MAPPING_MAPPING_H
#define FRESHET_INGEST_MAPPING_MAPPING_H

#include "base/arena.h"
#include "ingest/mapping/event_ids.h"
#include "ingest/mapping/mapping_settings.h"
#include "pseudonyms/pseudonyms.h"
#include "stream/avro/codec.h"
#include "stream/kafka/record.h"

enum {
    /* Events, items or profiles of one record, by default (source.record.elements.max). */
    MAPPING_ELEMENTS_MAX = 1000,
};

/* Why a record was refused: the name of the rule, the field, and a hint. */
struct refusal {
    const char *reason;
    char detail[400];
    bool unknown_id; /* the id of the writer's schema is not known; it may become so */
    uint32_t schema_id; /* that id */
};

/* One object that a record becomes. */
struct becoming {
    struct slice key;   /* the user's or the item's id */
    const void *object; /* struct user_event, item or user_profile; NULL: a tombstone */
    bool request;       /* instead: a struct forget_request, for the topic of events */
    bool everywhere;    /* for every partition, as the user may have been written to any */
};

/* All objects, in the order of the record's elements. None: the record's kind or its actions are
 * configured to be ignored. */
struct outcome {
    enum target target;
    struct becoming *at;
    size_t count;
    size_t skipped; /* elements without an id, which became nothing */
    struct slice nobody; /* a user's id, as it was sent, that may stand for no user (nobody.h) */
};

struct mapping;

/* Makes the mapping; free with mapping_free(). 0, or -EINVAL with the fault of the configuration
 * and a hint written to why. The settings, the schema cache (used for Avro only; may be NULL for
 * JSON) and the pseudonyms (NULL: users keep their ids) must outlive the mapping. */
int mapping_new(const struct mapping_settings *settings, struct schema_cache *schemas,
                struct pseudonyms *pseudonyms, struct mapping **ret_mapping, char *why,
                size_t why_size);
/* Puts a source's name before the ids of its events; borrowed. */
void mapping_set_source(struct mapping *mapping, const char *source);
/* Frees the mapping; takes NULL; returns NULL. */
struct mapping *mapping_free(struct mapping *mapping);
/* Maps one record. 0: all of the outcome lives in the arena. -EBADMSG: ret_refusal says why, and
 * ret_outcome is untouched. */
int mapping_apply(struct mapping *mapping, const struct record *rec, struct arena *arena,
                  struct outcome *ret_outcome, struct refusal *ret_refusal);
/* The same for a record whose value is the JSON text of an Avro message, as `freshet peek` prints
 * it: checks on Avro bytes are skipped. */
int mapping_apply_rendered(struct mapping *mapping, const struct record *rec, struct arena *arena,
                           struct outcome *ret_outcome, struct refusal *ret_refusal);
/* Sets the present time: an event later than it by more than time.ahead.max is refused, whatever
 * the record's timestamp says. Without it, only the timestamp counts. */
void mapping_set_now(struct mapping *mapping, int64_t now_ms);
/* Returns the number of events so far that came without an id. */
uint64_t mapping_ids_made(const struct mapping *mapping);
/* Returns a target's contract. */
const struct contract *target_contract(enum target target);

#endif
