/* Forgotten: the marker that remains of an erased user, and the receipt of the request.
 *
 * The marker holds an event time: the user's events up to it are dropped, so that late duplicates
 * are not counted as new. It is a UserState without actions, stored under the fingerprint of the
 * user id; the id itself is not kept. When the user acts again, the user's own state holds the time
 * too.
 */
#ifndef FRESHET_FEATURES_FORGOTTEN_H
#define FRESHET_FEATURES_FORGOTTEN_H

#include "schemas/forget_receipt.h"
#include "stream/worker.h"

/* Key of a marker: a byte that no user id begins with (it is not valid UTF-8), then the
 * fingerprint. */
struct forgotten_key {
    unsigned char bytes[1 + 8];
};

/* Makes the key; use it as a slice of its bytes. */
struct forgotten_key forgotten_key(struct slice user_id);
/* Fills a receipt's request_id, requested_ms, user_hash (borrowed from hex, of 17 bytes),
 * input_partition and input_offset; the caller fills in the rest. */
void forgotten_receipt(const struct forget_request *request, const struct record *rec, char *hex,
                       struct forget_receipt *ret_receipt);
/* Checks a decoded request: NULL, or what is wrong with it. Its until_ms may be later than the
 * record's timestamp by at most future_max_ms (0: no limit). */
const char *forgotten_fault(const struct record *rec, const struct forget_request *request,
                            int64_t future_max_ms);

#endif
