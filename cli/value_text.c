#include "base/base.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "cli/value_text.h"
#include "stream/avro/codec.h"

#include <jansson.h>

/* Escapes control characters: a record must not control the user's terminal. */
static bool has_control(struct slice text)
{
    for (size_t i = 0; i < text.size; i++) {
        if (quote_control(slice_of(text.data + i, text.size - i))) { return true; }
    }
    return false;
}

static bool is_whole(struct slice text)
{
    json_t *json = json_loadb(text.data, text.size, 0, NULL);
    json_decref(json);
    return json;
}

static void put(struct schema_cache *schemas, struct slice value, bool whole, struct buf *out)
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
    if (json && utf8_valid(value.data, value.size) && !has_control(value) &&
        (!whole || is_whole(value))) {
        buf_append(out, value.data, value.size);
    } else {
        quote_json(out, value, QUOTE_EITHER);
    }
}

void value_text_put(struct schema_cache *schemas, struct slice value, struct buf *out)
{
    put(schemas, value, /* whole= */ false, out);
}

void value_text_put_json(struct schema_cache *schemas, struct slice value, struct buf *out)
{
    put(schemas, value, /* whole= */ true, out);
}
