#include "base/base.h"
#include "base/byte_vector.h"
#include "embed/vector_row.h"

void vector_row_clear(struct vector_row *row)
{
    row->count = 0;
    row->bytes_count = 0;
}

/* Adds the vector whose bytes stand behind the others. */
static void add(struct vector_row *row, struct slice name, float scale, size_t width)
{
    char *text = row->texts[row->count];
    assert(name.size <= CONTENT_NAME_BYTES_MAX);
    if (name.size) { memcpy(text, name.data, name.size); }
    row->names[row->count] = slice_of(text, name.size);
    row->widths[row->count] = (int32_t)width;
    row->scales[row->count++] = scale;
    row->bytes_count += width;
}

bool vector_row_add(struct vector_row *row, struct slice name, const float *numbers, size_t width)
{
    if (!width || width > ITEM_VECTOR_MAX || row->count == CONTENT_VECTORS_MAX) { return false; }
    float scale = byte_vector_make(numbers, width, row->bytes + row->bytes_count);
    if (!(scale > 0.0F)) { return false; }
    add(row, name, scale, width);
    return true;
}

bool vector_row_add_bytes(struct vector_row *row, struct slice name, float scale,
                          const int8_t *bytes, size_t width)
{
    assert(width && width <= ITEM_VECTOR_MAX);
    if (row->count == CONTENT_VECTORS_MAX) { return false; }
    memcpy(row->bytes + row->bytes_count, bytes, width);
    add(row, name, scale, width);
    return true;
}

void vector_row_begin(struct vector_row *row, const struct content_vectors *message, size_t count)
{
    struct content_vector one;
    vector_row_clear(row);
    for (size_t place = 0; place < count && content_vectors_next(message, &place, &one);) {
        bool fits = vector_row_add_bytes(row, one.name, one.scale, one.numbers, one.width);
        assert(fits);
    }
}

bool vector_row_has(const struct vector_row *row, struct slice name)
{
    for (size_t i = 0; i < row->count; i++) {
        if (slice_equal(row->names[i], name)) { return true; }
    }
    return false;
}

bool vector_row_equals(const struct vector_row *row, const struct content_vectors *message)
{
    bool equal = row->count == message->names.count &&
                 slice_equal(slice_of(row->bytes, row->bytes_count), message->bytes);
    for (size_t i = 0; i < row->count && equal; i++) {
        equal = slice_equal(row->names[i], message->names.at[i]) &&
                row->widths[i] == message->widths.at[i] &&
                row->scales[i] == message->scales.at[i];
    }
    return equal;
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
