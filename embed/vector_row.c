#include "base/base.h"
#include "embed/text/byte_vector.h"
#include "embed/vector_row.h"

void vector_row_clear(struct vector_row *row)
{
    row->count = 0;
    row->bytes_count = 0;
}

bool vector_row_add(struct vector_row *row, struct slice name, const float *numbers, size_t width)
{
    if (!width || width > ITEM_VECTOR_MAX || row->count == CONTENT_VECTORS_MAX) { return false; }
    float scale = byte_vector_make(numbers, width, row->bytes + row->bytes_count);
    if (!(scale > 0.0F)) { return false; }
    row->names[row->count] = name;
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
    for (size_t i = 0; i < item->vector_names.count; i++) {
        digest_add(digest, item->vector_names.at[i]);
    }
    if (item->vector_names.count) {
        digest_add(digest, slice_of((const char *)item->vector_widths.at,
                                    item->vector_widths.count * sizeof(int32_t)));
        digest_add(digest, slice_of((const char *)item->vector_numbers.at,
                                    item->vector_numbers.count * sizeof(float)));
    }
    digest_finish(digest, bytes);
    digest_hex(bytes, CONTENT_DIGEST_BYTES / 2, ret_text);
}
