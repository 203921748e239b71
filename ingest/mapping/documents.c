#include "base/base.h"
#include "ingest/mapping/documents.h"

void documents_init(struct documents *documents, const struct json_rules *rules,
                    struct slices texts, bool whole_arrays)
{
    *documents = (struct documents){.rules = rules,
                                    .texts = texts,
                                    .whole_arrays = whole_arrays,
                                    .many = texts.count > 1};
}

void documents_release(struct documents *documents)
{
    json_decref(documents->root);
    documents->root = NULL;
}

static bool holds_json(json_t *value)
{
    const char *text = json_string_value(value);
    if (!text) { return false; }
    text += strspn(text, " \t\r\n");
    return *text == '{' || *text == '[' || *text == '"';
}

/* Parses a text, and while that is a text of JSON, what is inside. */
static enum json_fault parse(struct slice text, const struct json_rules *rules, json_t **ret_root,
                             char *where, size_t where_size)
{
    json_t *root = NULL;
    enum json_fault fault = json_text_parse(text, rules, &root, where, where_size);
    for (int i = 0; !fault && holds_json(root) && i < DOCUMENTS_ENCODINGS_MAX; i++) {
        json_t *inner = NULL;
        fault = json_text_parse(slice_of(json_string_value(root), json_string_length(root)), rules,
                                &inner, where, where_size);
        json_decref(root);
        root = inner;
    }
    *ret_root = root;
    return fault;
}

static bool is_several(const struct documents *documents)
{
    return json_is_array(documents->root) && !documents->whole_arrays;
}

/* Takes the next element of an array of objects, or of objects in texts; NULL: it is null. */
static enum json_fault next_element(struct documents *documents, json_t **ret_element, char *where,
                                    size_t where_size)
{
    size_t index = documents->element++;
    json_t *inner, *element = json_array_get(documents->root, index);
    *ret_element = json_is_null(element) && !json_flaw_of(element) ? NULL : element;
    if (!holds_json(element)) { return JSON_FINE; }
    struct slice text = slice_of(json_string_value(element), json_string_length(element));
    enum json_fault fault = parse(text, documents->rules, &inner, where, where_size);
    if (fault) { return fault; }
    (void)json_array_set_new(documents->root, index, inner);
    *ret_element = inner;
    return JSON_FINE;
}

enum json_fault documents_next(struct documents *documents, json_t **ret_document, char *where,
                               size_t where_size)
{
    *ret_document = NULL;
    for (;;) {
        if (is_several(documents) && documents->element < json_array_size(documents->root)) {
            enum json_fault fault = next_element(documents, ret_document, where, where_size);
            if (fault || *ret_document) { return fault; }
            continue;
        }
        documents_release(documents);
        if (documents->text == documents->texts.count) { return JSON_FINE; }
        struct slice text = documents->texts.at[documents->text++];
        enum json_fault fault = parse(text, documents->rules, &documents->root, where, where_size);
        if (fault) { return fault; }
        documents->element = 0;
        documents->many |= is_several(documents);
        if (is_several(documents)) { continue; }
        *ret_document = documents->root;
        return JSON_FINE;
    }
}
