/* Ids of events: made of the record's origin, numbered where several events share one, and with the
 * source's name. All are in the arena. */
#ifndef FRESHET_INGEST_MAPPING_EVENT_IDS_H
#define FRESHET_INGEST_MAPPING_EVENT_IDS_H

#include "base/arena.h"
#include "base/digest.h"
#include "schemas/user_event.h"
#include "stream/kafka/record.h"

/* Longest topic name whose ids, made of the origin, fit into ID_BYTES_MAX. */
enum { MAPPING_TOPIC_BYTES_MAX = ID_BYTES_MAX - 36 };

/* Makes an id of the record's topic, partition and offset. */
struct slice event_id_of_origin(const struct record *rec, struct arena *arena);
/* Puts `#007` behind an id that the events of one record share. */
struct slice event_id_numbered(struct slice id, size_t number, struct arena *arena);
/* Puts the source's name before an id, so that two sources' ids are not the same. */
struct slice event_id_of_source(struct slice source, struct slice id, struct arena *arena);
/* Writes the id's digest in hex. */
void event_id_digest(struct slice id, char ret_hex[2 * DIGEST_BYTES + 1]);

#endif
