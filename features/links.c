#include "base/base.h"
#include "base/xalloc.h"
#include "features/links.h"

static void free_list(struct link_list *list)
{
    for (int32_t i = 0; i < list->count; i++) { free((void *)(uintptr_t)list->at[i].data); }
    free(list->at);
    *list = (struct link_list){.count = 0};
}

void links_init(struct links *links)
{
    *links = (struct links){.merged_ms = MERGED_NEVER};
}

void links_release(struct links *links)
{
    free_list(&links->into);
    free_list(&links->from);
    links_init(links);
}

static void remove_at(struct link_list *list, int32_t place)
{
    free((void *)(uintptr_t)list->at[place].data);
    list->count--;
    memmove(list->at + place, list->at + place + 1,
            (size_t)(list->count - place) * sizeof(*list->at));
}

bool link_list_remove(struct link_list *list, struct slice id)
{
    for (int32_t i = 0; i < list->count; i++) {
        if (!slice_equal(list->at[i], id)) { continue; }
        remove_at(list, i);
        return true;
    }
    return false;
}

void link_list_put(struct link_list *list, struct slice id, int32_t most)
{
    char *bytes = xmalloc(id.size + 1);
    memcpy(bytes, id.data, id.size);
    (void)link_list_remove(list, id);
    while (list->count >= most) { remove_at(list, 0); }
    list->at = xreallocarray(list->at, (size_t)list->count + 1, sizeof(*list->at));
    list->at[list->count++] = slice_of(bytes, id.size);
}

struct slice links_target(const struct links *links)
{
    bool follows = links->merged_ms != MERGED_NEVER && links->into.count > 0;
    return follows ? links->into.at[links->into.count - 1] : slice_of(NULL, 0);
}

static size_t list_bytes(const struct link_list *list)
{
    size_t bytes = 0;
    for (int32_t i = 0; i < list->count; i++) { bytes += sizeof(*list->at) + list->at[i].size; }
    return bytes;
}

size_t links_bytes(const struct links *links)
{
    return list_bytes(&links->into) + list_bytes(&links->from);
}
