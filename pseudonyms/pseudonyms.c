#include "base/base.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "pseudonyms/pseudonyms.h"
#include "syntax/timestamp.h"

enum { KEY_FILE_BYTES_MAX = 64 << 10, LINE_WORDS = 3, SHOWN_BYTES = 200 };

struct key {
    char id[PSEUDONYM_KEY_ID_MAX + 1];
    int64_t from_ms;
    struct mac *mac;
};

struct pseudonyms {
    struct key keys[PSEUDONYM_KEYS_MAX];
    size_t count;
};

/* ---- The key file ---- */

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9') { return c - '0'; }
    if (c >= 'a' && c <= 'f') { return c - 'a' + 10; }
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool read_key(struct slice hex, unsigned char *bytes, size_t *ret_size)
{
    if (hex.size % 2 || hex.size < 2 * PSEUDONYM_KEY_BYTES_MIN ||
        hex.size > 2 * PSEUDONYM_KEY_BYTES_MAX) {
        return false;
    }
    for (size_t i = 0; i < hex.size / 2; i++) {
        int high = hex_digit(hex.data[2 * i]), low = hex_digit(hex.data[2 * i + 1]);
        if (high < 0 || low < 0) { return false; }
        bytes[i] = (unsigned char)(high << 4 | low);
    }
    *ret_size = hex.size / 2;
    return true;
}

static bool read_id(struct slice word, char *id)
{
    if (!word.size || word.size > PSEUDONYM_KEY_ID_MAX) { return false; }
    for (size_t i = 0; i < word.size; i++) {
        char c = word.data[i];
        if (!(c >= 'a' && c <= 'z') && !(c >= '0' && c <= '9')) { return false; }
        id[i] = c;
    }
    id[word.size] = '\0';
    return true;
}

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r';
}

/* Splits a line; the count may be one too many, never more. */
static size_t split(struct slice line, struct slice *words)
{
    size_t count = 0;
    for (size_t at = 0; at < line.size && count <= LINE_WORDS;) {
        if (is_blank(line.data[at])) {
            at++;
            continue;
        }
        size_t from = at;
        while (at < line.size && !is_blank(line.data[at])) { at++; }
        words[count++] = slice_of(line.data + from, at - from);
    }
    return count;
}

static const char *read_line(struct pseudonyms *pseudonyms, struct slice line)
{
    struct slice words[LINE_WORDS + 1];
    unsigned char bytes[PSEUDONYM_KEY_BYTES_MAX];
    size_t size;
    size_t words_count = split(line, words);
    if (!words_count || words[0].data[0] == '#') { return NULL; }
    if (words_count != LINE_WORDS) {
        return "a line is an id, from when it is in force, and the key in hex";
    }
    if (pseudonyms->count == PSEUDONYM_KEYS_MAX) { return "at most 64 keys"; }
    struct key key = {.mac = NULL};
    if (!read_id(words[0], key.id)) { return "an id is 1 to 16 of a-z and 0-9"; }
    if (timestamp_from_text(words[1], &key.from_ms)) {
        return "the second word is a time: 2027-01-01T00:00:00Z, or a date";
    }
    for (size_t i = 0; i < pseudonyms->count; i++) {
        if (strcmp(pseudonyms->keys[i].id, key.id) == 0) { return "this id is there twice"; }
    }
    if (pseudonyms->count && pseudonyms->keys[pseudonyms->count - 1].from_ms >= key.from_ms) {
        return "keys stand in the order of their times, oldest first";
    }
    if (!read_key(words[2], bytes, &size)) { return "a key is 16 to 128 bytes in hex"; }
    key.mac = mac_new(slice_of((const char *)bytes, size));
    digest_wipe(bytes, sizeof(bytes));
    pseudonyms->keys[pseudonyms->count++] = key;
    return NULL;
}

static int read_lines(struct pseudonyms *pseudonyms, struct slice text, char *why, size_t why_size)
{
    int number = 1;
    for (size_t at = 0; at < text.size; number++) {
        const char *end = memchr(text.data + at, '\n', text.size - at);
        size_t size = end ? (size_t)(end - text.data) - at : text.size - at;
        const char *fault = read_line(pseudonyms, slice_of(text.data + at, size));
        if (fault) {
            (void)snprintf(why, why_size, "line %d: %s", number, fault);
            return -EINVAL;
        }
        at += size + 1;
    }
    if (pseudonyms->count) { return 0; }
    (void)snprintf(why, why_size, "no key in it; a line is an id, from when it is in force, and "
                                  "the key in hex");
    return -EINVAL;
}

int pseudonyms_new(struct slice text, struct pseudonyms **ret_pseudonyms, char *why,
                   size_t why_size)
{
    struct pseudonyms *pseudonyms = xcalloc(1, sizeof(*pseudonyms));
    int rc = read_lines(pseudonyms, text, why, why_size);
    if (rc) {
        pseudonyms_free(pseudonyms);
        return rc;
    }
    *ret_pseudonyms = pseudonyms;
    return 0;
}

int pseudonyms_load(const char *path, struct pseudonyms **ret_pseudonyms, char *why,
                    size_t why_size)
{
    struct buf text;
    char fault[200];
    char named[SHOWN_BYTES];
    const char *shown = secret_file(path, named, sizeof(named));
    buf_init(&text, KEY_FILE_BYTES_MAX);
    int rc = text_file_read(path, &text);
    if (rc < 0) {
        (void)snprintf(why, why_size, "pseudonym.keys=%s: %s", shown, strerror(-rc));
        rc = -EINVAL;
    } else {
        rc = pseudonyms_new(buf_slice(&text), ret_pseudonyms, fault, sizeof(fault));
        if (rc) { (void)snprintf(why, why_size, "pseudonym.keys=%s: %s", shown, fault); }
    }
    if (text.data) { digest_wipe(text.data, text.capacity); }
    buf_release(&text);
    return rc;
}

struct pseudonyms *pseudonyms_free(struct pseudonyms *pseudonyms)
{
    if (!pseudonyms) { return NULL; }
    for (size_t i = 0; i < pseudonyms->count; i++) { mac_free(pseudonyms->keys[i].mac); }
    free(pseudonyms);
    return NULL;
}

/* ---- Pseudonyms ---- */

size_t pseudonyms_count(const struct pseudonyms *pseudonyms)
{
    return pseudonyms->count;
}

size_t pseudonyms_at(const struct pseudonyms *pseudonyms, int64_t time_ms)
{
    size_t at = pseudonyms->count - 1;
    while (at > 0 && pseudonyms->keys[at].from_ms > time_ms) { at--; }
    return at;
}

const char *pseudonyms_key_id(const struct pseudonyms *pseudonyms, size_t key)
{
    assert(key < pseudonyms->count);
    return pseudonyms->keys[key].id;
}

int64_t pseudonyms_key_from(const struct pseudonyms *pseudonyms, size_t key)
{
    assert(key < pseudonyms->count);
    return pseudonyms->keys[key].from_ms;
}

struct slice pseudonyms_of(struct pseudonyms *pseudonyms, size_t key, struct slice user,
                           struct arena *arena)
{
    unsigned char digest[DIGEST_BYTES];
    assert(key < pseudonyms->count);
    struct slice id = slice_str(pseudonyms->keys[key].id);
    mac_of(pseudonyms->keys[key].mac, user, digest);
    char *text = arena_alloc(arena, PSEUDONYM_BYTES_MAX + 1);
    memcpy(text, id.data, id.size);
    text[id.size] = '.';
    digest_hex(digest, sizeof(digest), text + id.size + 1);
    return slice_of(text, id.size + 1 + 2 * sizeof(digest));
}

bool pseudonyms_is_one(const struct pseudonyms *pseudonyms, struct slice id)
{
    for (size_t i = 0; i < pseudonyms->count; i++) {
        struct slice key = slice_str(pseudonyms->keys[i].id);
        if (id.size != key.size + 1 + 2 * DIGEST_BYTES || id.data[key.size] != '.' ||
            memcmp(id.data, key.data, key.size) != 0) {
            continue;
        }
        bool all_hex = true;
        for (size_t k = key.size + 1; k < id.size; k++) {
            all_hex = all_hex && hex_digit(id.data[k]) >= 0;
        }
        if (all_hex) { return true; }
    }
    return false;
}
