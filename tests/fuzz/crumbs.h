/* Crumbs: the bytes of a fuzzer's input, cut into numbers, pieces and framed messages.
 *
 * What is asked for past the end is zero or empty, so that every input means something.
 */
#ifndef FRESHET_TESTS_FUZZ_CRUMBS_H
#define FRESHET_TESTS_FUZZ_CRUMBS_H

#include "base/base.h"
#include "base/buf.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "stream/avro/codec.h"
#include "stream/avro/schema.h"

/* libFuzzer's door. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct crumbs {
    const uint8_t *at;
    size_t left;
};

static inline uint8_t crumbs_byte(struct crumbs *crumbs)
{
    if (crumbs->left == 0) { return 0; }
    crumbs->left--;
    return *crumbs->at++;
}

/* Takes up to size bytes. */
static inline struct slice crumbs_take(struct crumbs *crumbs, size_t size)
{
    size = MIN_OF(size, crumbs->left);
    struct slice piece = slice_of((const char *)crumbs->at, size);
    crumbs->at += size;
    crumbs->left -= size;
    return piece;
}

/* Takes a piece: its size in two bytes (little-endian), then itself. */
static inline struct slice crumbs_piece(struct crumbs *crumbs)
{
    size_t size = crumbs_byte(crumbs);
    size |= (size_t)crumbs_byte(crumbs) << 8;
    return crumbs_take(crumbs, size);
}

static inline uint64_t crumbs_number(struct crumbs *crumbs)
{
    uint64_t number = 0;
    struct slice bytes = crumbs_take(crumbs, sizeof(number));
    if (bytes.size) { memcpy(&number, bytes.data, bytes.size); }
    return number;
}

/* Copies bytes to a block of their own size, where a step beyond the end is seen; free with
 * free(). NULL stays NULL. */
static inline char *crumbs_alone(struct slice bytes)
{
    return bytes.data ? xmemdup(bytes.data, bytes.size) : NULL;
}

/* Tells a contract's fingerprint; parsing its schema each time would be most of the time. */
static inline uint64_t crumbs_fingerprint(const struct contract *contract)
{
    enum { KNOWN_MAX = 32 };
    static struct {
        const struct contract *contract;
        uint64_t fingerprint;
    } known[KNOWN_MAX];
    size_t at = 0;
    while (at < KNOWN_MAX - 1 && known[at].contract && known[at].contract != contract) { at++; }
    if (known[at].contract != contract) {
        known[at].contract = contract;
        int rc = schema_fingerprint(contract->schema, &known[at].fingerprint);
        assert(rc == 0);
    }
    return known[at].fingerprint;
}

/* Writes a message in its own block: framed by the contract's fingerprint, unless it brings a frame
 * of its own, so that a body is reached without guessing one. */
static inline struct slice crumbs_framed(const struct contract *contract, struct slice body)
{
    if (body.size >= 2 && memcmp(body.data, "\xc3\x01", 2) == 0) {
        return slice_of(crumbs_alone(body), body.size);
    }
    uint64_t fingerprint = crumbs_fingerprint(contract);
    char *framed = xmalloc(body.size + 10);
    memcpy(framed, "\xc3\x01", 2);
    memcpy(framed + 2, &fingerprint, sizeof(fingerprint));
    if (body.size) { memcpy(framed + 10, body.data, body.size); }
    return slice_of(framed, body.size + 10);
}

/* Takes a piece as a text in a block of its own; free with free(). */
static inline char *crumbs_text(struct slice piece)
{
    char *text = xmalloc(piece.size + 1);
    if (piece.size) { memcpy(text, piece.data, piece.size); }
    text[piece.size] = '\0';
    return text;
}

#endif
