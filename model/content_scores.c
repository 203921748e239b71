/* Two sources of similar items: the nearest ones that content.h computes once per item, and a list
 * of items that were described later, kept here (add_to_neighbours()). content.h may compute the
 * nearest again and include the later ones; `source` prevents that they count twice.
 *
 * A cell is valid when its stamp is that of the present call, so that nothing has to be cleared
 * between calls. When the stamp wraps round to 0, all cells are cleared once.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/content.h"
#include "model/ids.h"
#include "model/content_scores.h"
#include "model/vector_neighbours.h"

enum { NEAREST = 100, CELLS_FIRST = 1024 };

#define POWER 0.75F
#define VECTOR_POWER 2.0F
#define DECAY 0.6F

struct cell {
    uint32_t stamp;        /* of the call that touched it */
    uint32_t recent_stamp; /* of the call that had it as a recent item */
    uint32_t source;       /* number of the last recent item that added to it */
    float sum;
    float most; /* the largest part of the sum, */
    int32_t because; /* and the recent item that it is of */
};

/* Similar items that were described after an item's nearest ones were computed. */
struct later_neighbours {
    struct alike *at;
    int32_t count;
};

struct content_scores {
    struct content *content;
    struct vector_neighbours *vectors[CONTENT_VECTOR_KINDS];
    int32_t items_max;
    size_t recent;
    struct cell *cells;
    struct later_neighbours *later; /* by item, as many as cells */
    uint32_t source;    /* number of the recent item that is being added */
    bool rows_computed; /* perhaps: content_scores_find() was called */
    int32_t *touched;
    int32_t capacity;
    size_t touched_count;
    uint32_t stamp;
};

struct content_scores *content_scores_new(int32_t items_max, size_t recent)
{
    struct content_scores *content_scores = xcalloc(1, sizeof(*content_scores));
    content_scores->content = content_new(items_max, NEAREST);
    for (int kind = 0; kind < CONTENT_VECTOR_KINDS; kind++) {
        content_scores->vectors[kind] = vector_neighbours_new(items_max);
    }
    content_scores->items_max = items_max;
    content_scores->recent = recent;
    return content_scores;
}

struct content_scores *content_scores_free(struct content_scores *content_scores)
{
    if (!content_scores) { return NULL; }
    content_free(content_scores->content);
    for (int kind = 0; kind < CONTENT_VECTOR_KINDS; kind++) {
        vector_neighbours_free(content_scores->vectors[kind]);
    }
    for (int32_t item = 0; item < content_scores->capacity; item++) {
        free(content_scores->later[item].at);
    }
    free(content_scores->later);
    free(content_scores->cells);
    free(content_scores->touched);
    free(content_scores);
    return NULL;
}

static struct cell *reach(struct content_scores *content_scores, int32_t item)
{
    if (item >= content_scores->capacity) {
        int64_t capacity = MAX_OF(2 * (int64_t)item, (int64_t)CELLS_FIRST);
        capacity = MIN_OF(capacity, (int64_t)INT32_MAX);
        content_scores->cells =
            xreallocarray(content_scores->cells, (size_t)capacity, sizeof(*content_scores->cells));
        memset(content_scores->cells + content_scores->capacity, 0,
               (size_t)(capacity - content_scores->capacity) * sizeof(*content_scores->cells));
        content_scores->later =
            xreallocarray(content_scores->later, (size_t)capacity, sizeof(*content_scores->later));
        memset(content_scores->later + content_scores->capacity, 0,
               (size_t)(capacity - content_scores->capacity) * sizeof(*content_scores->later));
        content_scores->touched = xreallocarray(content_scores->touched, (size_t)capacity,
                                                sizeof(*content_scores->touched));
        content_scores->capacity = (int32_t)capacity;
    }
    return &content_scores->cells[item];
}

/* ---- Describing ---- */

/* Adds a new item to the lists of the items that it is similar to, whose nearest are not computed
 * again. */
static void add_to_neighbours(struct content_scores *content_scores, int32_t number)
{
    size_t count;
    const struct alike *alike = content_nearest(content_scores->content, number, &count);
    for (size_t k = 0; k < count; k++) {
        (void)reach(content_scores, MAX_OF(alike[k].item, number));
        struct later_neighbours *later = &content_scores->later[alike[k].item];
        if (later->count == NEAREST) { continue; }
        later->at = xreallocarray(later->at, (size_t)later->count + 1, sizeof(*later->at));
        later->at[later->count++] = (struct alike){number, alike[k].cosine};
    }
}

void content_scores_describe(struct content_scores *content_scores, int32_t number,
                             const uint32_t *features, size_t count)
{
    if (number < 0 || number >= content_scores->items_max || !count) { return; }
    int result = content_put(content_scores->content, number, features, count);
    /* -EEXIST: it was described before. */
    if (result == 0 && content_scores->rows_computed) { add_to_neighbours(content_scores, number); }
}

bool content_scores_set_vector(struct content_scores *content_scores, int32_t number,
                               enum content_vector_kind kind, const int8_t *numbers, size_t width)
{
    struct vector_neighbours *vectors = content_scores->vectors[kind];
    if (!numbers) { return vector_neighbours_remove(vectors, number); }
    return vector_neighbours_put(vectors, number, numbers, width);
}

/* ---- Scores ---- */

static void add_alike(struct content_scores *content_scores, int32_t source,
                      const struct alike *alike, size_t count, float weight, float power)
{
    for (size_t k = 0; k < count; k++) {
        struct cell *cell = reach(content_scores, alike[k].item);
        if (cell->stamp != content_scores->stamp) {
            cell->stamp = content_scores->stamp;
            cell->sum = cell->most = 0.0F;
            cell->because = source;
            content_scores->touched[content_scores->touched_count++] = alike[k].item;
        }
        /* The nearest may have been computed again since, and contain the later ones too. */
        if (cell->source == content_scores->source) { continue; }
        cell->source = content_scores->source;
        float part = weight * powf(alike[k].cosine, power);
        cell->sum += part;
        if (part <= cell->most) { continue; }
        cell->most = part;
        cell->because = source;
    }
}

static void add_like(struct content_scores *content_scores, int32_t item, float weight)
{
    size_t count;
    const struct alike *alike = content_nearest(content_scores->content, item, &count);
    content_scores->source++;
    add_alike(content_scores, item, alike, count, weight, POWER);
    add_alike(content_scores, item, content_scores->later[item].at,
              (size_t)content_scores->later[item].count, weight, POWER);
    for (int kind = 0; kind < CONTENT_VECTOR_KINDS; kind++) {
        alike = vector_neighbours_of(content_scores->vectors[kind], item, &count);
        content_scores->source++;
        add_alike(content_scores, item, alike, count, weight, VECTOR_POWER);
    }
}

size_t content_scores_find(struct content_scores *content_scores, const int32_t *items,
                           const float *weights, size_t count, const int32_t **ret_items)
{
    size_t used = 0;
    float weight = 1.0F;
    content_scores->touched_count = 0;
    content_scores->rows_computed = true;
    if (++content_scores->stamp == 0) {
        memset(content_scores->cells, 0,
               (size_t)content_scores->capacity * sizeof(*content_scores->cells));
        content_scores->stamp = 1;
    }
    for (size_t k = count; k-- > 0 && used < content_scores->recent;) {
        int32_t item = items[k];
        if (item == ID_NONE || item >= content_scores->items_max) { continue; }
        struct cell *cell = reach(content_scores, item);
        if (cell->recent_stamp == content_scores->stamp) { continue; }
        cell->recent_stamp = content_scores->stamp;
        if (!(weights[k] > 0.0F)) { continue; }
        add_like(content_scores, item, weight);
        weight *= DECAY;
        used++;
    }
    *ret_items = content_scores->touched;
    return content_scores->touched_count;
}

float content_scores_of(const struct content_scores *content_scores, int32_t item)
{
    bool touched = item < content_scores->capacity &&
                   content_scores->cells[item].stamp == content_scores->stamp;
    return touched ? content_scores->cells[item].sum : 0.0F;
}

int32_t content_scores_because(const struct content_scores *content_scores, int32_t item,
                               float *ret_share)
{
    if (!(content_scores_of(content_scores, item) > 0.0F)) { return ID_NONE; }
    const struct cell *cell = &content_scores->cells[item];
    *ret_share = cell->most / cell->sum;
    return cell->because;
}
