/* Decimal numbers as Avro and Kafka Connect write them: an integer in two's complement, big endian,
 * and a scale, which is the number of digits behind the point. And Base64, in which JSON has
 * them. */
#ifndef FRESHET_BASE_DECIMAL_H
#define FRESHET_BASE_DECIMAL_H

#include "base/base.h"
#include "base/slice.h"

enum {
    DECIMAL_BYTES_MAX = 64,
    DECIMAL_SCALE_MAX = 255, /* either way */
    DECIMAL_TEXT_MAX = 512,
};

/* Writes the number as JSON does, without an exponent: `-12.50`. Returns its size; 0 when there are
 * no bytes, too many, or too large a scale. */
size_t decimal_write(struct slice bytes, int scale, char ret_text[DECIMAL_TEXT_MAX]);
/* Says whether nothing but zeros is behind the point, and cuts the point off. */
bool decimal_whole(struct slice *number);
/* Decodes Base64 (also its form for URLs; padding may be missing). Returns the size, or -EINVAL
 * when the text is none or longer than most bytes. */
int base64_decode(struct slice text, char *ret_bytes, size_t most);

#endif
