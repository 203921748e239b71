#include "base/base.h"
#include "base/decimal.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "stream/avro/render.h"

enum { NUMBER_BYTES_MAX = 40 };

static void put(struct buf *out, const char *text)
{
    buf_append(out, text, strlen(text));
}

static void put_not_finite(struct buf *out, double value, bool bare)
{
    const char *name = isnan(value) ? "NaN" : value < 0 ? "-Infinity" : "Infinity";
    const char *quote = bare ? "" : "\"";
    buf_printf(out, "%s%s%s", quote, name, quote);
}

static void put_real(struct buf *out, double value, bool narrow)
{
    char text[NUMBER_BYTES_MAX];
    int most = narrow ? 9 : 17;
    for (int digits = narrow ? 6 : 15; digits <= most; digits++) {
        (void)snprintf(text, sizeof(text), "%.*g", digits, value);
        if (narrow ? (double)strtof(text, NULL) == value : strtod(text, NULL) == value) { break; }
    }
    put(out, text);
}

/* Writes a count of units since 1970 as ISO 8601; false outside the years 0 to 9999. */
bool render_time(struct buf *out, enum schema_logical logical, int64_t count)
{
    static const int64_t per_second[] = {
        [LOGICAL_TIMESTAMP_MILLIS] = 1000,
        [LOGICAL_TIMESTAMP_MICROS] = 1000000,
        [LOGICAL_TIMESTAMP_NANOS] = 1000000000,
    };
    static const int digits[] = {[LOGICAL_TIMESTAMP_MILLIS] = 3,
                                 [LOGICAL_TIMESTAMP_MICROS] = 6,
                                 [LOGICAL_TIMESTAMP_NANOS] = 9};
    const int64_t first_s = -62167219200, last_s = 253402300799, day_s = 86400;
    bool date = logical == LOGICAL_DATE;
    int64_t unit = date ? 1 : per_second[logical];
    if (date && (count < first_s / day_s || count > last_s / day_s)) { return false; }
    int64_t rest = count % unit < 0 ? count % unit + unit : count % unit;
    int64_t seconds = date ? count * day_s : count / unit - (count % unit < 0);
    if (seconds < first_s || seconds > last_s) { return false; }
    struct tm tm;
    time_t time = (time_t)seconds;
    if (!gmtime_r(&time, &tm)) { return false; }
    buf_printf(out, "\"%04d-%02d-%02d", tm.tm_year + 1900, tm.tm_mon + 1, tm.tm_mday);
    if (!date) {
        buf_printf(out, "T%02d:%02d:%02d.%0*" PRId64 "Z", tm.tm_hour, tm.tm_min, tm.tm_sec,
                   digits[logical], rest);
    }
    put(out, "\"");
    return true;
}

static bool render_number(struct cursor *cursor, const struct schema_node *node, struct buf *out)
{
    int32_t small;
    int64_t whole;
    if (node->type == SCHEMA_INT) {
        if (!cursor_int(cursor, &small)) { return false; }
        whole = small;
    } else if (!cursor_long(cursor, &whole)) {
        return false;
    }
    bool time = cursor->times_as_text && node->logical != LOGICAL_NONE;
    if (!time || !render_time(out, node->logical, whole)) { buf_printf(out, "%" PRId64, whole); }
    return true;
}

static bool render_real(struct cursor *cursor, bool narrow, struct buf *out)
{
    const char *bytes;
    float single;
    double value;
    if (!cursor_take(cursor, narrow ? sizeof(single) : sizeof(value), &bytes)) { return false; }
    if (narrow) {
        memcpy(&single, bytes, sizeof(single));
        value = single;
    } else {
        memcpy(&value, bytes, sizeof(value));
    }
    if (isfinite(value)) {
        put_real(out, value, narrow);
    } else {
        put_not_finite(out, value, cursor->bare_not_finite);
    }
    return true;
}

static void put_hex(struct buf *out, const char *bytes, size_t size)
{
    for (size_t i = 0; i < size; i++) { buf_printf(out, "%02x", (uint8_t)bytes[i]); }
}

static void put_uuid(struct buf *out, const char *bytes)
{
    static const size_t groups[] = {4, 2, 2, 2, 6};
    for (size_t i = 0; i < ARRAY_COUNT(groups); i++) {
        put(out, i ? "-" : "\"");
        put_hex(out, bytes, groups[i]);
        bytes += groups[i];
    }
    put(out, "\"");
}

/* Writes bytes by their logical type; false: they have none, or it does not fit them. */
static bool put_logical(struct buf *out, const struct schema_node *node, struct slice bytes)
{
    char number[DECIMAL_TEXT_MAX];
    if (node->logical == LOGICAL_UUID) {
        put_uuid(out, bytes.data);
        return true;
    }
    if (node->logical != LOGICAL_DECIMAL) { return false; }
    size_t size = decimal_write(bytes, node->scale, number);
    buf_append(out, number, size);
    return size > 0;
}

static bool render_bytes(struct cursor *cursor, const struct schema_node *node, struct buf *out)
{
    struct slice bytes;
    if (!cursor_slice(cursor, &bytes)) { return false; }
    if (!put_logical(out, node, bytes)) { quote_json(out, bytes, QUOTE_LATIN1); }
    return true;
}

static bool render_text(struct cursor *cursor, struct buf *out)
{
    struct slice text;
    if (!cursor_slice(cursor, &text)) { return false; }
    if (!utf8_valid(text.data, text.size)) {
        return cursor_refuse(cursor, "bad_utf8", "not UTF-8");
    }
    quote_json(out, text, QUOTE_UTF8);
    return true;
}

static bool render_fixed(struct cursor *cursor, const struct schema_node *node, struct buf *out)
{
    const char *bytes;
    if (!cursor_take(cursor, node->size, &bytes)) { return false; }
    struct slice all = slice_of(bytes, node->size);
    if (put_logical(out, node, all)) { return true; }
    if (!cursor->fixed_as_hex) {
        quote_json(out, all, QUOTE_LATIN1);
        return true;
    }
    put(out, "\"");
    put_hex(out, bytes, node->size);
    put(out, "\"");
    return true;
}

static bool render_enum(struct cursor *cursor, const struct schema_node *node, struct buf *out)
{
    int64_t symbol;
    if (!cursor_long(cursor, &symbol)) { return false; }
    if ((uint64_t)symbol >= node->count) {
        return cursor_refuse(cursor, "bad_enum", "symbol %" PRId64 " of %zu", symbol, node->count);
    }
    quote_json(out, slice_str(node->symbols[symbol]), QUOTE_UTF8);
    return true;
}

/* Says whether a record is a decimal beside its scale, as Debezium writes columns whose values have
 * scales of their own (VariableScaleDecimal). */
static bool is_scaled(const struct schema_node *node)
{
    const struct schema_field *fields = node->fields;
    return node->count == 2 && fields[0].type->type == SCHEMA_INT &&
           fields[1].type->type == SCHEMA_BYTES && strcmp(fields[0].name, "scale") == 0 &&
           strcmp(fields[1].name, "value") == 0;
}

static bool render_scaled(struct cursor *cursor, struct buf *out)
{
    int32_t scale;
    struct slice bytes;
    char number[DECIMAL_TEXT_MAX];
    if (!cursor_int(cursor, &scale) || !cursor_slice(cursor, &bytes)) { return false; }
    bool fits = scale >= -DECIMAL_SCALE_MAX && scale <= DECIMAL_SCALE_MAX;
    size_t size = fits ? decimal_write(bytes, scale, number) : 0;
    if (size) {
        buf_append(out, number, size);
        return true;
    }
    buf_printf(out, "{\"scale\":%" PRId32 ",\"value\":", scale);
    quote_json(out, bytes, QUOTE_LATIN1);
    put(out, "}");
    return true;
}

static bool render_record(struct cursor *cursor, const struct schema_node *node, int depth,
                          struct buf *out)
{
    if (is_scaled(node)) { return render_scaled(cursor, out); }
    put(out, "{");
    for (size_t i = 0; i < node->count; i++) {
        put(out, i ? ",\"" : "\"");
        put(out, node->fields[i].name);
        put(out, "\":");
        if (!render_value(cursor, node->fields[i].type, depth + 1, out)) { return false; }
    }
    put(out, "}");
    return true;
}

static bool render_blocks(struct cursor *cursor, const struct schema_node *node, int depth,
                          struct buf *out)
{
    bool map = node->type == SCHEMA_MAP;
    bool first = true;
    struct cursor_block block;
    put(out, map ? "{" : "[");
    for (;;) {
        if (!cursor_step(cursor, depth) || !cursor_block(cursor, &block)) { return false; }
        if (block.count == 0) { break; }
        for (size_t i = 0; i < block.count; i++) {
            if (!first) { put(out, ","); }
            first = false;
            if (map) {
                if (!render_text(cursor, out)) { return false; }
                put(out, ":");
            }
            if (!render_value(cursor, node->items, depth + 1, out)) { return false; }
        }
        if (!cursor_block_done(cursor, &block)) { return false; }
    }
    put(out, map ? "}" : "]");
    return true;
}

static bool render_union(struct cursor *cursor, const struct schema_node *node, int depth,
                         struct buf *out)
{
    size_t branch;
    if (!cursor_branch(cursor, node->count, &branch)) { return false; }
    return render_value(cursor, node->branches[branch], depth + 1, out);
}

bool render_value(struct cursor *cursor, const struct schema_node *node, int depth,
                  struct buf *out)
{
    if (!cursor_step(cursor, depth)) { return false; }
    if (buf_failed(out)) {
        return cursor_refuse(cursor, "over_limit", "more JSON than %zu bytes", out->max);
    }
    bool flag;
    switch (node->type) {
    case SCHEMA_NULL:
        put(out, "null");
        return true;
    case SCHEMA_BOOLEAN:
        if (!cursor_bool(cursor, &flag)) { return false; }
        put(out, flag ? "true" : "false");
        return true;
    case SCHEMA_INT:
    case SCHEMA_LONG:
        return render_number(cursor, node, out);
    case SCHEMA_FLOAT:
    case SCHEMA_DOUBLE:
        return render_real(cursor, node->type == SCHEMA_FLOAT, out);
    case SCHEMA_BYTES:
        return render_bytes(cursor, node, out);
    case SCHEMA_STRING:
        return render_text(cursor, out);
    case SCHEMA_FIXED:
        return render_fixed(cursor, node, out);
    case SCHEMA_ENUM:
        return render_enum(cursor, node, out);
    case SCHEMA_RECORD:
        return render_record(cursor, node, depth, out);
    case SCHEMA_ARRAY:
    case SCHEMA_MAP:
        return render_blocks(cursor, node, depth, out);
    case SCHEMA_UNION:
        return render_union(cursor, node, depth, out);
    }
    abort();
}
