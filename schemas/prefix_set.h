/* A set of numbers of 24 bits in few bytes, in which UserHistory.had_prefixes names items.
 *
 * The numbers ascend; each is the distance to the one before, less one (the first: to -1), as a
 * Golomb-Rice code (Rice 1979): the quotient by 2^k as so many ones and a zero, then k bits. The
 * first byte is k; bits follow from the lowest of each byte on; what is left of the last byte is
 * ones, a quotient without an end. n numbers take about n * (25.5 - log2(n)) bits; of 4 bytes each
 * they would take 32. */
#ifndef FRESHET_SCHEMAS_PREFIX_SET_H
#define FRESHET_SCHEMAS_PREFIX_SET_H

#include "base/slice.h"

enum {
    PREFIX_BITS = 24,
    /* Bytes that a set of n numbers takes at most. */
#define PREFIX_SET_BYTES(n) (4 * (size_t)(n) + 4)
};

/* Sorts numbers below 2^24, which may repeat, and writes the set of them; returns its size, 0 for
 * none. `scratch` has room for as many numbers. */
size_t prefix_set_write(uint32_t *numbers, uint32_t *scratch, size_t count, uint8_t *ret_bytes);

/* A reader of a set; it borrows the bytes. Zeroed, with `bytes`, it is before the first number. */
struct prefix_reader {
    struct slice bytes;
    size_t at;      /* of the next byte */
    uint64_t bits;  /* read, not used */
    int count;      /* of these */
    int64_t number; /* the last one, plus one */
};

/* Reads the next number: 1, 0 at the end, -1 when the bytes are no such set. */
int prefix_set_next(struct prefix_reader *reader, uint32_t *ret_number);
/* Says whether the bytes are such a set. */
bool prefix_set_valid(struct slice bytes);

#endif
