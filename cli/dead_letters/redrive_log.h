/* The set of dead letters that have been sent again, read from the topic `redrives`. */
#ifndef FRESHET_CLI_DEAD_LETTERS_REDRIVE_LOG_H
#define FRESHET_CLI_DEAD_LETTERS_REDRIVE_LOG_H

#include "stream/kafka/wire.h"

struct redrive_log;

/* Makes an empty set; free with redrive_log_free(). */
struct redrive_log *redrive_log_new(void);
struct redrive_log *redrive_log_free(struct redrive_log *sent);
/* Reads the topic to its present end. 0 or a negative wire_error. */
int redrive_log_read(struct redrive_log *sent, struct wire *wire, const char *topic);
/* Says whether a dead letter has been sent. */
bool redrive_log_has(const struct redrive_log *sent, int32_t partition, int64_t offset);

#endif
