#include "base/base.h"
#include "base/text_file.h"
#include "base/xalloc.h"
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

/* systemd puts what LoadCredential= names into a directory of the service's own. */
static int expand_credential(const char *name, struct buf *out, struct buf *hint)
{
    const char *directory = getenv("CREDENTIALS_DIRECTORY");
    if (!directory) {
        buf_printf(hint, "the credential %.200s is not there: CREDENTIALS_DIRECTORY is not set, as "
                         "systemd does for LoadCredential=", name);
        return -EINVAL;
    }
    if (strchr(name, '/')) {
        buf_printf(hint, "the name of a credential has no /: %.200s", name);
        return -EINVAL;
    }
    _cleanup_(xfreep) char *path = xprintf("%s/%s", directory, name);
    return expand_file(path, out, hint);
}

static const struct kind {
    const char *head;
    int (*expand)(const char *name, struct buf *out, struct buf *hint);
} kinds[] = {
    {"${file:", expand_file}, {"${env:", expand_variable}, {"${credential:", expand_credential}};

/* A shell's ${NAME}: a password that looks so is none. */
static bool is_shell(const char *text)
{
    size_t size = 0;
    if (strncmp(text, "${", 2) != 0) { return false; }
    for (const char *at = text + 2; (*at >= 'A' && *at <= 'Z') || (*at >= '0' && *at <= '9') ||
                                    *at == '_'; at++) {
        size++;
    }
    return size > 0 && text[2 + size] == '}';
}

/* Expands a placeholder at the beginning of text. Returns 1 and its length, 0 when text begins with
 * none, or -EINVAL. */
static int expand_one(const char *text, struct buf *out, struct buf *hint, size_t *ret_size)
{
    char name[PLACEHOLDER_NAME_MAX];
    const struct kind *kind = kinds, *end = kinds + ARRAY_COUNT(kinds);
    while (kind < end && strncmp(text, kind->head, strlen(kind->head)) != 0) { kind++; }
    if (kind == end && is_shell(text)) {
        buf_printf(hint, "a variable is written ${env:%.*s", (int)strcspn(text + 2, "}") + 1,
                   text + 2);
        return -EINVAL;
    }
    if (kind == end) { return 0; }
    size_t head = strlen(kind->head);
    size_t size = strcspn(text + head, "}");
    if (text[head + size] == '\0' || size >= sizeof(name)) {
        buf_printf(hint, "%.*s has no closing } within %d bytes", (int)head, text,
                   PLACEHOLDER_NAME_MAX);
        return -EINVAL;
    }
    memcpy(name, text + head, size);
    name[size] = '\0';
    int result = kind->expand(name, out, hint);
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
