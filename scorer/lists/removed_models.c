#include "base/base.h"
#include "scorer/lists/removed_models.h"

enum { NUMBER_DIGITS_MAX = 9 };

/* Reads a number and the slash behind it, if it is not the last; moves *at past both. -1: none. */
static int32_t read_number(struct slice key, size_t *at, bool last)
{
    int32_t number = 0;
    size_t from = *at;
    for (; *at < key.size && key.data[*at] >= '0' && key.data[*at] <= '9'; ++*at) {
        if (*at - from >= NUMBER_DIGITS_MAX) { return -1; }
        number = number * 10 + (key.data[*at] - '0');
    }
    bool ends = last ? *at == key.size : *at < key.size && key.data[*at] == '/';
    if (*at == from || !ends) { return -1; }
    ++*at;
    return number;
}

/* Says whether the key is one of this model, and where its numbers begin. */
static bool begins(struct slice key, const char *model, size_t *ret_at)
{
    size_t size = strlen(model);
    *ret_at = size + 1;
    return key.size > size + 1 && memcmp(key.data, model, size) == 0 && key.data[size] == '/';
}

void removed_models_row(struct vectors *vectors, const struct tables *tables, struct slice key)
{
    size_t at = 0;
    if (!key.data) { return; }
    int32_t slot = read_number(key, &at, /* last= */ false);
    if (slot < 0) { return; }
    vectors_remove(vectors, tables, slot, slice_of(key.data + at, key.size - at));
}

void removed_models_weights(struct vectors *vectors, struct published_mixtures *mixtures,
                            struct slice key)
{
    size_t at;
    if (!key.data) { return; }
    if (begins(key, MODEL_BLEND, &at)) {
        published_mixtures_remove(mixtures, read_number(key, &at, /* last= */ true));
    } else if (vectors && begins(key, MODEL_SEQUENCE, &at)) {
        int32_t slot = read_number(key, &at, /* last= */ false);
        int32_t part = slot < 0 ? -1 : read_number(key, &at, /* last= */ true);
        vectors_remove_weights(vectors, slot, part);
    }
}
