/* A request to forget a user: topic `events`. See forget_request.avsc. */
#ifndef FRESHET_SCHEMAS_FORGET_REQUEST_H
#define FRESHET_SCHEMAS_FORGET_REQUEST_H

#include "schemas/user_event.h"

enum { REQUEST_ID_BYTES_MAX = 64, REQUEST_SALT_BYTES_MAX = 64 };

struct forget_request {
    struct slice request_id;
    struct slice user_id;
    int64_t until_ms;
    int64_t requested_ms;
    struct slice salt;
    struct slice unlinks;
};

extern const struct contract forget_request_contract;

#endif
