#include "base/base.h"
#include "base/xalloc.h"
#include "ingest/mapping/field_choice.h"

/* Returns where the path at the start of a text ends: at a bar or at the end. */
static size_t path_size(struct slice text)
{
    bool quoted = false, literal = false;
    if (text.size && text.data[0] == '=') { return text.size; }
    for (size_t i = 0; i < text.size; i++) {
        bool begins = text.data[i] == '"' && (i == 0 || text.data[i - 1] == '+');
        if (!quoted && (literal || begins)) {
            literal = begins || text.data[i] != '"';
            continue;
        }
        bool before = text.data[i] == '[' || text.data[i] == '=';
        bool opens = before && i + 1 < text.size && text.data[i + 1] == '"';
        bool closes = text.data[i] == '"' && i + 1 < text.size && text.data[i + 1] == ']';
        if (!quoted && text.data[i] == '|') { return i; }
        if (!quoted && opens) {
            quoted = true;
            i++;
        } else if (quoted && closes) {
            quoted = false;
        }
    }
    return text.size;
}

static int parse(struct field_choice *choice, struct slice text, const char **ret_why)
{
    for (;;) {
        if (choice->count == CHOICE_PATHS_MAX) {
            *ret_why = "at most 8 paths, with | between them";
            return -EINVAL;
        }
        size_t size = path_size(text);
        int rc = field_path_new(slice_of(text.data, size), &choice->paths[choice->count], ret_why);
        if (rc) { return rc; }
        choice->count++;
        if (size == text.size) { return 0; }
        text = slice_of(text.data + size + 1, text.size - size - 1);
    }
}

int field_choice_new(struct slice text, struct field_choice **ret_choice, const char **ret_why)
{
    assert(text.data);
    struct field_choice *choice = xcalloc(1, sizeof(*choice));
    choice->text = xprintf("%.*s", SLICE_ARGS(text));
    int rc = parse(choice, text, ret_why);
    if (rc) {
        field_choice_free(choice);
        return rc;
    }
    *ret_choice = choice;
    return 0;
}

struct field_choice *field_choice_free(struct field_choice *choice)
{
    if (!choice) { return NULL; }
    for (size_t i = 0; i < choice->count; i++) { field_path_free(choice->paths[i]); }
    free(choice->text);
    free(choice);
    return NULL;
}

json_t *field_choice_constant(const struct field_choice *choice)
{
    return field_path_constant(choice->paths[choice->count - 1]);
}
