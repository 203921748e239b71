/* Dead letters that were redriven: topic `redrives`. See redrive_mark.avsc. */
#ifndef FRESHET_SCHEMAS_REDRIVE_MARK_H
#define FRESHET_SCHEMAS_REDRIVE_MARK_H

#include "stream/avro/codec.h"

enum { REDRIVE_OFFSETS_MAX = 10000, REDRIVE_DIGEST_BYTES = 16 };

struct redrive_mark {
    int32_t partition;
    struct longs offsets;
    struct slice digests; /* REDRIVE_DIGEST_BYTES each */
};

extern const struct contract redrive_mark_contract;

#endif
