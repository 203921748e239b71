/* Which dead letters have been sent round again, from the topic `redrives`. */
#ifndef FRESHET_CLI_SENT_LETTERS_H
#define FRESHET_CLI_SENT_LETTERS_H

#include "stream/wire.h"

struct sent_letters;

/* Makes an empty set; free with sent_letters_free(). */
struct sent_letters *sent_letters_new(void);
struct sent_letters *sent_letters_free(struct sent_letters *sent);
/* Reads the topic to the end that it has now. 0 or a negative wire_error. */
int sent_letters_read(struct sent_letters *sent, struct wire *wire, const char *topic);
/* Says whether a letter has been sent. */
bool sent_letters_has(const struct sent_letters *sent, int32_t partition, int64_t offset);

#endif
