#include "base/base.h"
#include "base/text_file.h"
#include "stream/config/placeholder.h"

enum { PLACEHOLDER_NAME_MAX = 1024 };

static int expand_file(const char *path, struct buf *out, struct buf *hint)
{
    struct buf text;
    buf_init(&text, PLACEHOLDER_FILE_MAX);
    int result = text_file_read(path, &text);
    if (result < 0) {
        buf_printf(hint, "cannot read %.200s: %s", path, strerror(-result));
    } else if (text.size && memchr(text.data, '\0', text.size)) {
        buf_printf(hint, "%.200s holds a NUL byte; it must be text", path);
        result = -EINVAL;
    } else {
        if (text.size && text.data[text.size - 1] == '\n') { text.size--; }
        if (text.size && text.data[text.size - 1] == '\r') { text.size--; }
        buf_append(out, text.data, text.size);
    }
    buf_release(&text);
    return result < 0 ? -EINVAL : 0;
}

static int expand_variable(const char *name, struct buf *out, struct buf *hint)
{
    const char *value = getenv(name);
    if (!value) {
        buf_printf(hint, "the environment has no variable %.200s", name);
        return -EINVAL;
    }
    buf_append(out, value, strlen(value));
    return 0;
}

/* Expands a placeholder at the beginning of text. Returns 1 and its length, 0 when text begins with
 * none, or -EINVAL. */
static int expand_one(const char *text, struct buf *out, struct buf *hint, size_t *ret_size)
{
    static const char file_head[] = "${file:", variable_head[] = "${env:";
    char name[PLACEHOLDER_NAME_MAX];
    bool is_file = strncmp(text, file_head, strlen(file_head)) == 0;
    if (!is_file && strncmp(text, variable_head, strlen(variable_head)) != 0) { return 0; }
    size_t head = is_file ? strlen(file_head) : strlen(variable_head);
    size_t size = strcspn(text + head, "}");
    if (text[head + size] == '\0' || size >= sizeof(name)) {
        buf_printf(hint, "%.*s has no closing } within %d bytes", (int)head, text,
                   PLACEHOLDER_NAME_MAX);
        return -EINVAL;
    }
    memcpy(name, text + head, size);
    name[size] = '\0';
    int result = is_file ? expand_file(name, out, hint) : expand_variable(name, out, hint);
    if (result < 0) { return result; }
    *ret_size = head + size + 1;
    return 1;
}

int placeholder_expand(const char *text, struct buf *out, struct buf *hint)
{
    while (*text) {
        size_t size = 1;
        int found = expand_one(text, out, hint, &size);
        if (found < 0) { return found; }
        if (found == 0) { buf_append(out, text, 1); }
        text += size;
    }
    if (!buf_failed(out)) { return 0; }
    buf_printf(hint, "longer than %zu bytes", out->max);
    return -EINVAL;
}
