#include "base/base.h"
#include "base/xalloc.h"
#include "model/content.h"
#include "model/ids.h"
#include "scorer/affinity.h"

enum { NEAREST = 100, FEATURES_MAX = 10000000, WORD_BYTES_MAX = 64, CELLS_FIRST = 1024 };

#define POWER 0.75F
#define DECAY 0.6F

struct cell {
    uint32_t stamp;  /* of the question that touched it */
    uint32_t asked;  /* of the question that had it as a recent item */
    uint32_t source; /* counts the recent items: the last one that spoke for it */
    float sum;
};

/* What came after an item's row of nearest was computed, and is like it. */
struct late {
    struct alike *at;
    int32_t count;
};

struct affinity {
    struct content *content;
    struct ids *features;
    int32_t items_max;
    size_t recent;
    struct cell *cells;
    struct late *late; /* by item, as many as cells */
    uint32_t source;
    bool asked; /* at least once: rows of nearest are there */
    int32_t *touched;
    int32_t capacity;
    size_t touched_count;
    uint32_t stamp;
    uint32_t numbers[CONTENT_FEATURES_MAX];
    size_t numbers_count;
};

struct affinity *affinity_new(int32_t items_max, size_t recent)
{
    struct affinity *affinity = xcalloc(1, sizeof(*affinity));
    affinity->content = content_new(items_max, NEAREST);
    affinity->features = ids_new(FEATURES_MAX);
    affinity->items_max = items_max;
    affinity->recent = recent;
    return affinity;
}

struct affinity *affinity_free(struct affinity *affinity)
{
    if (!affinity) { return NULL; }
    content_free(affinity->content);
    ids_free(affinity->features);
    for (int32_t item = 0; item < affinity->capacity; item++) { free(affinity->late[item].at); }
    free(affinity->late);
    free(affinity->cells);
    free(affinity->touched);
    free(affinity);
    return NULL;
}

static struct cell *reach(struct affinity *affinity, int32_t item)
{
    if (item >= affinity->capacity) {
        int64_t capacity = MAX_OF(2 * (int64_t)item, (int64_t)CELLS_FIRST);
        capacity = MIN_OF(capacity, (int64_t)INT32_MAX);
        affinity->cells =
            xreallocarray(affinity->cells, (size_t)capacity, sizeof(*affinity->cells));
        memset(affinity->cells + affinity->capacity, 0,
               (size_t)(capacity - affinity->capacity) * sizeof(*affinity->cells));
        affinity->late = xreallocarray(affinity->late, (size_t)capacity, sizeof(*affinity->late));
        memset(affinity->late + affinity->capacity, 0,
               (size_t)(capacity - affinity->capacity) * sizeof(*affinity->late));
        affinity->touched =
            xreallocarray(affinity->touched, (size_t)capacity, sizeof(*affinity->touched));
        affinity->capacity = (int32_t)capacity;
    }
    return &affinity->cells[item];
}

/* ---- Describing ---- */

/* Rows of nearest are not computed anew for each new item: those that it is like are told of it. */
static void link_late(struct affinity *affinity, int32_t number)
{
    size_t count;
    const struct alike *alike = content_nearest(affinity->content, number, &count);
    for (size_t k = 0; k < count; k++) {
        (void)reach(affinity, MAX_OF(alike[k].item, number));
        struct late *late = &affinity->late[alike[k].item];
        if (late->count == NEAREST) { continue; }
        late->at = xreallocarray(late->at, (size_t)late->count + 1, sizeof(*late->at));
        late->at[late->count++] = (struct alike){number, alike[k].cosine};
    }
}

static void add_feature(struct affinity *affinity, struct slice text)
{
    if (affinity->numbers_count == CONTENT_FEATURES_MAX || !text.size) { return; }
    int32_t number = ids_put(affinity->features, text);
    if (number != ID_NONE) { affinity->numbers[affinity->numbers_count++] = (uint32_t)number; }
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* Words are told from tags of the same text by a space before them. */
static void add_words(struct affinity *affinity, struct slice title)
{
    char word[WORD_BYTES_MAX] = " ";
    size_t size = 1;
    for (size_t k = 0; k <= title.size; k++) {
        char c = k < title.size ? title.data[k] : ' ';
        if (in_word(c)) {
            if (size < sizeof(word)) { word[size++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
            continue;
        }
        if (size > 1) { add_feature(affinity, slice_of(word, size)); }
        size = 1;
    }
}

void affinity_describe(struct affinity *affinity, int32_t number, const struct item *item)
{
    if (number < 0 || number >= affinity->items_max) { return; }
    affinity->numbers_count = 0;
    for (size_t k = 0; k < item->tags.count; k++) { add_feature(affinity, item->tags.at[k]); }
    add_words(affinity, item->title);
    if (!affinity->numbers_count) { return; }
    int result = content_put(affinity->content, number, affinity->numbers,
                             affinity->numbers_count);
    /* -EEXIST: it was described before. */
    if (result == 0 && affinity->asked) { link_late(affinity, number); }
}

/* ---- Asking ---- */

static void add_alike(struct affinity *affinity, const struct alike *alike, size_t count,
                      float weight)
{
    for (size_t k = 0; k < count; k++) {
        struct cell *cell = reach(affinity, alike[k].item);
        if (cell->stamp != affinity->stamp) {
            cell->stamp = affinity->stamp;
            cell->sum = 0.0F;
            affinity->touched[affinity->touched_count++] = alike[k].item;
        }
        /* The row may have been computed anew since, and hold what came late. */
        if (cell->source == affinity->source) { continue; }
        cell->source = affinity->source;
        cell->sum += weight * powf(alike[k].cosine, POWER);
    }
}

static void add_like(struct affinity *affinity, int32_t item, float weight)
{
    size_t count;
    const struct alike *alike = content_nearest(affinity->content, item, &count);
    affinity->source++;
    add_alike(affinity, alike, count, weight);
    add_alike(affinity, affinity->late[item].at, (size_t)affinity->late[item].count, weight);
}

size_t affinity_ask(struct affinity *affinity, const int32_t *items, const float *weights,
                    size_t count, const int32_t **ret_items)
{
    size_t spoken = 0;
    float weight = 1.0F;
    affinity->touched_count = 0;
    affinity->asked = true;
    if (++affinity->stamp == 0) {
        memset(affinity->cells, 0, (size_t)affinity->capacity * sizeof(*affinity->cells));
        affinity->stamp = 1;
    }
    for (size_t k = count; k-- > 0 && spoken < affinity->recent;) {
        int32_t item = items[k];
        if (item == ID_NONE || item >= affinity->items_max) { continue; }
        struct cell *cell = reach(affinity, item);
        if (cell->asked == affinity->stamp) { continue; }
        cell->asked = affinity->stamp;
        if (!(weights[k] > 0.0F)) { continue; }
        add_like(affinity, item, weight);
        weight *= DECAY;
        spoken++;
    }
    *ret_items = affinity->touched;
    return affinity->touched_count;
}

float affinity_score(const struct affinity *affinity, int32_t item)
{
    bool there = item < affinity->capacity && affinity->cells[item].stamp == affinity->stamp;
    return there ? affinity->cells[item].sum : 0.0F;
}
