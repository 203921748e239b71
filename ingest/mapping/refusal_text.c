#include "base/base.h"
#include "base/buf.h"
#include "base/number.h"
#include "syntax/json_text.h"
#include "ingest/mapping/path_suggest.h"
#include "ingest/mapping/refusal_text.h"

enum { VALUE_TEXT_MAX = 60, VALUE_BYTES_MAX = 4096, KEYS_MAX = 3 };

/* 2001-09-09 to 2096-10-02: times in different units do not overlap here. */
#define CENTURY_FIRST_MS INT64_C(1000000000000)
#define CENTURY_LAST_MS INT64_C(4000000000000)

/* Escapes are ASCII, so a cut text is still UTF-8. */
static void write_scalar(json_t *value, struct buf *out)
{
    if (json_is_string(value) && json_string_length(value) > VALUE_BYTES_MAX) {
        buf_printf(out, "a text of %zu bytes", json_string_length(value));
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    if (!text) { return; }
    bool cut = strlen(text) > VALUE_TEXT_MAX;
    buf_printf(out, "%.*s%s", VALUE_TEXT_MAX, text, cut ? "..." : "");
    free(text);
}

static void write_keys(json_t *object, struct buf *out)
{
    const char *name;
    json_t *value;
    size_t count = 0;
    json_object_foreach(object, name, value)
    {
        buf_printf(out, "%s", count ? ", " : " with ");
        if (count++ == KEYS_MAX) {
            buf_printf(out, "...");
            return;
        }
        json_t *key = json_string_nocheck(name);
        write_scalar(key, out);
        json_decref(key);
    }
}

static void write_value(json_t *value, bool told, struct buf *out)
{
    buf_printf(out, "; found ");
    if (json_flaw_of(value)) {
        buf_printf(out, "%s", json_flaw_text(json_flaw_of(value)));
    } else if (json_is_object(value)) {
        buf_printf(out, "an object");
        if (told) { write_keys(value, out); }
    } else if (json_is_array(value)) {
        buf_printf(out, "an array of %zu", json_array_size(value));
    } else {
        write_scalar(value, out);
    }
}

void refusal_text(const struct field_choice *choice, json_t *document, json_t *value, bool told,
                  struct buf *out)
{
    bool scalar = value && !json_is_object(value) && !json_is_array(value);
    if (value && (told || !scalar)) { write_value(value, told, out); }
    if (scalar || !choice) { return; }
    size_t before = out->size;
    buf_printf(out, "; did you mean ");
    size_t begun = out->size;
    path_suggest(field_path_text(choice->paths[0]), document, told, out);
    if (out->size == begun) {
        out->size = before;
    } else {
        buf_printf(out, "?");
    }
}

void refusal_time_unit(json_t *value, enum time_format format, struct buf *out)
{
    static const struct {
        enum time_format format;
        const char *name;
    } units[] = {{TIME_FORMAT_S, "s"}, {TIME_FORMAT_MS, "ms"}, {TIME_FORMAT_US, "us"},
                 {TIME_FORMAT_NS, "ns"}};
    double number = json_is_number(value) ? json_number_value(value) : 0;
    if (json_is_string(value)) { (void)number_parse_real(json_string_value(value), &number); }
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        int64_t ms;
        if (timestamp_from_real(units[i].format, number, &ms)) { continue; }
        if (ms < CENTURY_FIRST_MS || ms > CENTURY_LAST_MS || units[i].format == format) {
            continue;
        }
        buf_printf(out, "; did you mean time.format=%s?", units[i].name);
        return;
    }
}
