#include "base/base.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "cli/record_format.h"
#include "cli/value_text.h"

static const char fields[] = "tpoTkhvKV%";

bool record_format_valid(const char *format, struct buf *why)
{
    if (!format[0]) {
        buf_printf(why, "it is empty; \"%%k %%h %%v\" prints key, headers and value");
        return false;
    }
    for (const char *at = format; *at; at++) {
        if (*at != '%') { continue; }
        at++;
        if (*at && strchr(fields, *at)) { continue; }
        buf_printf(why, "there is no field \"%%%.1s\"; it takes %%t topic, %%p partition, "
                   "%%o offset, %%T time, %%k key, %%h headers, %%v value, %%K and %%V their sizes "
                   "and %%%%", at);
        return false;
    }
    return true;
}

/* Bytes as a text without quotes. */
static void put_text(struct slice text, struct buf *out)
{
    if (!text.data) {
        buf_printf(out, "null");
        return;
    }
    size_t size = text.size * 4 + QUOTE_VALUE_LEAST; /* an escaped byte is \xNN */
    char *plain = xmalloc(size);
    quote_screen(text, plain, size);
    buf_append(out, plain, strlen(plain));
    free(plain);
}

static void put_headers(const struct record *rec, struct buf *out)
{
    size_t count = record_headers_count(rec);
    struct header header;
    for (size_t i = 0; count != SIZE_MAX && i < count; i++) {
        if (record_header_at(rec, i, &header)) { break; }
        buf_printf(out, i ? ", " : "");
        put_text(slice_str(header.name), out);
        buf_printf(out, "=");
        put_text(header.value, out);
    }
}

static int64_t size_of(struct slice bytes)
{
    return bytes.data ? (int64_t)bytes.size : -1;
}

static void put_field(char field, struct schema_cache *schemas, const struct record *rec,
                      struct buf *out)
{
    switch (field) {
    case 't': put_text(slice_str(rec->topic), out); break;
    case 'p': buf_printf(out, "%" PRId32, rec->partition); break;
    case 'o': buf_printf(out, "%" PRId64, rec->offset); break;
    case 'T': buf_printf(out, "%" PRId64, rec->time_ms); break;
    case 'k': put_text(rec->key, out); break;
    case 'h': put_headers(rec, out); break;
    case 'v': value_text_put(schemas, rec->value, out); break;
    case 'K': buf_printf(out, "%" PRId64, size_of(rec->key)); break;
    case 'V': buf_printf(out, "%" PRId64, size_of(rec->value)); break;
    default: buf_printf(out, "%%");
    }
}

/* Appends what a backslash and the character behind it stand for; returns the characters read. */
static size_t put_escape(const char *at, struct buf *out)
{
    static const struct {
        char letter;
        const char *text;
    } escapes[] = {{'n', "\n"}, {'t', "\t"}, {'\\', "\\"}};
    for (size_t i = 0; i < ARRAY_COUNT(escapes); i++) {
        if (at[1] != escapes[i].letter) { continue; }
        buf_append(out, escapes[i].text, 1);
        return 2;
    }
    buf_append(out, at, 1);
    return 1;
}

void record_format_put(const char *format, struct schema_cache *schemas, const struct record *rec,
                       struct buf *out)
{
    for (const char *at = format; *at;) {
        if (*at == '\\') {
            at += put_escape(at, out);
        } else if (*at == '%') {
            assert(at[1]);
            put_field(at[1], schemas, rec, out);
            at += 2;
        } else {
            buf_append(out, at++, 1);
        }
    }
    buf_append(out, "\n", 1);
}

static void put_hex(struct slice bytes, struct buf *out)
{
    if (!bytes.data) {
        buf_printf(out, "null");
        return;
    }
    buf_printf(out, "\"");
    for (size_t i = 0; i < bytes.size; i++) { buf_printf(out, "%02x", (uint8_t)bytes.data[i]); }
    buf_printf(out, "\"");
}

void record_hex_put(const struct record *rec, struct buf *out)
{
    size_t count = record_headers_count(rec);
    struct header header;
    buf_printf(out, "{\"topic\":");
    quote_json(out, slice_str(rec->topic), QUOTE_EITHER);
    buf_printf(out, ",\"partition\":%d,\"offset\":%" PRId64 ",\"ts\":%" PRId64 ",\"key_hex\":",
               rec->partition, rec->offset, rec->time_ms);
    put_hex(rec->key, out);
    buf_printf(out, ",\"headers_hex\":[");
    for (size_t i = 0; count != SIZE_MAX && i < count; i++) {
        if (record_header_at(rec, i, &header)) { break; }
        buf_printf(out, i ? "," : "");
        quote_json(out, slice_str(header.name), QUOTE_EITHER);
        buf_printf(out, ",");
        put_hex(header.value, out);
    }
    buf_printf(out, "],\"payload_hex\":");
    put_hex(rec->value, out);
    buf_printf(out, "}\n");
}
