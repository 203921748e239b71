/* The option bootstrap.servers: host:port,... */
#ifndef FRESHET_STREAM_CONFIG_BOOTSTRAP_H
#define FRESHET_STREAM_CONFIG_BOOTSTRAP_H

#include "base/buf.h"

/* Returns what is wrong with the list, with what to write; NULL: nothing. The caller frees. An
 * address may begin with a protocol, `SASL_SSL://`, if it is the client's (`protocol`, the
 * property security.protocol; NULL: not set): librdkafka leaves others out without a word. */
char *bootstrap_fault(const char *servers, const char *protocol);
/* Appends a line for each address without a port: librdkafka takes 9092. */
void bootstrap_notes(const char *servers, struct buf *notes);

#endif
