#include "base/base.h"
#include "base/pairs_json.h"
#include "base/quote.h"

enum { VALUE_BYTES_MAX = 64 << 10 };

/* What is left of the text, and where the decoded value of the present pair is kept. */
struct pairs {
    const char *at;
    struct buf value;
    bool quoted;
};

static int digit_of(char letter)
{
    static const char digits[] = "0123456789abcdef";
    const char *at = letter ? strchr(digits, letter) : NULL;
    return at ? (int)(at - digits) : -1;
}

/* Reads what follows a backslash of a quoted value. */
static void read_escape(struct pairs *pairs)
{
    char letter = *pairs->at;
    if (letter == 'x' && digit_of(pairs->at[1]) >= 0 && digit_of(pairs->at[2]) >= 0) {
        char byte = (char)(digit_of(pairs->at[1]) * 16 + digit_of(pairs->at[2]));
        buf_append(&pairs->value, &byte, 1);
        pairs->at += 3;
        return;
    }
    bool plain = letter == '"' || letter == '\\';
    if (letter == 'n') {
        buf_append(&pairs->value, "\n", 1);
    } else {
        buf_append(&pairs->value, plain ? &letter : "\\", 1);
    }
    if (plain || letter == 'n') { pairs->at++; }
}

static void read_quoted(struct pairs *pairs)
{
    pairs->at++;
    while (*pairs->at && *pairs->at != '"') {
        if (*pairs->at == '\\') {
            pairs->at++;
            read_escape(pairs);
        } else {
            buf_append(&pairs->value, pairs->at++, 1);
        }
    }
    if (*pairs->at) { pairs->at++; }
}

static void read_value(struct pairs *pairs)
{
    buf_clear(&pairs->value);
    pairs->quoted = *pairs->at == '"';
    if (pairs->quoted) { read_quoted(pairs); }
    size_t rest = strcspn(pairs->at, " \n");
    buf_append(&pairs->value, pairs->at, rest);
    pairs->at += rest;
}

/* Says whether a text is a number as JSON has them: -12, 0.5, but not 007, 1., nan. */
static bool is_number(struct slice text)
{
    size_t at = text.size && text.data[0] == '-', digits = 0;
    bool zero = at < text.size && text.data[at] == '0';
    while (at < text.size && digit_of(text.data[at]) >= 0 && digit_of(text.data[at]) < 10) {
        at++;
        digits++;
    }
    if (!digits || digits > 15 || (zero && digits > 1)) { return false; }
    if (at == text.size) { return true; }
    if (text.data[at++] != '.' || at == text.size) { return false; }
    while (at < text.size && digit_of(text.data[at]) >= 0 && digit_of(text.data[at]) < 10) { at++; }
    return at == text.size;
}

static bool is_reserved(struct slice key, const char *reserved)
{
    for (const char *at = reserved; *at; at += strspn(at, ",")) {
        size_t size = strcspn(at, ",");
        if (slice_equal(key, slice_of(at, size))) { return true; }
        at += size;
    }
    return false;
}

static void put_key(struct slice key, const char *reserved, struct buf *out)
{
    buf_printf(out, ",\"%s%.*s\":", is_reserved(key, reserved) ? "field_" : "", SLICE_ARGS(key));
}

static void put_value(const struct pairs *pairs, struct buf *out)
{
    struct slice value = buf_slice(&pairs->value);
    if (!pairs->quoted && is_number(value)) {
        buf_append(out, value.data, value.size);
    } else {
        quote_json(out, value, QUOTE_EITHER);
    }
}

/* Returns the bytes of the key at the text's beginning; 0: there is no pair. */
static size_t key_size(const char *text)
{
    static const char letters[] =
        "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-";
    size_t size = strspn(text, letters);
    return text[size] == '=' ? size : 0;
}

/* Reads one pair, or a word, and writes it; false: it did not fit. */
static bool put_one(struct pairs *pairs, const char *reserved, size_t most, struct buf *words,
                    struct buf *out)
{
    size_t before = out->size, size = key_size(pairs->at);
    struct slice key = slice_of(pairs->at, size);
    if (!size) {
        size_t word = MAX_OF(strcspn(pairs->at, " \n"), (size_t)1);
        buf_printf(words, words->size ? " " : "");
        buf_append(words, pairs->at, word);
        pairs->at += word;
        return true;
    }
    pairs->at += size + 1;
    read_value(pairs);
    put_key(key, reserved, out);
    put_value(pairs, out);
    if (out->size <= most) { return true; }
    out->size = before;
    return false;
}

void pairs_json_put(const char *pairs, const char *reserved, size_t most, struct buf *out)
{
    struct pairs reading = {.at = pairs};
    struct buf words;
    bool whole = true;
    buf_init(&reading.value, VALUE_BYTES_MAX);
    buf_init(&words, VALUE_BYTES_MAX);
    while (*(reading.at += strspn(reading.at, " \n"))) {
        whole = put_one(&reading, reserved, most, &words, out) && whole;
    }
    size_t before = out->size;
    if (words.size) {
        buf_printf(out, ",\"text\":");
        quote_json(out, buf_slice(&words), QUOTE_EITHER);
    }
    if (out->size > most) {
        out->size = before;
        whole = false;
    }
    if (!whole) { buf_printf(out, ",\"cut\":true"); }
    buf_release(&words);
    buf_release(&reading.value);
}
