#include "base/base.h"
#include "base/xalloc.h"
#include "mapping/field_path.h"

struct step {
    struct slice key; /* data NULL: an index into an array */
    size_t index;
};

struct field_path {
    char *text;
    json_t *constant;
    size_t steps_count;
    struct step steps[PATH_STEPS_MAX];
};

static const char why_index[] = "an index is [0] to [9999]";

/* Reads `[12]` or `["key"]`; `at` stands on the bracket. Returns where it ends, or NULL. */
static const char *parse_bracket(const char *at, struct step *ret_step, const char **ret_why)
{
    at++;
    if (*at == '"') {
        const char *close = strstr(at + 1, "\"]");
        if (!close) {
            *ret_why = "a quoted key ends with \"]";
            return NULL;
        }
        *ret_step = (struct step){.key = slice_of(at + 1, (size_t)(close - at - 1))};
        return close + 2;
    }
    size_t index = 0;
    const char *first = at;
    for (; *at >= '0' && *at <= '9' && index <= PATH_INDEX_MAX; at++) {
        index = index * 10 + (size_t)(*at - '0');
    }
    if (at == first || *at != ']' || index > PATH_INDEX_MAX) {
        *ret_why = why_index;
        return NULL;
    }
    *ret_step = (struct step){.index = index};
    return at + 1;
}

static const char *parse_key(const char *at, struct step *ret_step, const char **ret_why)
{
    size_t size = strcspn(at, ".[]");
    if (size == 0 || at[size] == ']') {
        *ret_why = "a path is keys and indexes: user.id, items[2].sku, [\"a.b\"].c";
        return NULL;
    }
    *ret_step = (struct step){.key = slice_of(at, size)};
    return at + size;
}

static int parse_steps(struct field_path *path, const char **ret_why)
{
    const char *at = path->text;
    do {
        if (path->steps_count == PATH_STEPS_MAX) {
            *ret_why = "a path has at most 16 steps";
            return -EINVAL;
        }
        struct step *step = &path->steps[path->steps_count];
        at = *at == '[' ? parse_bracket(at, step, ret_why) : parse_key(at, step, ret_why);
        if (!at) { return -EINVAL; }
        path->steps_count++;
        if (*at == '.' && at[1]) {
            at++;
        } else if (*at && *at != '[') {
            *ret_why = "after a step comes a point and a key, a [ or the end";
            return -EINVAL;
        }
    } while (*at);
    return 0;
}

static int parse_constant(struct field_path *path, const char **ret_why)
{
    const char *text = path->text + 1;
    path->constant = json_loads(text, JSON_DECODE_ANY | JSON_REJECT_DUPLICATES, NULL);
    if (!path->constant) { path->constant = json_string(text); }
    if (path->constant && !json_is_null(path->constant)) { return 0; }
    *ret_why = "a constant after the = is a number or a string in UTF-8";
    return -EINVAL;
}

int field_path_new(const char *text, struct field_path **ret_path, const char **ret_why)
{
    assert(text);
    if (strlen(text) > PATH_BYTES_MAX) {
        *ret_why = "a path has at most 512 bytes";
        return -EINVAL;
    }
    struct field_path *path = xcalloc(1, sizeof(*path));
    path->text = xstrdup(text);
    int rc = *text == '=' ? parse_constant(path, ret_why) : parse_steps(path, ret_why);
    if (rc) {
        field_path_free(path);
        return rc;
    }
    *ret_path = path;
    return 0;
}

struct field_path *field_path_free(struct field_path *path)
{
    if (!path) { return NULL; }
    json_decref(path->constant);
    free(path->text);
    free(path);
    return NULL;
}

const char *field_path_text(const struct field_path *path)
{
    return path->text;
}

json_t *field_path_constant(const struct field_path *path)
{
    return path->constant;
}

json_t *field_path_find(const struct field_path *path, json_t *document)
{
    json_t *at = path->constant ? path->constant : document;
    for (size_t i = 0; i < path->steps_count && at; i++) {
        const struct step *step = &path->steps[i];
        at = step->key.data ? json_object_getn(at, step->key.data, step->key.size)
                            : json_array_get(at, step->index);
    }
    return json_is_null(at) ? NULL : at;
}
