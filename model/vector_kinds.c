#include "base/base.h"
#include "model/content_aspects.h"
#include "model/vector_kinds.h"

/* ---- The kinds that are used ---- */

/* Orders kinds: the first two, then by how many items have them, then by name. */
static bool kind_before(const struct vector_kinds *kinds, int a, int b)
{
    const struct vector_kind *x = &kinds->at[a], *y = &kinds->at[b];
    if (a <= CONTENT_GIVEN || b <= CONTENT_GIVEN) { return a < b; }
    return x->level == y->level ? strcmp(x->name, y->name) < 0 : x->level > y->level;
}

static bool name_before(const struct vector_kinds *kinds, int a, int b)
{
    if (a <= CONTENT_GIVEN || b <= CONTENT_GIVEN) { return a < b; }
    return strcmp(kinds->at[a].name, kinds->at[b].name) < 0;
}

/* Inserts a kind into an array that is in order, from which the last one falls where it is full. */
static void insert(const struct vector_kinds *kinds, int *into, int *count, int kind,
                   bool (*before)(const struct vector_kinds *kinds, int a, int b))
{
    int at = *count;
    while (at > 0 && before(kinds, kind, into[at - 1])) { at--; }
    if (at == CONTENT_VECTOR_KINDS) { return; }
    *count = MIN_OF(*count + 1, (int)CONTENT_VECTOR_KINDS);
    memmove(into + at + 1, into + at, (size_t)(*count - at - 1) * sizeof(*into));
    into[at] = kind;
}

/* The aspect of a name: its place, or the next one that is free. */
static int take_place(const char *name, bool taken[static ASPECTS])
{
    enum { PLACES = ASPECTS - ASPECT_NAMED };
    const int first = content_aspect_of_vectors(slice_str(name));
    int aspect = first;
    for (int tries = 0; first >= ASPECT_NAMED && tries < PLACES && taken[aspect]; tries++) {
        aspect = ASPECT_NAMED + (aspect - ASPECT_NAMED + 1) % PLACES;
    }
    taken[aspect] = true;
    return aspect;
}

/* Chooses the kinds that are used, and their aspects. */
static void choose_kinds(struct vector_kinds *kinds)
{
    int most[CONTENT_VECTOR_KINDS], count = 0;
    bool taken[ASPECTS] = {false};
    for (int kind = 0; kind < kinds->end; kind++) {
        if (kind > CONTENT_GIVEN && !kinds->at[kind].level) { continue; }
        insert(kinds, most, &count, kind, kind_before);
    }
    kinds->used_count = 0;
    for (int k = 0; k < count; k++) {
        struct vector_kind *kind = &kinds->at[most[k]];
        kind->aspect = take_place(kind->name, taken);
        insert(kinds, kinds->used, &kinds->used_count, most[k], name_before);
    }
}

void vector_kinds_note(struct vector_kinds *kinds, int number)
{
    struct vector_kind *kind = &kinds->at[number];
    int level = 0;
    for (size_t count = vector_neighbours_count(kind->vectors); count; count /= 2) { level++; }
    if (level == kind->level) { return; }
    kind->level = level;
    if (!level && number > CONTENT_GIVEN) {
        vector_neighbours_free(kind->vectors);
        *kind = (struct vector_kind){0};
    }
    choose_kinds(kinds);
}

/* ---- All kinds ---- */

void vector_kinds_init(struct vector_kinds *kinds, int32_t items_max, const struct ids *ids)
{
    *kinds = (struct vector_kinds){.items_max = items_max, .ids = ids};
    (void)vector_kinds_find(kinds, slice_str("text"));
    (void)vector_kinds_find(kinds, slice_str("given"));
}

void vector_kinds_release(struct vector_kinds *kinds)
{
    for (int kind = 0; kind < kinds->end; kind++) {
        vector_neighbours_free(kinds->at[kind].vectors);
    }
}

void vector_kinds_map(struct vector_kinds *kinds, const char *directory)
{
    kinds->directory = directory;
    for (int kind = 0; kind < kinds->end; kind++) {
        vector_neighbours_map(kinds->at[kind].vectors, directory);
    }
}

int vector_kinds_find(struct vector_kinds *kinds, struct slice name)
{
    int spare = kinds->end;
    for (int kind = kinds->end; kind-- > 0;) {
        const struct vector_kind *at = &kinds->at[kind];
        if (at->vectors && slice_equal(name, slice_str(at->name))) { return kind; }
        if (!at->vectors) { spare = kind; }
    }
    bool fits = name.size > 0 && name.size < KIND_NAME_BYTES && !memchr(name.data, 0, name.size);
    if (spare == CONTENT_NAMES_MAX || !fits) { return -1; }
    struct vector_kind *kind = &kinds->at[spare];
    memcpy(kind->name, name.data, name.size);
    kind->vectors = vector_neighbours_new(kinds->items_max, kinds->ids);
    vector_neighbours_map(kind->vectors, kinds->directory);
    kinds->end = MAX_OF(kinds->end, spare + 1);
    choose_kinds(kinds);
    return spare;
}
