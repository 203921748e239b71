#include "base/base.h"
#include "stream/avro/framing.h"

#include <endian.h>

int frame_read(struct slice message, struct frame *ret_frame, struct slice *ret_body,
               struct codec_error *ret_error)
{
    if (message.size == 0) { return codec_error_set(ret_error, -EBADMSG, "empty", "no bytes"); }
    bool by_id = message.data[0] == '\0';
    if (!by_id && (message.data[0] != '\xc3' || (message.size > 1 && message.data[1] != '\x01'))) {
        return codec_error_set(ret_error, -EBADMSG, "bad_magic",
                               "begins with %02x, not with c301 or 00", (uint8_t)message.data[0]);
    }
    const size_t size = by_id ? FRAME_ID_BYTES : FRAME_BYTES_MAX;
    if (message.size < size) {
        return codec_error_set(ret_error, -EBADMSG, "truncated", "%zu bytes of a frame of %zu",
                               message.size, size);
    }
    if (by_id) {
        uint32_t id;
        memcpy(&id, message.data + 1, sizeof(id));
        *ret_frame = (struct frame){.framing = FRAMING_CONFLUENT, .number = be32toh(id)};
    } else {
        uint64_t fingerprint;
        memcpy(&fingerprint, message.data + 2, sizeof(fingerprint));
        *ret_frame = (struct frame){.framing = FRAMING_SINGLE, .number = le64toh(fingerprint)};
    }
    *ret_body = slice_of(message.data + size, message.size - size);
    return 0;
}

size_t frame_write(struct frame frame, char ret_bytes[FRAME_BYTES_MAX])
{
    if (frame.framing == FRAMING_CONFLUENT) {
        assert(frame.number <= SCHEMA_ID_MAX);
        const uint32_t id = htobe32((uint32_t)frame.number);
        ret_bytes[0] = '\0';
        memcpy(ret_bytes + 1, &id, sizeof(id));
        return FRAME_ID_BYTES;
    }
    const uint64_t fingerprint = htole64(frame.number);
    memcpy(ret_bytes, "\xc3\x01", 2);
    memcpy(ret_bytes + 2, &fingerprint, sizeof(fingerprint));
    return FRAME_BYTES_MAX;
}

int frame_unknown(struct frame frame, struct codec_error *ret_error)
{
    if (frame.framing == FRAMING_CONFLUENT) {
        (void)codec_error_set(ret_error, -EBADMSG, "unknown_schema_id",
                              "schema id %" PRIu64 " is not known", frame.number);
        if (ret_error) {
            ret_error->unknown_id = true;
            ret_error->schema_id = (uint32_t)frame.number;
        }
        return -EBADMSG;
    }
    return codec_error_set(ret_error, -EBADMSG, "unknown_fingerprint", "%016" PRIx64, frame.number);
}
