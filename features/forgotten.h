/* Forgotten: the mark that a user leaves who was forgotten, and the receipt.
 *
 * The mark says up to which event time events of the user are dropped, so that late repeats are not
 * counted as new. It is a UserState without actions under the user id's fingerprint: the id itself
 * is not kept. Once the user acts again the user's own state carries the bound too.
 */
#ifndef FRESHET_FEATURES_FORGOTTEN_H
#define FRESHET_FEATURES_FORGOTTEN_H

#include "schemas/forget_receipt.h"
#include "stream/worker.h"

/* Key of a user's mark: a byte with which no user id begins (it is no UTF-8), the fingerprint. */
struct forgotten_key {
    unsigned char bytes[1 + 8];
};

/* Makes the key; use it as a slice of its bytes. */
struct forgotten_key forgotten_key(struct slice user_id);
/* Fills a receipt's request_id, requested_ms, user_hash (borrowed from hex, of 17 bytes) and place.
 * The rest is the caller's. */
void forgotten_receipt(const struct forget_request *request, const struct record *rec, char *hex,
                       struct forget_receipt *ret_receipt);
/* Checks a decoded request: NULL, or what is wrong with it. A request's bound may lie ahead of its
 * record's timestamp by future_max_ms (0: anywhere). */
const char *forgotten_fault(const struct record *rec, const struct forget_request *request,
                            int64_t future_max_ms);

#endif
