/* Which topics that exist are meant by one that does not. */
#ifndef FRESHET_STREAM_KAFKA_TOPIC_HINT_H
#define FRESHET_STREAM_KAFKA_TOPIC_HINT_H

#include "base/buf.h"

/* Appends a hint about a topic that does not exist: the names like it, and the prefixes under which
 * `name` (the topic's name without topic.prefix; NULL: not known) exists. Of a topic of a
 * generation (`generation` is not empty), what makes such topics. `topics` has the names of all
 * topics, a line each. */
void topic_hint(struct slice topics, const char *missing, const char *name, const char *generation,
                struct buf *out);

#endif
