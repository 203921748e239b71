#include "base/base.h"
#include "features/forgotten.h"
#include "model/ids.h"

#include <endian.h>

enum { MARKER_BYTE = 0xfe, HEX_BYTES = 17 };

struct forgotten_key forgotten_key(struct slice user_id)
{
    struct forgotten_key key = {.bytes = {MARKER_BYTE}};
    uint64_t hash = htole64(ids_fingerprint(user_id));
    memcpy(key.bytes + 1, &hash, sizeof(hash));
    return key;
}

void forgotten_receipt(const struct forget_request *request, const struct record *rec, char *hex,
                       struct forget_receipt *ret_receipt)
{
    char joined[REQUEST_ID_BYTES_MAX + ID_BYTES_MAX];
    size_t size = request->request_id.size;
    memcpy(joined, request->request_id.data, size);
    memcpy(joined + size, request->user_id.data, request->user_id.size);
    size += request->user_id.size;
    (void)snprintf(hex, HEX_BYTES, "%016" PRIx64, ids_fingerprint(slice_of(joined, size)));
    *ret_receipt = (struct forget_receipt){
        .request_id = request->request_id,
        .user_hash = slice_str(hex),
        .input_partition = rec->partition,
        .input_offset = rec->offset,
        .requested_ms = request->requested_ms,
    };
}

const char *forgotten_fault(const struct record *rec, const struct forget_request *request,
                            int64_t future_max_ms)
{
    if (request->request_id.size == 0) { return "request_id is empty"; }
    if (request->user_id.size == 0) { return "user_id is empty"; }
    if (rec->key.data && !slice_equal(rec->key, request->user_id)) {
        return "the key is not user_id";
    }
    bool timed = future_max_ms > 0 && rec->time_ms > 0;
    if (timed && request->until_ms > 0 && request->until_ms - future_max_ms > rec->time_ms) {
        return "until_ms is in the future: later events would be dropped";
    }
    return NULL;
}
