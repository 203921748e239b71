#include "base/base.h"
#include "base/buf.h"
#include "ingest/mapping/path_suggest.h"
#include "ingest/mapping/refusal_text.h"

enum { VALUE_TEXT_MAX = 60, VALUE_BYTES_MAX = 4096 };

/* Escapes are ASCII, so a cut text is still UTF-8. */
static void write_scalar(json_t *value, struct buf *out)
{
    if (json_is_string(value) && json_string_length(value) > VALUE_BYTES_MAX) {
        buf_printf(out, "a text of %zu bytes", json_string_length(value));
        return;
    }
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_ENSURE_ASCII);
    if (!text) { return; }
    bool cut = strlen(text) > VALUE_TEXT_MAX;
    buf_printf(out, "%.*s%s", VALUE_TEXT_MAX, text, cut ? "..." : "");
    free(text);
}

static void write_value(json_t *value, struct buf *out)
{
    buf_printf(out, "; found ");
    if (json_is_object(value)) {
        buf_printf(out, "an object");
    } else if (json_is_array(value)) {
        buf_printf(out, "an array");
    } else {
        write_scalar(value, out);
    }
}

void refusal_text(const struct field_choice *choice, json_t *document, json_t *value, bool told,
                  struct buf *out)
{
    bool scalar = value && !json_is_object(value) && !json_is_array(value);
    if (value && (told || !scalar)) { write_value(value, out); }
    if (scalar || !choice) { return; }
    size_t before = out->size;
    buf_printf(out, "; did you mean ");
    size_t begun = out->size;
    path_suggest(field_path_text(choice->paths[0]), document, told, out);
    if (out->size == begun) {
        out->size = before;
    } else {
        buf_printf(out, "?");
    }
}
