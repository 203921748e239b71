/* A small compacted topic of one partition that commands read whole and add a record to:
 * `generations`, `trials`. */
#ifndef FRESHET_CLI_TABLE_LOG_H
#define FRESHET_CLI_TABLE_LOG_H

#include "cli/client.h"
#include "stream/avro/codec.h"

struct table_log {
    const char *name; /* of the topic, below the prefix */
    const struct contract *contract;
    size_t record_bytes;      /* of the contract's struct */
    size_t message_bytes_max; /* of an encoded record */
};

/* Calls back with each record of the topic that can be read, in order; the record is borrowed for
 * the call. 0, or an exit code, and then it has said why. */
int table_log_read(const struct table_log *log, const struct client *client, struct wire *wire,
                   void (*apply)(void *arg, const void *record), void *arg);
/* Adds a record and waits until it is acknowledged. Result as of table_log_read(). */
int table_log_write(const struct table_log *log, const struct client *client, struct wire *wire,
                    const char *key, const void *record);

/* Deletes every record that can be read and is obsolete, and waits for the acknowledgements. Result
 * as of table_log_read(). */
int table_log_sweep(const struct table_log *log, const struct client *client, struct wire *wire,
                    bool (*is_obsolete)(void *arg, const void *record), void *arg);

#endif
