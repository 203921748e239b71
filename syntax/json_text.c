/* One pass over the bytes, by recursive descent to a fixed depth. A string is scanned once: where
 * it has neither escapes nor bytes above 0x7f, it is copied into the document as it is; the others
 * are decoded into one scratch buffer, which lives as long as the call.
 *
 * The flaws are constant objects of jansson's type null, told from its own null by their address.
 */
#include "base/base.h"
#include "base/buf.h"
#include "base/decimal.h"
#include "base/utf8.h"
#include "base/xalloc.h"
#include "syntax/json_text.h"

enum { NUMBER_BYTES_MAX = 1100, INT64_DIGITS = 19 };

struct parser {
    const char *start;
    const char *at;
    const char *end;
    const struct json_rules *rules;
    size_t values;
    struct buf scratch;
    enum json_fault fault;
    const char *why;
};

static json_t flaws[FLAWS_COUNT];

json_t *json_flawed(enum json_flaw flaw)
{
    assert(flaw > FLAW_NONE && flaw < FLAWS_COUNT);
    return &flaws[flaw];
}

enum json_flaw json_flaw_of(const json_t *value)
{
    if (!json_is_null(value)) { return FLAW_NONE; }
    for (enum json_flaw flaw = FLAW_NONE + 1; flaw < FLAWS_COUNT; flaw++) {
        if (value == &flaws[flaw]) { return flaw; }
    }
    return FLAW_NONE;
}

const char *json_flaw_text(enum json_flaw flaw)
{
    static const char *const texts[] = {
        [FLAW_NONE] = "nothing",
        [FLAW_TWICE] = "a key twice, with different values",
        [FLAW_SURROGATE] = "a string with half of a surrogate pair",
        [FLAW_RANGE] = "a number that is too large",
        [FLAW_NOT_FINITE] = "a number that is not finite",
    };
    assert(flaw < FLAWS_COUNT);
    return texts[flaw];
}

__attribute__((constructor)) static void make_flaws(void)
{
    for (size_t i = 0; i < FLAWS_COUNT; i++) {
        flaws[i].type = JSON_NULL;
        flaws[i].refcount = (size_t)-1; /* jansson: never freed */
    }
}

static json_t *parse_value(struct parser *parser, int depth);

static json_t *refuse(struct parser *parser, enum json_fault fault, const char *why)
{
    if (!parser->fault) {
        parser->fault = fault;
        parser->why = why;
    }
    return NULL;
}

/* A flaw is a value, or with strict rules a fault. */
static json_t *flawed(struct parser *parser, enum json_flaw flaw)
{
    static const enum json_fault faults[] = {
        [FLAW_TWICE] = JSON_DUPLICATE_KEY,
        [FLAW_SURROGATE] = JSON_BAD_SYNTAX,
        [FLAW_RANGE] = JSON_NUMBER_TOO_LARGE,
        [FLAW_NOT_FINITE] = JSON_BAD_SYNTAX,
    };
    if (!parser->rules->strict) { return json_flawed(flaw); }
    return refuse(parser, faults[flaw], json_flaw_text(flaw));
}

static void skip_blanks(struct parser *parser)
{
    while (parser->at < parser->end && (*parser->at == ' ' || *parser->at == '\n' ||
                                        *parser->at == '\t' || *parser->at == '\r')) {
        parser->at++;
    }
}

static bool take(struct parser *parser, char c)
{
    skip_blanks(parser);
    if (parser->at == parser->end || *parser->at != c) { return false; }
    parser->at++;
    return true;
}

/* ---- Strings ---- */

static bool hex4(struct parser *parser, uint32_t *ret_unit)
{
    uint32_t unit = 0;
    if (parser->end - parser->at < 4) { return false; }
    for (int i = 0; i < 4; i++) {
        char c = parser->at[i];
        uint32_t digit = c >= '0' && c <= '9'   ? (uint32_t)(c - '0')
                         : c >= 'a' && c <= 'f' ? (uint32_t)(c - 'a' + 10)
                         : c >= 'A' && c <= 'F' ? (uint32_t)(c - 'A' + 10)
                                                : 16;
        if (digit == 16) { return false; }
        unit = unit << 4 | digit;
    }
    parser->at += 4;
    *ret_unit = unit;
    return true;
}

static void put_utf8(struct buf *out, uint32_t c)
{
    char bytes[4];
    size_t size = c < 0x80 ? 1 : c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    static const uint8_t heads[] = {0, 0, 0xc0, 0xe0, 0xf0};
    for (size_t i = size - 1; i > 0; i--, c >>= 6) { bytes[i] = (char)(0x80 | (c & 0x3f)); }
    bytes[0] = (char)(heads[size] | c);
    buf_append(out, bytes, size);
}

/* Behind `\u`: one character, or a pair of surrogates. */
static bool parse_unicode(struct parser *parser, bool *ret_half)
{
    uint32_t unit, low;
    if (!hex4(parser, &unit)) { return false; }
    if (unit >= 0xd800 && unit <= 0xdfff) {
        const char *before = parser->at;
        bool pair = unit < 0xdc00 && parser->end - parser->at >= 6 && parser->at[0] == '\\' &&
                    parser->at[1] == 'u';
        if (pair) { parser->at += 2; }
        pair = pair && hex4(parser, &low) && low >= 0xdc00 && low <= 0xdfff;
        if (!pair) {
            parser->at = before;
            *ret_half = true;
            return true;
        }
        unit = 0x10000 + ((unit - 0xd800) << 10) + (low - 0xdc00);
    }
    put_utf8(&parser->scratch, unit);
    return true;
}

static bool parse_escape(struct parser *parser, bool *ret_half)
{
    static const char names[] = "\"\\/bfnrt", characters[] = "\"\\/\b\f\n\r\t";
    if (parser->at == parser->end) { return false; }
    char c = *parser->at++;
    if (c == 'u') { return parse_unicode(parser, ret_half); }
    const char *name = c ? strchr(names, c) : NULL;
    if (!name) { return false; }
    buf_append(&parser->scratch, &characters[name - names], 1);
    return true;
}

/* Moves over characters that stand for themselves; says whether all were ASCII. */
static bool skip_plain(struct parser *parser)
{
    unsigned char bits = 0;
    const char *at = parser->at;
    while (at < parser->end && *at != '"' && *at != '\\' && (unsigned char)*at >= 0x20) {
        bits |= (unsigned char)*at++;
    }
    parser->at = at;
    return bits < 0x80;
}

static bool string_fault(struct parser *parser)
{
    bool ended = parser->at == parser->end;
    refuse(parser, JSON_BAD_SYNTAX,
           ended ? "a string without its end" : "a control character in a string");
    return false;
}

/* Reads on from the first escape of a string, whose characters so far are plain. */
static bool parse_escaped(struct parser *parser, const char *from, struct slice *ret_text,
                          bool *ret_half)
{
    buf_clear(&parser->scratch);
    buf_append(&parser->scratch, from, (size_t)(parser->at - from));
    while (parser->at < parser->end && *parser->at == '\\') {
        parser->at++;
        if (!parse_escape(parser, ret_half)) {
            refuse(parser, JSON_BAD_SYNTAX, "an escape that JSON does not have");
            return false;
        }
        from = parser->at;
        (void)skip_plain(parser);
        buf_append(&parser->scratch, from, (size_t)(parser->at - from));
    }
    *ret_text = buf_slice(&parser->scratch);
    if (!ret_text->data) { *ret_text = slice_str(""); }
    return true;
}

/* Reads a string behind its first quote. The text is borrowed from the input or the scratch. */
static bool parse_string(struct parser *parser, struct slice *ret_text, bool *ret_half)
{
    const char *from = parser->at;
    bool ascii = skip_plain(parser);
    *ret_text = slice_of(from, (size_t)(parser->at - from));
    if (parser->at < parser->end && *parser->at == '\\') {
        if (!parse_escaped(parser, from, ret_text, ret_half)) { return false; }
        ascii = false;
    }
    if (parser->at == parser->end || *parser->at != '"') { return string_fault(parser); }
    parser->at++;
    if (ascii || utf8_valid(ret_text->data, ret_text->size)) { return true; }
    refuse(parser, JSON_NOT_UTF8, "not UTF-8");
    return false;
}

static json_t *parse_text(struct parser *parser)
{
    struct slice text;
    bool half = false;
    if (!parse_string(parser, &text, &half)) { return NULL; }
    if (half) { return flawed(parser, FLAW_SURROGATE); }
    return json_stringn_nocheck(text.data, text.size);
}

/* ---- Numbers and words ---- */

static size_t digits(const char **at, const char *end)
{
    const char *from = *at;
    while (*at < end && **at >= '0' && **at <= '9') { (*at)++; }
    return (size_t)(*at - from);
}

/* The extent of a number; false when it is none. */
static bool scan_number(struct parser *parser, size_t *ret_whole, bool *ret_integral)
{
    const char *at = parser->at, *end = parser->end;
    at += at < end && *at == '-';
    const char *first = at;
    size_t whole = digits(&at, end);
    if (whole == 0 || (whole > 1 && *first == '0')) { return false; }
    *ret_whole = (size_t)(at - parser->at);
    *ret_integral = true;
    if (at < end && *at == '.') {
        const char *fraction = ++at;
        if (digits(&at, end) == 0) { return false; }
        for (; fraction < at; fraction++) { *ret_integral &= *fraction == '0'; }
    }
    if (at < end && (*at == 'e' || *at == 'E')) {
        at++;
        at += at < end && (*at == '+' || *at == '-');
        if (digits(&at, end) == 0) { return false; }
        *ret_integral = false;
    }
    parser->at = at;
    return true;
}

static json_t *integer_of(const char *from, size_t size)
{
    bool negative = *from == '-';
    if (size - negative > INT64_DIGITS) { return json_stringn_nocheck(from, size); }
    uint64_t number = 0;
    for (size_t i = negative; i < size; i++) { number = number * 10 + (uint64_t)(from[i] - '0'); }
    if (number > (uint64_t)INT64_MAX + negative) { return json_stringn_nocheck(from, size); }
    return json_integer(negative ? (json_int_t)(0 - number) : (json_int_t)number);
}

static json_t *real_of(struct parser *parser, const char *from, size_t size)
{
    char text[NUMBER_BYTES_MAX];
    if (size >= sizeof(text)) { return flawed(parser, FLAW_RANGE); }
    memcpy(text, from, size);
    text[size] = '\0';
    double real = strtod(text, NULL);
    return isfinite(real) ? json_real(real) : flawed(parser, FLAW_RANGE);
}

static json_t *parse_number(struct parser *parser)
{
    const char *from = parser->at;
    size_t whole;
    bool integral;
    if (!scan_number(parser, &whole, &integral)) {
        return refuse(parser, JSON_BAD_SYNTAX, "a number that JSON does not have");
    }
    if (!integral) { return real_of(parser, from, (size_t)(parser->at - from)); }
    json_t *integer = integer_of(from, whole);
    bool large = json_is_string(integer);
    if (!large || !parser->rules->strict) { return integer; }
    json_decref(integer);
    return flawed(parser, FLAW_RANGE);
}

static json_t *parse_word(struct parser *parser)
{
    const char *from = parser->at;
    while (parser->at < parser->end && (*parser->at | 0x20) >= 'a' &&
           (*parser->at | 0x20) <= 'z') {
        parser->at++;
    }
    struct slice word = slice_of(from, (size_t)(parser->at - from));
    if (slice_equal(word, slice_str("true"))) { return json_true(); }
    if (slice_equal(word, slice_str("false"))) { return json_false(); }
    if (slice_equal(word, slice_str("null"))) { return json_null(); }
    if (slice_equal(word, slice_str("NaN")) || slice_equal(word, slice_str("Infinity"))) {
        return flawed(parser, FLAW_NOT_FINITE);
    }
    return refuse(parser, JSON_BAD_SYNTAX, word.size ? "a word that JSON does not have"
                                                     : "a value is missing");
}

/* ---- Objects and arrays ---- */

/* Puts a member into an object; a second value of a key is a flaw, unless it is the same. */
static bool put(struct parser *parser, json_t *object, struct slice key, json_t *value)
{
    json_t *former = json_object_getn(object, key.data, key.size);
    if (former && (json_flaw_of(value) || !json_equal(former, value) || parser->rules->strict)) {
        json_decref(value);
        value = flawed(parser, FLAW_TWICE);
        if (!value) { return false; }
    }
    return json_object_setn_new_nocheck(object, key.data, key.size, value) == 0;
}

/* Reads `"key":` behind the first quote. A key with escapes is copied; the caller frees the
 * copy. */
static bool parse_key(struct parser *parser, struct slice *ret_key, char **ret_copy)
{
    bool half = false;
    const char *from = parser->at;
    if (!parse_string(parser, ret_key, &half)) { return false; }
    if (memchr(ret_key->data, '\0', ret_key->size)) {
        (void)refuse(parser, JSON_BAD_SYNTAX, "a key with a NUL character");
        return false;
    }
    if (half && !flawed(parser, FLAW_SURROGATE)) { return false; }
    if (ret_key->data != from) {
        *ret_copy = xmemdup(ret_key->data, ret_key->size);
        ret_key->data = *ret_copy;
    }
    if (take(parser, ':')) { return true; }
    (void)refuse(parser, JSON_BAD_SYNTAX, "a key without a colon");
    return false;
}

static bool parse_member(struct parser *parser, json_t *object, int depth)
{
    _cleanup_(xfreep) char *copy = NULL;
    struct slice key;
    if (!take(parser, '"')) {
        (void)refuse(parser, JSON_BAD_SYNTAX, "a key in quotes is missing");
        return false;
    }
    if (!parse_key(parser, &key, &copy)) { return false; }
    json_t *value = parse_value(parser, depth);
    return value && put(parser, object, key, value);
}

static bool parse_element(struct parser *parser, json_t *array, int depth)
{
    json_t *value = parse_value(parser, depth);
    return value && json_array_append_new(array, value) == 0;
}

/* Counts one more value; says whether there may be so many. */
static bool count(struct parser *parser)
{
    if (++parser->values <= parser->rules->values_max) { return true; }
    refuse(parser, JSON_TOO_MANY_VALUES, "too many values");
    return false;
}

static bool parse_members(struct parser *parser, json_t *container, char close,
                          bool (*parse_one)(struct parser *, json_t *, int), int depth)
{
    if (take(parser, close)) { return count(parser); }
    do {
        if (!parse_one(parser, container, depth)) { return false; }
    } while (take(parser, ','));
    if (take(parser, close)) { return true; }
    (void)refuse(parser, JSON_BAD_SYNTAX, "an object or array without its end");
    return false;
}

static json_t *parse_container(struct parser *parser, char close, int depth)
{
    parser->at++;
    if (depth > JSON_DEPTH_MAX) { return refuse(parser, JSON_TOO_DEEP, "too deep"); }
    bool object = close == '}';
    json_t *container = object ? json_object() : json_array();
    bool (*parse_one)(struct parser *, json_t *, int) = object ? parse_member : parse_element;
    if (parse_members(parser, container, close, parse_one, depth)) { return container; }
    json_decref(container);
    return NULL;
}

/* depth: of the containers around the value. */
static json_t *parse_value(struct parser *parser, int depth)
{
    skip_blanks(parser);
    if (!count(parser)) { return NULL; }
    char c = parser->at < parser->end ? *parser->at : '\0';
    switch (c) {
    case '"':
        parser->at++;
        return parse_text(parser);
    case '{':
        return parse_container(parser, '}', depth + 1);
    case '[':
        return parse_container(parser, ']', depth + 1);
    case '-':
        if (parser->end - parser->at > 1 && parser->at[1] == 'I') {
            parser->at++;
            return parse_word(parser);
        }
        return parse_number(parser);
    default:
        return c >= '0' && c <= '9' ? parse_number(parser) : parse_word(parser);
    }
}

enum json_fault json_text_parse(struct slice text, const struct json_rules *rules,
                                json_t **ret_document, char *where, size_t where_size)
{
    assert(text.data && where_size > 0);
    where[0] = '\0';
    struct parser parser = {
        .start = text.data, .at = text.data, .end = text.data + text.size, .rules = rules};
    buf_init(&parser.scratch, text.size + 1);
    json_t *document = parse_value(&parser, 0);
    if (document) {
        skip_blanks(&parser);
        if (parser.at < parser.end) {
            (void)refuse(&parser, JSON_BAD_SYNTAX, "more behind the end of the value");
        }
    }
    buf_release(&parser.scratch);
    if (!parser.fault) {
        assert(document);
        *ret_document = document;
        return JSON_FINE;
    }
    json_decref(document);
    bool limit = parser.fault == JSON_TOO_DEEP || parser.fault == JSON_TOO_MANY_VALUES;
    if (!limit && !utf8_valid(text.data, text.size)) { return JSON_NOT_UTF8; }
    (void)snprintf(where, where_size, "byte %td: %s", parser.at - parser.start, parser.why);
    return parser.fault;
}

json_t *json_text_within(const json_t *text)
{
    static const char blanks[] = " \t\r\n";
    static const struct json_rules rules = {.values_max = JSON_VALUES_MAX};
    char where[1];
    struct slice whole = slice_of(json_string_value(text), json_string_length(text));
    struct slice inner = whole;
    while (inner.size && strchr(blanks, *inner.data)) {
        inner.data++;
        inner.size--;
    }
    while (inner.size && strchr(blanks, inner.data[inner.size - 1])) { inner.size--; }
    if (inner.size < 2) { return NULL; }
    char first = inner.data[0], last = inner.data[inner.size - 1];
    if (!(first == '{' && last == '}') && !(first == '[' && last == ']')) { return NULL; }
    json_t *document = NULL;
    bool fault = json_text_parse(whole, &rules, &document, where, sizeof(where));
    return fault ? json_null() : document;
}

/* Finds the first or last byte that is no blank at an end of what is encoded. */
static char byte_at_end(struct slice encoded, bool last)
{
    char bytes[6];
    for (int padding = 0; padding < 2; padding++) {
        encoded.size -= encoded.size && encoded.data[encoded.size - 1] == '=';
    }
    /* The last one to four characters, and the four before them. */
    size_t size = last ? 4 + (encoded.size + 3) % 4 + 1 : 4;
    if (size > encoded.size) { size = encoded.size; }
    struct slice part = slice_of(last ? encoded.data + encoded.size - size : encoded.data, size);
    int count = base64_decode(part, bytes, sizeof(bytes));
    if (!last) { return count > 0 ? bytes[0] : '\0'; }
    while (count > 0 && strchr(" \t\r\n", bytes[count - 1])) { count--; }
    return count > 0 ? bytes[count - 1] : '\0';
}

/* Looks at both ends only: a text that is none may be long, and be asked about by many paths. */
json_t *json_text_within_base64(const json_t *text)
{
    struct slice encoded = slice_of(json_string_value(text), json_string_length(text));
    char first = byte_at_end(encoded, /* last= */ false);
    char last = byte_at_end(encoded, /* last= */ true);
    if (!(first == '{' && last == '}') && !(first == '[' && last == ']')) { return NULL; }
    char *bytes = xmalloc(encoded.size);
    int size = base64_decode(encoded, bytes, encoded.size);
    json_t *decoded = size > 0 ? json_stringn(bytes, (size_t)size) : NULL;
    json_t *document = decoded ? json_text_within(decoded) : NULL;
    json_decref(decoded);
    free(bytes);
    return document ? document : json_null();
}
