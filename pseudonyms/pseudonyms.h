/* Pseudonyms: replace user ids when keys are configured.
 *
 * A pseudonym is `KEYID.` and HMAC-SHA256 (RFC 2104) of the user id's bytes under that key, in
 * lower-case hex. Anyone with the key can compute it, in any language or database; without the key
 * it can neither be reversed nor guessed by trying ids.
 *
 * Keys are in a file, one per line, oldest first: an id (a-z, 0-9, at most 16), the time from which
 * it is used (ISO 8601), and its bytes in hex (16 to 128):
 *
 *     # id  used from             key
 *     k1    1970-01-01            0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b
 *     k2    2027-01-01T00:00:00Z  4a656665...
 *
 * A record's Kafka timestamp decides which key is used, never the clock: copies need not restart at
 * the same moment, and a replay gives the same pseudonyms. A new key makes every user a new user,
 * on purpose: nothing links the pseudonyms of two keys.
 *
 * One thread.
 */
#ifndef FRESHET_PSEUDONYMS_PSEUDONYMS_H
#define FRESHET_PSEUDONYMS_PSEUDONYMS_H

#include "base/arena.h"
#include "base/digest.h"

enum {
    PSEUDONYM_KEYS_MAX = 64,
    PSEUDONYM_KEY_ID_MAX = 16,
    PSEUDONYM_KEY_BYTES_MIN = 16,
    PSEUDONYM_KEY_BYTES_MAX = 128,
    PSEUDONYM_BYTES_MAX = PSEUDONYM_KEY_ID_MAX + 1 + 2 * DIGEST_BYTES,
};

struct pseudonyms;

/* Reads the keys from the text of a key file; free with pseudonyms_free(). 0, or -EINVAL with the
 * line and what is wrong with it written to why (never a key). */
int pseudonyms_new(struct slice text, struct pseudonyms **ret_pseudonyms, char *why,
                   size_t why_size);
/* The same from a file. */
int pseudonyms_load(const char *path, struct pseudonyms **ret_pseudonyms, char *why,
                    size_t why_size);
/* Wipes the keys and frees them; takes NULL; returns NULL. */
struct pseudonyms *pseudonyms_free(struct pseudonyms *pseudonyms);
/* Returns the number of keys; at least one. */
size_t pseudonyms_count(const struct pseudonyms *pseudonyms);
/* Returns the key that is used at a time; before the first, the first. */
size_t pseudonyms_at(const struct pseudonyms *pseudonyms, int64_t time_ms);
/* Returns a key's id, and the time from which it is used. */
const char *pseudonyms_key_id(const struct pseudonyms *pseudonyms, size_t key);
int64_t pseudonyms_key_from(const struct pseudonyms *pseudonyms, size_t key);
/* Makes the pseudonym of a user under one key; the text lives in the arena. */
struct slice pseudonyms_of(struct pseudonyms *pseudonyms, size_t key, struct slice user,
                           struct arena *arena);
/* Says whether an id has the form of a pseudonym under one of the keys. */
bool pseudonyms_is_one(const struct pseudonyms *pseudonyms, struct slice id);

#endif
