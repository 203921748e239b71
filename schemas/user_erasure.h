/* How far the erasure of a user has come: topic `features-changelog`. See user_erasure.avsc. */
#ifndef FRESHET_SCHEMAS_USER_ERASURE_H
#define FRESHET_SCHEMAS_USER_ERASURE_H

#include "schemas/forget_receipt.h"

enum { USER_HASH_BYTES_MAX = 16 };

struct user_erasure {
    struct slice user_id;
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
    int32_t first_segment;
    int32_t next_segment;
    int64_t skipped;
    int32_t follows;
    bool linked;
};

extern const struct contract user_erasure_contract;

#endif
