/* A receipt: a part of one user's actions went to another user. Topic `receipts`.
 * See merge_receipt.avsc. */
#ifndef FRESHET_SCHEMAS_MERGE_RECEIPT_H
#define FRESHET_SCHEMAS_MERGE_RECEIPT_H

#include "schemas/user_move.h"

enum { MERGE_REFUSED_BYTES_MAX = 64 };

struct merge_receipt {
    struct slice request_id;
    int32_t part;
    int32_t parts;
    int32_t input_partition;
    int64_t input_offset;
    int64_t contributions;
    int64_t actions;
    int64_t added;
    int64_t repeated;
    int64_t too_late;
    int64_t dropped;
    struct slice refused;
};

extern const struct contract merge_receipt_contract;

#endif
