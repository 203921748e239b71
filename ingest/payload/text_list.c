#include "base/base.h"
#include "base/array.h"
#include "ingest/payload/text_list.h"

enum { TEXTS_FIRST = 16 };

void text_list_init(struct text_list *list, size_t bytes_max)
{
    *list = (struct text_list){0};
    buf_init(&list->bytes, bytes_max);
}

void text_list_release(struct text_list *list)
{
    buf_release(&list->bytes);
    free(list->at);
}

void text_list_clear(struct text_list *list)
{
    buf_clear(&list->bytes);
    list->count = 0;
    list->ended = 0;
}

bool text_list_add(struct text_list *list, struct slice text)
{
    if (list->count == TEXT_LIST_MAX) { return false; }
    ARRAY_RESERVE(list->at, list->capacity, list->count + 1, TEXTS_FIRST);
    list->at[list->count++] = text;
    return true;
}

bool text_list_end(struct text_list *list)
{
    size_t size = list->bytes.size - list->ended;
    list->ended = list->bytes.size;
    return text_list_add(list, slice_of(NULL, size));
}

struct slices text_list_slices(struct text_list *list)
{
    size_t offset = 0;
    for (size_t i = 0; list->ended && i < list->count; i++) {
        list->at[i].data = list->bytes.data + offset;
        offset += list->at[i].size;
    }
    return (struct slices){.at = list->at, .count = list->count};
}
