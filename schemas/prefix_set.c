#include "base/base.h"
#include "schemas/prefix_set.h"

enum { DIGIT_BITS = 8, DIGITS = 1 << DIGIT_BITS };

/* Sorts by digits, the lowest first. */
static void sort(uint32_t *numbers, uint32_t *scratch, size_t count)
{
    uint32_t *from = numbers, *to = scratch;
    for (int shift = 0; shift < PREFIX_BITS; shift += DIGIT_BITS) {
        size_t starts[DIGITS + 1] = {0};
        for (size_t i = 0; i < count; i++) { starts[(from[i] >> shift) % DIGITS + 1]++; }
        for (size_t d = 1; d < DIGITS; d++) { starts[d] += starts[d - 1]; }
        for (size_t i = 0; i < count; i++) { to[starts[(from[i] >> shift) % DIGITS]++] = from[i]; }
        uint32_t *swap = from;
        from = to;
        to = swap;
    }
    if (from != numbers) { memcpy(numbers, from, count * sizeof(*numbers)); }
}

static size_t unique(uint32_t *numbers, size_t count)
{
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        if (!kept || numbers[kept - 1] != numbers[i]) { numbers[kept++] = numbers[i]; }
    }
    return kept;
}

/* The k of the shortest codes when distances are geometric: the power of two below ln 2 times their
 * mean (Kiely 2004, Selecting the Golomb Parameter in Rice Coding). */
static int parameter(size_t count)
{
    uint64_t most = ((uint64_t)1 << PREFIX_BITS) * 69 / 100 / count;
    return most > 1 ? 63 - __builtin_clzll(most) : 0;
}

struct writer {
    uint8_t *bytes;
    size_t size;
    uint64_t bits;
    int count;
};

/* Appends up to 32 bits. */
static void put(struct writer *writer, uint32_t bits, int count)
{
    writer->bits |= (uint64_t)bits << writer->count;
    writer->count += count;
    for (; writer->count >= 8; writer->count -= 8, writer->bits >>= 8) {
        writer->bytes[writer->size++] = (uint8_t)writer->bits;
    }
}

size_t prefix_set_write(uint32_t *numbers, uint32_t *scratch, size_t count, uint8_t *ret_bytes)
{
    if (!count) { return 0; }
    sort(numbers, scratch, count);
    count = unique(numbers, count);
    const int k = parameter(count);
    struct writer writer = {.bytes = ret_bytes};
    put(&writer, (uint32_t)k, 8);
    uint32_t next = 0;
    for (size_t i = 0; i < count; i++) {
        uint32_t distance = numbers[i] - next;
        next = numbers[i] + 1;
        for (uint32_t ones = distance >> k; ones; ones--) { put(&writer, 1, 1); }
        put(&writer, 0, 1);
        put(&writer, distance & (((uint32_t)1 << k) - 1), k);
    }
    if (writer.count) { put(&writer, UINT8_MAX >> writer.count, 8 - writer.count); }
    return writer.size;
}

/* Has at least a number's k bits ready, where there are as many. */
static void fill(struct prefix_reader *reader)
{
    while (reader->count <= 56 && reader->at < reader->bytes.size) {
        reader->bits |= (uint64_t)(uint8_t)reader->bytes.data[reader->at++] << reader->count;
        reader->count += 8;
    }
}

static void use(struct prefix_reader *reader, int count)
{
    reader->bits >>= count;
    reader->count -= count;
}

int prefix_set_next(struct prefix_reader *reader, uint32_t *ret_number)
{
    if (!reader->bytes.size) { return 0; }
    if (!reader->at) { reader->at = 1; }
    const int k = (uint8_t)reader->bytes.data[0];
    if (k >= PREFIX_BITS) { return -1; }
    int64_t number = reader->number;
    for (int ones = 0;; ones++) {
        fill(reader);
        if (!reader->count) { return ones < 8 ? 0 : -1; }
        bool one = reader->bits & 1;
        use(reader, 1);
        if (!one) { break; }
        number += (int64_t)1 << k;
    }
    fill(reader);
    if (reader->count < k) { return -1; }
    number += (int64_t)(reader->bits & (((uint64_t)1 << k) - 1));
    use(reader, k);
    if (number >> PREFIX_BITS) { return -1; }
    reader->number = number + 1;
    *ret_number = (uint32_t)number;
    return 1;
}

bool prefix_set_valid(struct slice bytes)
{
    struct prefix_reader reader = {.bytes = bytes};
    uint32_t number;
    int rc;
    while ((rc = prefix_set_next(&reader, &number)) > 0) {}
    return rc == 0;
}
