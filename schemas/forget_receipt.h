/* A receipt: a partition of `events` has forgotten a user. Topic `receipts`.
 * See forget_receipt.avsc. */
#ifndef FRESHET_SCHEMAS_FORGET_RECEIPT_H
#define FRESHET_SCHEMAS_FORGET_RECEIPT_H

#include "schemas/forget_request.h"

struct forget_receipt {
    struct slice request_id;
    struct slice user_hash;
    int32_t input_partition;
    int64_t input_offset;
    int64_t requested_ms;
    int64_t until_ms;
    int64_t actions;
    int64_t archived;
    int64_t contributions;
    int64_t left_in;
    int32_t follows;
    bool linked;
};

extern const struct contract forget_receipt_contract;

#endif
