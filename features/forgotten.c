#include "base/base.h"
#include "features/forgotten.h"
#include "model/ids.h"

#include <endian.h>

enum { MARKER_BYTE = 0xfe, MARKER_HASH_BYTES = 16, USER_HASH_BYTES = 8 };
_Static_assert(1 + MARKER_HASH_BYTES == FORGOTTEN_KEY_BYTES_MAX, "a marker's key fits");

static struct forgotten_key key_of(const void *bytes, size_t size)
{
    struct forgotten_key key = {.bytes = {MARKER_BYTE}, .size = 1 + size};
    assert(key.size <= sizeof(key.bytes));
    memcpy(key.bytes + 1, bytes, size);
    return key;
}

struct forgotten_key forgotten_key(struct mac *salt, struct slice user_id)
{
    unsigned char hash[DIGEST_BYTES];
    mac_of(salt, user_id, hash);
    return key_of(hash, MARKER_HASH_BYTES);
}

struct forgotten_key forgotten_former_key(struct slice user_id)
{
    uint64_t hash = htole64(ids_fingerprint(user_id));
    return key_of(&hash, sizeof(hash));
}

struct forgotten_key forgotten_salt_key(void)
{
    return key_of("salt", strlen("salt"));
}

struct slice forgotten_key_bytes(const struct forgotten_key *key)
{
    return slice_of((const char *)key->bytes, key->size);
}

static struct slice secret_of(const struct forget_request *request)
{
    return request->salt.size ? request->salt : request->request_id;
}

/* Not the request's own salt, which would tell whose receipts are whose. */
void forgotten_salt(const struct forget_request *request, char ret_hex[FORGOTTEN_SALT_HEX + 1])
{
    unsigned char bytes[DIGEST_BYTES];
    struct mac *mac = mac_new(secret_of(request));
    mac_of(mac, slice_str("freshet: salt of markers"), bytes);
    mac_free(mac);
    digest_hex(bytes, sizeof(bytes), ret_hex);
}

void forgotten_receipt(const struct forget_request *request, const struct record *rec, char *hex,
                       struct forget_receipt *ret_receipt)
{
    unsigned char hash[DIGEST_BYTES];
    struct mac *mac = mac_new(secret_of(request));
    mac_of(mac, request->user_id, hash);
    mac_free(mac);
    digest_hex(hash, USER_HASH_BYTES, hex);
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
    bool unasked = request->unlinks.size && request->salt.size; /* nobody waits for a receipt */
    if (request->request_id.size == 0 && !unasked) { return "request_id is empty"; }
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
