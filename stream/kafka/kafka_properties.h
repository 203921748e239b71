/* The options kafka.*: what librdkafka would refuse with less help, and what it would take although
 * our guarantees rest on another value. Checked before anything is connected. */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_PROPERTIES_H
#define FRESHET_STREAM_KAFKA_KAFKA_PROPERTIES_H

#include "stream/config/options.h"

/* Returns what is wrong with the properties (options `kafka.*`, without the prefix; NULL: none are
 * set), with what to write instead; NULL: nothing. The caller frees. A value that may be a secret
 * is never in the text. */
char *kafka_properties_fault(const struct properties *properties);

#endif
