#include "base/base.h"
#include "ingest/mapping/record_key.h"

#include <endian.h>

enum { WHERE_BYTES = 64, VARINT_BYTES_MAX = 10 };

static json_t *text_key(struct slice key)
{
    return json_stringn(key.data, key.size);
}

static json_t *number_key(struct slice key, size_t size)
{
    uint64_t wide;
    uint32_t narrow;
    if (key.size != size) { return NULL; }
    if (size == sizeof(wide)) {
        memcpy(&wide, key.data, sizeof(wide));
        return json_integer((json_int_t)be64toh(wide));
    }
    memcpy(&narrow, key.data, sizeof(narrow));
    return json_integer((int32_t)be32toh(narrow));
}

/* Reads a zig-zag varint, and moves over it. */
static bool take_long(struct slice *bytes, int64_t *ret_long)
{
    uint64_t raw = 0;
    for (size_t i = 0; i < bytes->size && i < VARINT_BYTES_MAX; i++) {
        uint8_t byte = (uint8_t)bytes->data[i];
        raw |= (uint64_t)(byte & 0x7f) << (7 * i);
        if (byte & 0x80) { continue; }
        *bytes = slice_of(bytes->data + i + 1, bytes->size - i - 1);
        *ret_long = (int64_t)(raw >> 1) ^ -(int64_t)(raw & 1);
        return true;
    }
    return false;
}

static json_t *avro_key(struct slice key, bool text)
{
    int64_t number;
    if (!take_long(&key, &number)) { return NULL; }
    if (!text) { return key.size ? NULL : json_integer(number); }
    return number >= 0 && (uint64_t)number == key.size ? text_key(key) : NULL;
}

static json_t *any_key(struct payload *payload, const struct record *rec, bool rendered,
                       const struct json_rules *rules, struct codec_error *ret_error)
{
    char where[WHERE_BYTES];
    struct slice text = rec->key;
    json_t *key = NULL;
    if (!rendered && payload_read_key(payload, rec, &text, ret_error)) { text = rec->key; }
    bool message = text.data != rec->key.data;
    if (json_text_parse(text, rules, &key, where, sizeof(where))) { return text_key(rec->key); }
    if (json_is_string(key) || json_is_object(key) || json_is_array(key)) { return key; }
    if (message && !json_is_null(key)) { return key; }
    json_decref(key);
    return message ? NULL : text_key(rec->key);
}

json_t *record_key_read(enum key_format format, struct payload *payload, const struct record *rec,
                        bool rendered, const struct json_rules *rules,
                        struct codec_error *ret_error)
{
    if (!rec->key.data) { return NULL; }
    switch (rendered && format != KEY_TEXT ? KEY_AUTO : format) {
    case KEY_TEXT:
        return text_key(rec->key);
    case KEY_INT32:
        return number_key(rec->key, sizeof(uint32_t));
    case KEY_INT64:
        return number_key(rec->key, sizeof(uint64_t));
    case KEY_AVRO_STRING:
        return avro_key(rec->key, /* text= */ true);
    case KEY_AVRO_LONG:
        return avro_key(rec->key, /* text= */ false);
    default:
        return any_key(payload, rec, rendered, rules, ret_error);
    }
}
