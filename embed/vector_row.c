#include "base/base.h"
#include "embed/vector_row.h"

#define STEPS 127.0F

void vector_row_clear(struct vector_row *row)
{
    row->count = 0;
    row->bytes_count = 0;
}

bool vector_row_add(struct vector_row *row, const char *name, const float *numbers, size_t width)
{
    float most = 0.0F;
    if (!width || width > ITEM_VECTOR_MAX || row->count == CONTENT_VECTORS_MAX) { return false; }
    for (size_t i = 0; i < width; i++) {
        if (!isfinite(numbers[i])) { return false; }
        most = MAX_OF(most, fabsf(numbers[i]));
    }
    float scale = most / STEPS;
    if (!isnormal(scale)) { return false; }
    int8_t *to = row->bytes + row->bytes_count;
    for (size_t i = 0; i < width; i++) { to[i] = (int8_t)lrintf(numbers[i] / scale); }
    row->names[row->count] = slice_str(name);
    row->widths[row->count] = (int32_t)width;
    row->scales[row->count++] = scale;
    row->bytes_count += width;
    return true;
}

void vector_row_fill(struct vector_row *row, struct content_vectors *ret_message)
{
    ret_message->names = (struct slices){.at = row->names, .count = row->count};
    ret_message->widths = (struct ints){.at = row->widths, .count = row->count};
    ret_message->scales = (struct floats){.at = row->scales, .count = row->count};
    ret_message->bytes = slice_of((const char *)row->bytes, row->bytes_count);
}

void vector_row_content(struct digest *digest, const struct item *item,
                        char ret_text[CONTENT_DIGEST_BYTES])
{
    unsigned char bytes[DIGEST_BYTES];
    const struct slice given = slice_of((const char *)item->vector.at,
                                        item->vector.count * sizeof(*item->vector.at));
    digest_start(digest);
    digest_add(digest, item->title);
    digest_add(digest, item->text);
    digest_add(digest, given);
    digest_finish(digest, bytes);
    digest_hex(bytes, CONTENT_DIGEST_BYTES / 2, ret_text);
}
