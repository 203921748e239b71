/* A cell is valid when its stamp is that of the present call, so that nothing has to be cleared
 * between calls. When the stamp wraps round to 0, all cells are cleared once.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/content_scores.h"
#include "model/feature_neighbours.h"
#include "model/vector_neighbours.h"

enum { CELLS_FIRST = 1024, KIND_NAME_BYTES = 65 };

#define DECAY 0.6F
#define DECAY_COMPARED 0.85F

struct cell {
    uint32_t stamp;        /* of the call that touched it */
    uint32_t recent_stamp; /* of the call that had it as a recent item */
    float sum;
    float most; /* the largest part of the sum, */
    int32_t because; /* and the recent item that it is of */
};

struct content_scores {
    struct feature_neighbours *features;
    struct vector_neighbours *vectors[CONTENT_VECTOR_KINDS]; /* NULL: there is no such kind */
    char names[CONTENT_VECTOR_KINDS][KIND_NAME_BYTES];
    int order[CONTENT_VECTOR_KINDS]; /* of the kinds that there are, by name */
    int kinds;
    const struct ids *ids;
    int32_t items_max;
    size_t recent;
    int32_t *sources; /* the recent items of the last call, newest first */
    size_t sources_count;
    struct cell *cells;
    int32_t *touched;
    int32_t capacity;
    size_t touched_count;
    uint32_t stamp;
};

struct content_scores *content_scores_new(int32_t items_max, size_t recent,
                                          const struct ids *ids)
{
    struct content_scores *content_scores = xcalloc(1, sizeof(*content_scores));
    content_scores->features = feature_neighbours_new(items_max, ids);
    content_scores->items_max = items_max;
    content_scores->ids = ids;
    (void)content_scores_kind(content_scores, slice_str("text"));
    (void)content_scores_kind(content_scores, slice_str("given"));
    content_scores->recent = recent;
    content_scores->sources = xcalloc(recent + 1, sizeof(*content_scores->sources));
    return content_scores;
}

struct content_scores *content_scores_free(struct content_scores *content_scores)
{
    if (!content_scores) { return NULL; }
    feature_neighbours_free(content_scores->features);
    for (int kind = 0; kind < CONTENT_VECTOR_KINDS; kind++) {
        vector_neighbours_free(content_scores->vectors[kind]);
    }
    free(content_scores->sources);
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
        content_scores->touched = xreallocarray(content_scores->touched, (size_t)capacity,
                                                sizeof(*content_scores->touched));
        content_scores->capacity = (int32_t)capacity;
    }
    return &content_scores->cells[item];
}

/* ---- Describing ---- */

bool content_scores_describe(struct content_scores *content_scores, int32_t number,
                             const uint32_t *features, size_t count)
{
    return feature_neighbours_put(content_scores->features, number, features, count);
}

/* Puts the newest kind into its place, behind the first two, which keep theirs. */
static void order_newest(struct content_scores *content_scores)
{
    int *order = content_scores->order, at = content_scores->kinds - 1;
    for (; at > CONTENT_GIVEN + 1; at--) {
        const char *before = content_scores->names[order[at - 1]];
        if (strcmp(before, content_scores->names[content_scores->kinds - 1]) < 0) { break; }
        order[at] = order[at - 1];
    }
    order[at] = content_scores->kinds - 1;
}

int content_scores_kind(struct content_scores *content_scores, struct slice name)
{
    for (int kind = 0; kind < content_scores->kinds; kind++) {
        if (slice_equal(name, slice_str(content_scores->names[kind]))) { return kind; }
    }
    int kind = content_scores->kinds;
    if (kind == CONTENT_VECTOR_KINDS || !name.size || name.size >= KIND_NAME_BYTES) { return -1; }
    memcpy(content_scores->names[kind], name.data, name.size);
    content_scores->vectors[kind] =
        vector_neighbours_new(content_scores->items_max, content_scores->ids);
    content_scores->kinds++;
    order_newest(content_scores);
    return kind;
}

int content_scores_kinds(const struct content_scores *content_scores)
{
    return content_scores->kinds;
}

struct slice content_scores_kind_name(const struct content_scores *content_scores, int kind)
{
    assert(kind >= 0 && kind < content_scores->kinds);
    return slice_str(content_scores->names[kind]);
}

bool content_scores_set_vector(struct content_scores *content_scores, int32_t number, int kind,
                               const int8_t *numbers, size_t width)
{
    struct vector_neighbours *vectors = content_scores->vectors[kind];
    if (!numbers) { return vector_neighbours_remove(vectors, number); }
    return vector_neighbours_put(vectors, number, numbers, width);
}

struct vector_neighbours *content_scores_vectors(struct content_scores *content_scores,
                                                 int kind)
{
    return content_scores->vectors[kind];
}

/* ---- Scores ---- */

static void add_part(struct content_scores *content_scores, int32_t source, int32_t item,
                     float part)
{
    struct cell *cell = reach(content_scores, item);
    if (cell->stamp != content_scores->stamp) {
        cell->stamp = content_scores->stamp;
        cell->sum = cell->most = 0.0F;
        cell->because = source;
        content_scores->touched[content_scores->touched_count++] = item;
    }
    cell->sum += part;
    if (part <= cell->most) { return; }
    cell->most = part;
    cell->because = source;
}

/* What features, or vectors, of this cosine say. */
static float features_part(float cosine)
{
    float root = sqrtf(cosine);
    return root * sqrtf(root);
}

static float vectors_part(float cosine)
{
    return cosine * cosine;
}

static void add_like(struct content_scores *content_scores, int32_t item, float weight)
{
    size_t count;
    const struct alike *alike = feature_neighbours_of(content_scores->features, item, &count);
    for (size_t k = 0; k < count; k++) {
        float part = features_part(alike[k].cosine);
        add_part(content_scores, item, alike[k].item, weight * part);
    }
    for (int k = 0; k < content_scores->kinds; k++) {
        int kind = content_scores->order[k];
        alike = vector_neighbours_of(content_scores->vectors[kind], item, &count);
        for (size_t i = 0; i < count; i++) {
            float part = vectors_part(alike[i].cosine);
            add_part(content_scores, item, alike[i].item, weight * part);
        }
    }
}

size_t content_scores_find(struct content_scores *content_scores, const int32_t *items,
                           const float *weights, size_t count, const int32_t **ret_items)
{
    size_t used = 0;
    float weight = 1.0F;
    content_scores->touched_count = content_scores->sources_count = 0;
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
        content_scores->sources[used++] = item;
    }
    content_scores->sources_count = used;
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

/* ---- Comparing ---- */

static float part_between(const struct content_scores *content_scores, int32_t source, int32_t item)
{
    float part = features_part(feature_neighbours_cosine(content_scores->features, source, item));
    for (int k = 0; k < content_scores->kinds; k++) {
        const struct vector_neighbours *vectors =
            content_scores->vectors[content_scores->order[k]];
        part += vectors_part(MAX_OF(vector_neighbours_between(vectors, source, item), 0.0F));
    }
    return part;
}

struct content_likeness content_scores_compare(const struct content_scores *content_scores,
                                               int32_t item)
{
    struct content_likeness like = {.because = ID_NONE};
    float weight = 1.0F, most = 0.0F;
    for (size_t k = 0; k < content_scores->sources_count; k++, weight *= DECAY_COMPARED) {
        float part = weight * part_between(content_scores, content_scores->sources[k], item);
        like.score += part;
        if (part <= most) { continue; }
        most = part;
        like.because = content_scores->sources[k];
    }
    like.share = most > 0.0F ? most / like.score : 0.0F;
    return like;
}
