#include "base/base.h"
#include "ingest/payload/source_frame.h"

#include <endian.h>

enum {
    CONFLUENT_BYTES = 5,
    APICURIO_BYTES = 9,
    SINGLE_BYTES = 10,
    GLUE_BYTES = 2 + GUID_BYTES,
    GLUE_PLAIN = 0,
    GLUE_ZLIB = 5,
    ID_DIGITS_MAX = 19,
};

static int truncated(struct slice bytes, size_t size, struct codec_error *ret_error)
{
    return codec_error_set(ret_error, -EBADMSG, "truncated", "%zu bytes of a frame of %zu",
                           bytes.size, size);
}

static struct slice behind(struct slice bytes, size_t size)
{
    return slice_of(bytes.data + size, bytes.size - size);
}

static uint64_t big_endian(const char *at, size_t size)
{
    uint64_t number = 0;
    for (size_t i = 0; i < size; i++) { number = number << 8 | (uint8_t)at[i]; }
    return number;
}

static void set_guid(struct source_frame *frame, const char *bytes)
{
    char *at = frame->guid;
    frame->naming = SCHEMA_BY_GUID;
    for (size_t i = 0; i < GUID_BYTES; i++) {
        if (i == 4 || i == 6 || i == 8 || i == 10) { *at++ = '-'; }
        at += snprintf(at, 3, "%02x", (uint8_t)bytes[i]);
    }
}

/* ---- Before the message ---- */

static int read_id(struct slice bytes, size_t size, struct source_frame *ret_frame,
                   struct codec_error *ret_error)
{
    if (bytes.size < size) { return truncated(bytes, size, ret_error); }
    ret_frame->naming = SCHEMA_BY_ID;
    ret_frame->number = big_endian(bytes.data + 1, size - 1);
    ret_frame->body = behind(bytes, size);
    return 0;
}

static int read_glue(struct slice bytes, struct source_frame *ret_frame,
                     struct codec_error *ret_error)
{
    if (bytes.size < GLUE_BYTES) { return truncated(bytes, GLUE_BYTES, ret_error); }
    set_guid(ret_frame, bytes.data + 2);
    ret_frame->packed = bytes.data[1] == GLUE_ZLIB;
    ret_frame->body = behind(bytes, GLUE_BYTES);
    return 0;
}

static int read_single(struct slice bytes, struct source_frame *ret_frame,
                       struct codec_error *ret_error)
{
    uint64_t fingerprint;
    if (bytes.size < SINGLE_BYTES) { return truncated(bytes, SINGLE_BYTES, ret_error); }
    memcpy(&fingerprint, bytes.data + 2, sizeof(fingerprint));
    ret_frame->naming = SCHEMA_BY_FINGERPRINT;
    ret_frame->number = le64toh(fingerprint);
    ret_frame->body = behind(bytes, SINGLE_BYTES);
    return 0;
}

static bool begins(struct slice bytes, char first, char second)
{
    return bytes.size > 1 && bytes.data[0] == first && bytes.data[1] == second;
}

static int recognise(struct slice bytes, struct source_frame *ret_frame,
                     struct codec_error *ret_error)
{
    if (begins(bytes, '\xc3', '\x01')) { return read_single(bytes, ret_frame, ret_error); }
    if (begins(bytes, '\x03', GLUE_PLAIN) || begins(bytes, '\x03', GLUE_ZLIB)) {
        return read_glue(bytes, ret_frame, ret_error);
    }
    if (!bytes.size || bytes.data[0] != '\0') {
        ret_frame->body = bytes;
        return 0;
    }
    bool wide = bytes.size >= APICURIO_BYTES && big_endian(bytes.data + 1, 4) == 0;
    return read_id(bytes, wide ? APICURIO_BYTES : CONFLUENT_BYTES, ret_frame, ret_error);
}

/* ---- In a header ---- */

static bool read_digits(struct slice value, uint64_t *ret_number)
{
    uint64_t number = 0;
    if (!value.size || value.size > ID_DIGITS_MAX) { return false; }
    for (size_t i = 0; i < value.size; i++) {
        if (value.data[i] < '0' || value.data[i] > '9') { return false; }
        number = number * 10 + (uint64_t)(value.data[i] - '0');
    }
    *ret_number = number;
    return true;
}

static bool read_header_value(struct slice value, struct source_frame *ret_frame)
{
    if (value.size > GUID_BYTES && value.data[0] == '\x01') {
        set_guid(ret_frame, value.data + 1);
        return true;
    }
    ret_frame->naming = SCHEMA_BY_ID;
    if (value.size == CONFLUENT_BYTES && value.data[0] == '\0') {
        ret_frame->number = big_endian(value.data + 1, 4);
        return true;
    }
    if (value.size == 8 || (value.size == 4 && value.data[0] == '\0')) {
        ret_frame->number = big_endian(value.data, value.size);
        if (ret_frame->number <= INT32_MAX) { return true; }
    }
    return read_digits(value, &ret_frame->number);
}

/* False: no header names a schema. */
static bool read_header(const struct record *rec, bool of_key, struct source_frame *ret_frame)
{
    static const char *const names[2][3] = {
        {"__value_schema_id", "apicurio.value.contentId", "apicurio.value.globalId"},
        {"__key_schema_id", "apicurio.key.contentId", "apicurio.key.globalId"},
    };
    struct slice value;
    for (size_t i = 0; rec->headers && i < ARRAY_COUNT(names[0]); i++) {
        if (record_header(rec, names[of_key][i], &value) || !value.data) { continue; }
        ret_frame->beside = read_header_value(value, ret_frame);
        if (ret_frame->beside) { return true; }
    }
    ret_frame->naming = SCHEMA_UNNAMED;
    return false;
}

int source_frame_read(enum frame_style style, const struct record *rec, bool of_key,
                      struct slice bytes, struct source_frame *ret_frame,
                      struct codec_error *ret_error)
{
    *ret_frame = (struct source_frame){.body = bytes};
    bool by_id = style == FRAME_CONFLUENT || style == FRAME_APICURIO;
    if (style == FRAME_NONE) { return 0; }
    if (style == FRAME_AUTO) {
        return read_header(rec, of_key, ret_frame) ? 0 : recognise(bytes, ret_frame, ret_error);
    }
    if (style == FRAME_HEADER) {
        if (read_header(rec, of_key, ret_frame)) { return 0; }
        return codec_error_set(ret_error, -EBADMSG, "no_schema_header",
                               "no header __%s_schema_id or apicurio.%s.contentId",
                               of_key ? "key" : "value", of_key ? "key" : "value");
    }
    if (!bytes.size || bytes.data[0] != (by_id ? '\0' : '\x03')) {
        return codec_error_set(ret_error, -EBADMSG, "bad_magic", "begins with %02x, not with %s",
                               bytes.size ? (uint8_t)bytes.data[0] : 0, by_id ? "00" : "03");
    }
    if (!by_id) { return read_glue(bytes, ret_frame, ret_error); }
    size_t size = style == FRAME_APICURIO ? APICURIO_BYTES : CONFLUENT_BYTES;
    return read_id(bytes, size, ret_frame, ret_error);
}
