/* The option bootstrap.servers: host:port,... */
#ifndef FRESHET_STREAM_CONFIG_BOOTSTRAP_H
#define FRESHET_STREAM_CONFIG_BOOTSTRAP_H

#include "base/buf.h"

/* Returns what is wrong with the list, with what to write; NULL: nothing. The caller frees. */
char *bootstrap_fault(const char *servers);
/* Appends a line for each address without a port: librdkafka takes 9092. */
void bootstrap_notes(const char *servers, struct buf *notes);

#endif
