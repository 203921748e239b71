/* Dead letters: sends refused records to the topic `dead-letters`, with the reason, the worker's
 * message and the record's origin, and counts them by reason.
 *
 * A dead letter is sent at once; the commit that covers its record waits for its acknowledgement.
 * Worker's thread.
 */
#ifndef FRESHET_STREAM_DEAD_LETTER_H
#define FRESHET_STREAM_DEAD_LETTER_H

#include "base/buf.h"
#include "stream/at_once.h"

struct dead_letters;

/* Borrows both. Free with dead_letters_free(). */
struct dead_letters *dead_letters_new(struct env *env, struct at_once *at_once);
struct dead_letters *dead_letters_free(struct dead_letters *letters);
/* Leaves key and value out of all later dead letters. */
void dead_letters_withhold_bytes(struct dead_letters *letters);
/* Sends a record that the worker refused, with env->refusal, and clears that. */
void dead_letters_send(struct dead_letters *letters, const struct record *rec);
/* Writes the counts by reason as a JSON object. */
void dead_letters_status(const struct dead_letters *letters, struct buf *out);

#endif
