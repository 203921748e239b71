/* Forgotten: the marker that remains of an erased user, and the receipt of the request.
 *
 * The marker holds an event time: the user's events up to it are dropped, so that late duplicates
 * are not counted as new. It is a UserState without actions, stored under a keyed hash of the user
 * id; the id itself is not kept. When the user acts again, the user's own state holds the time too.
 *
 * The key of the hash is the partition's salt, taken from the first request in the partition and
 * kept in the changelog. So no table of hashes that was made beforehand finds a user. Markers of
 * earlier releases, under an unkeyed hash, are found still and replaced at the user's next request.
 */
#ifndef FRESHET_FEATURES_FORGOTTEN_H
#define FRESHET_FEATURES_FORGOTTEN_H

#include "base/digest.h"
#include "schemas/forget_receipt.h"
#include "schemas/user_state.h"
#include "stream/worker.h"

enum { FORGOTTEN_KEY_BYTES_MAX = 17, FORGOTTEN_SALT_HEX = 2 * DIGEST_BYTES };

/* A key of the changelog that no user id is: it begins with a byte that is not valid UTF-8. */
struct forgotten_key {
    unsigned char bytes[FORGOTTEN_KEY_BYTES_MAX];
    size_t size;
};

/* Makes the key of a marker under a partition's salt. */
struct forgotten_key forgotten_key(struct mac *salt, struct slice user_id);
/* Makes the key of a marker of an earlier release. */
struct forgotten_key forgotten_former_key(struct slice user_id);
/* Makes the key of the salt's own state. */
struct forgotten_key forgotten_salt_key(void);
/* Returns a key's bytes; borrowed. */
struct slice forgotten_key_bytes(const struct forgotten_key *key);
/* Makes a partition's salt from its first request: the text that is kept (and NUL). */
void forgotten_salt(const struct forget_request *request, char ret_hex[FORGOTTEN_SALT_HEX + 1]);
/* Fills a receipt's request_id, requested_ms, user_hash (borrowed from hex, of 17 bytes),
 * input_partition and input_offset; the caller fills in the rest. */
void forgotten_receipt(const struct forget_request *request, const struct record *rec, char *hex,
                       struct forget_receipt *ret_receipt);
/* Checks a decoded request: NULL, or what is wrong with it. Its until_ms may be later than the
 * record's timestamp by at most future_max_ms (0: no limit). */
const char *forgotten_fault(const struct record *rec, const struct forget_request *request,
                            int64_t future_max_ms);

#endif
