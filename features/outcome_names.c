#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "features/outcome_names.h"

enum { NAMES_FIRST = 16 };

void outcome_names_init(struct outcome_names *names)
{
    *names = (struct outcome_names){0};
    hash_index_init(&names->index, /* seed= */ 0);
}

void outcome_names_clear(struct outcome_names *names)
{
    for (size_t i = 0; i < names->count; i++) { free(names->at[i].text); }
    names->count = 0;
    hash_index_clear(&names->index);
}

void outcome_names_release(struct outcome_names *names)
{
    outcome_names_clear(names);
    hash_index_release(&names->index);
    free(names->at);
    *names = (struct outcome_names){0};
}

static struct slice text_of(const struct outcome_name *name)
{
    return slice_of(name->text, name->size);
}

static uint64_t hash_of(const void *owner, uint32_t at)
{
    return hash_index_text(text_of((const struct outcome_name *)owner + at));
}

static bool is(const void *owner, uint32_t at, const void *key)
{
    return slice_equal(text_of((const struct outcome_name *)owner + at),
                       *(const struct slice *)key);
}

static int32_t find(const struct outcome_names *names, struct slice text)
{
    return hash_index_find(&names->index, hash_index_text(text), is, names->at, &text);
}

bool outcome_names_has(const struct outcome_names *names, struct slice text)
{
    return find(names, text) != HASH_INDEX_NONE;
}

bool outcome_names_has_room(const struct outcome_names *names, bool with_rule)
{
    return names->count < (size_t)(with_rule ? OUTCOME_RULES_MAX : OUTCOME_SOURCES_MAX);
}

void outcome_names_add(struct outcome_names *names, struct slice text)
{
    ARRAY_RESERVE(names->at, names->capacity, names->count + 1, NAMES_FIRST);
    names->at[names->count] = (struct outcome_name){.text = xmemdup(text.data, text.size),
                                                    .size = text.size,
                                                    .hour_ms = INT64_MIN};
    hash_index_add(&names->index, hash_index_text(text), (uint32_t)names->count, hash_of,
                   names->at);
    names->count++;
}

void outcome_names_count(struct outcome_names *names, struct slice text, int64_t hour_ms)
{
    int32_t at = find(names, text);
    if (at == HASH_INDEX_NONE) { return; }
    names->at[at].hour_ms = MAX_OF(names->at[at].hour_ms, hour_ms);
}

void outcome_names_drop_silent(struct outcome_names *names, int64_t oldest_ms,
                               bool (*each)(void *arg, struct slice text), void *arg)
{
    size_t kept = 0;
    for (size_t i = 0; i < names->count; i++) {
        struct outcome_name *name = &names->at[i];
        bool leaves = name->hour_ms < oldest_ms && each(arg, text_of(name));
        if (leaves) {
            free(name->text);
        } else {
            names->at[kept++] = *name;
        }
    }
    if (kept == names->count) { return; }
    names->count = kept;
    hash_index_clear(&names->index);
    for (size_t i = 0; i < kept; i++) {
        hash_index_add(&names->index, hash_of(names->at, (uint32_t)i), (uint32_t)i, hash_of,
                       names->at);
    }
}
