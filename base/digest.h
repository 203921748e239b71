/* SHA-256, HMAC-SHA-256 and random bytes, by libcrypto.
 *
 * Out of memory, or a libcrypto without SHA-256, ends the process. One thread at a time.
 */
#ifndef FRESHET_BASE_DIGEST_H
#define FRESHET_BASE_DIGEST_H

#include "base/slice.h"

enum { DIGEST_BYTES = 32 };

/* SHA-256 of bytes that come in pieces. */
struct digest;

/* Makes it, started; free with digest_free(). */
struct digest *digest_new(void);
struct digest *digest_free(struct digest *digest);
/* Starts again. */
void digest_start(struct digest *digest);
/* Adds a text with its size and whether it is null, so that no two lists of texts are the same
 * bytes. */
void digest_add(struct digest *digest, struct slice text);
/* Finishes: all bytes that were added. Start again before the next use. */
void digest_finish(struct digest *digest, unsigned char ret_bytes[DIGEST_BYTES]);

/* HMAC-SHA-256 (RFC 2104) under one key. */
struct mac;

/* Makes it; free with mac_free(). */
struct mac *mac_new(struct slice key);
struct mac *mac_free(struct mac *mac);
void mac_of(struct mac *mac, struct slice text, unsigned char ret_bytes[DIGEST_BYTES]);

/* Fills in bytes that nobody can guess. */
void digest_random(void *bytes, size_t size);
/* Overwrites a secret that is not needed any longer. */
void digest_wipe(void *bytes, size_t size);
/* Writes bytes as hex, two characters each, and NUL. */
void digest_hex(const unsigned char *bytes, size_t size, char *ret_text);

#endif
