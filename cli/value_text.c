#include "base/base.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "cli/value_text.h"
#include "stream/avro/codec.h"

/* Escapes control characters: a record must not control the user's terminal. */
static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (quote_control(slice_of(text.data + i, text.size - i))) { return true; }
    }
    return false;
}

void value_text_put(struct schema_cache *schemas, struct slice value, struct buf *out)
{
    struct codec_error error;
    size_t before = out->size;
    if (!value.data) {
        buf_printf(out, "null");
        return;
    }
    if (codec_json(schemas, value, out, NULL, &error) == 0) { return; }
    out->size = before;
    bool json = value.size && (value.data[0] == '{' || value.data[0] == '[');
    if (json && utf8_valid(value.data, value.size) && !has_control(value)) {
        buf_append(out, value.data, value.size);
    } else {
        quote_json(out, value, QUOTE_EITHER);
    }
}
