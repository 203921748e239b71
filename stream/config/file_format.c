#include "base/base.h"
#include "stream/config/file_format.h"

static const char yaml[] = "this looks like YAML; a properties file has one key=value on each "
                           "line, with whole keys such as map.user=customer.id";
static const char json[] = "this looks like JSON; a properties file has one key=value on each line";
static const char xml[] = "this looks like XML; a properties file has one key=value on each line";
static const char ini[] = "a properties file has no [sections]; write whole keys, such as "
                          "map.user=customer.id";
static const char shell[] = "this looks like a shell script; a properties file has key=value "
                            "without export";
static const char utf16[] = "this looks like UTF-16; save the file as UTF-8";

/* A line without its end and the blanks around it. */
struct text_line {
    struct slice text;
    size_t indent;
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t' || c == '\r' || c == '\f';
}

static struct text_line take_line(struct slice *rest)
{
    size_t size = 0, indent = 0;
    while (size < rest->size && rest->data[size] != '\n') { size++; }
    struct slice text = slice_of(rest->data, size);
    size += size < rest->size;
    *rest = slice_of(rest->data + size, rest->size - size);
    while (text.size && is_blank(text.data[0])) {
        text = slice_of(text.data + 1, text.size - 1);
        indent++;
    }
    while (text.size && is_blank(text.data[text.size - 1])) { text.size--; }
    return (struct text_line){text, indent};
}

static bool begins(struct slice text, const char *with)
{
    size_t size = strlen(with);
    return text.size >= size && memcmp(text.data, with, size) == 0;
}

/* A key and a colon, and nothing behind it: in YAML, indented lines follow. */
static bool opens_block(struct slice text)
{
    return text.size > 1 && text.data[text.size - 1] == ':' && !memchr(text.data, '=', text.size);
}

static const char *fault_of(const struct text_line *line, const struct text_line *before,
                            bool is_first)
{
    struct slice text = line->text;
    bool is_object = text.data[0] == '{' && (text.size == 1 || memchr("\" ", text.data[1], 2));
    bool is_tag = text.size > 1 && text.data[0] == '<' && text.data[text.size - 1] == '>';
    if (is_first && is_object) { return json; }
    if (is_first && is_tag) { return xml; }
    if (text.data[0] == '[' && text.data[text.size - 1] == ']') { return ini; }
    if (begins(text, "export ")) { return shell; }
    if (is_first && begins(text, "---")) { return yaml; }
    if (begins(text, "- ")) { return yaml; }
    bool nested = opens_block(before->text) && line->indent > before->indent;
    return nested ? yaml : NULL;
}

const char *file_format_fault(struct slice text, int *ret_line)
{
    struct text_line before = {0};
    struct slice rest = text;
    bool is_first = true, continues = false;
    if (text.size >= 2 && (memcmp(text.data, "\xff\xfe", 2) == 0 ||
                           memcmp(text.data, "\xfe\xff", 2) == 0)) {
        *ret_line = 1;
        return utf16;
    }
    for (int number = 1; rest.size; number++) {
        struct text_line line = take_line(&rest);
        bool skipped = continues || !line.text.size || strchr("#!", line.text.data[0]);
        continues = line.text.size && line.text.data[line.text.size - 1] == '\\';
        if (skipped) { continue; }
        const char *fault = fault_of(&line, &before, is_first);
        if (fault) {
            *ret_line = number;
            return fault;
        }
        before = line;
        is_first = false;
    }
    return NULL;
}

struct slice file_format_skip_mark(struct slice text)
{
    static const char mark[] = "\xef\xbb\xbf";
    return begins(text, mark) ? slice_of(text.data + 3, text.size - 3) : text;
}
