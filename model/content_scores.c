/* A cell is valid when its stamp is that of the present call, so that nothing has to be cleared
 * between calls. When the stamp wraps round to 0, all cells are cleared once. There is a cell for
 * each item that is described.
 *
 * Most of the time is that of adding 2,000 parts to cells in no order: whether a cell is touched
 * for the first time, and whether a part is the largest, cannot be foreseen, so add() has no
 * branches for it.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/content_scores.h"
#include "model/feature_neighbours.h"
#include "model/lanes.h"
#include "model/vector_kinds.h"

enum { CELLS_FIRST = 1024, ROWS_AHEAD = 2 };

#define DECAY 0.6F
#define DECAY_COMPARED 0.85F

struct cell {
    uint32_t stamp; /* of the call that touched it */
    float sum;
    float most; /* the largest part of the sum, */
    int32_t because; /* and the recent item that it is of */
};

/* What a row of neighbours adds: as many parts as items, in a whole number of lanes. */
struct parts {
    int32_t items[NEAREST_ITEMS];
    float at[(NEAREST_ITEMS + LANES - 1) / LANES * LANES];
    size_t count;
};

struct content_scores {
    struct feature_neighbours *features;
    struct vector_kinds kinds; /* the ones that are used, in the order of the sums */
    bool features_known[FEATURE_ASPECTS];
    int32_t items_max;
    size_t recent;
    int32_t *sources; /* the recent items of the last call, newest first */
    size_t sources_count;
    struct cell *cells;
    uint32_t *recent_stamps; /* by item: of the call that had it as a recent item */
    int32_t *touched;
    float *found; /* their scores */
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
    vector_kinds_init(&content_scores->kinds, items_max, ids);
    content_scores->recent = recent;
    content_scores->sources = xcalloc(recent + 1, sizeof(*content_scores->sources));
    return content_scores;
}

struct content_scores *content_scores_free(struct content_scores *content_scores)
{
    if (!content_scores) { return NULL; }
    feature_neighbours_free(content_scores->features);
    vector_kinds_release(&content_scores->kinds);
    free(content_scores->sources);
    free(content_scores->cells);
    free(content_scores->recent_stamps);
    free(content_scores->touched);
    free(content_scores->found);
    free(content_scores);
    return NULL;
}

void content_scores_map(struct content_scores *content_scores, const char *directory)
{
    vector_kinds_map(&content_scores->kinds, directory);
}

/* Makes room for an item's cell. */
static void reserve(struct content_scores *scores, int32_t item)
{
    if (item < scores->capacity) { return; }
    int64_t wanted = MAX_OF(2 * (int64_t)item, (int64_t)CELLS_FIRST);
    size_t old = (size_t)scores->capacity, capacity = (size_t)MIN_OF(wanted, (int64_t)INT32_MAX);
    scores->cells = xreallocarray(scores->cells, capacity, sizeof(*scores->cells));
    scores->recent_stamps =
        xreallocarray(scores->recent_stamps, capacity, sizeof(*scores->recent_stamps));
    memset(scores->cells + old, 0, (capacity - old) * sizeof(*scores->cells));
    memset(scores->recent_stamps + old, 0, (capacity - old) * sizeof(*scores->recent_stamps));
    scores->touched = xreallocarray(scores->touched, capacity + 1, sizeof(*scores->touched));
    scores->found = xreallocarray(scores->found, capacity, sizeof(*scores->found));
    scores->capacity = (int32_t)capacity;
}

/* ---- Describing ---- */

bool content_scores_describe(struct content_scores *content_scores, int32_t number,
                             const uint32_t *features, size_t count)
{
    if (number < 0 || number >= content_scores->items_max) { return false; }
    reserve(content_scores, number);
    return feature_neighbours_put(content_scores->features, number, features, count);
}

_Static_assert((int)ASPECT_TEXT == (int)FEATURE_ASPECTS, "aspects of features come first");

void content_scores_set_aspect(struct content_scores *content_scores, uint32_t feature,
                               enum content_aspect aspect)
{
    feature_neighbours_set_aspect(content_scores->features, feature, (int)aspect);
    content_scores->features_known[aspect] = true;
}

bool content_scores_uses(const struct content_scores *content_scores, uint32_t feature)
{
    return feature_neighbours_uses(content_scores->features, feature);
}

size_t content_scores_used(const struct content_scores *content_scores)
{
    return feature_neighbours_used(content_scores->features);
}

/* ---- Vectors ---- */

int content_scores_kind(struct content_scores *content_scores, struct slice name)
{
    return vector_kinds_find(&content_scores->kinds, name);
}

int content_scores_kinds(const struct content_scores *content_scores)
{
    return content_scores->kinds.end;
}

struct slice content_scores_kind_name(const struct content_scores *content_scores, int kind)
{
    assert(kind >= 0 && kind < content_scores->kinds.end);
    return slice_str(content_scores->kinds.at[kind].name);
}

bool content_scores_set_vector(struct content_scores *content_scores, int32_t number, int kind,
                               const int8_t *numbers, size_t width)
{
    struct vector_neighbours *vectors = content_scores->kinds.at[kind].vectors;
    if (!vectors) { return false; }
    if (number >= 0 && number < content_scores->items_max) { reserve(content_scores, number); }
    const bool changed = numbers ? vector_neighbours_put(vectors, number, numbers, width)
                                 : vector_neighbours_remove(vectors, number);
    if (changed) { vector_kinds_note(&content_scores->kinds, kind); }
    return changed;
}

struct vector_neighbours *content_scores_vectors(struct content_scores *content_scores,
                                                 int kind)
{
    return content_scores->kinds.at[kind].vectors;
}

/* ---- Scores ---- */

/* What features, or vectors, of this cosine say. */
static inline float features_part(float cosine)
{
    float root = sqrtf(cosine);
    return root * sqrtf(root);
}

static inline float vectors_part(float cosine)
{
    return cosine * cosine;
}

/* Takes a row's items, and their cosines as parts. */
static void take_row(const struct alike *alike, size_t count, struct parts *parts)
{
    for (size_t k = 0; k < count; k++) {
        parts->items[k] = alike[k].item;
        parts->at[k] = alike[k].cosine;
    }
    parts->count = count;
}

/* Adds the parts to their cells. */
static void add(struct content_scores *content_scores, int32_t source, const struct parts *parts)
{
    uint32_t stamp = content_scores->stamp;
    int32_t *touched = content_scores->touched;
    size_t count = content_scores->touched_count;
    for (size_t k = 0; k < parts->count; k++) {
        int32_t item = parts->items[k];
        float part = parts->at[k];
        struct cell *cell = &content_scores->cells[item];
        bool fresh = cell->stamp != stamp;
        float sum = fresh ? 0.0F : cell->sum, most = fresh ? 0.0F : cell->most;
        int32_t because = fresh ? source : cell->because;
        touched[count] = item;
        count += fresh;
        cell->stamp = stamp;
        cell->sum = sum + part;
        cell->because = part > most ? source : because;
        cell->most = part > most ? part : most;
    }
    content_scores->touched_count = count;
}

static void weigh_features(struct parts *parts, float weight)
{
    for (size_t at = 0; at < parts->count; at += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            parts->at[at + lane] = weight * features_part(parts->at[at + lane]);
        }
    }
}

static void weigh_vectors(struct parts *parts, float weight)
{
    for (size_t at = 0; at < parts->count; at += LANES) {
        for (size_t lane = 0; lane < LANES; lane++) {
            parts->at[at + lane] = weight * vectors_part(parts->at[at + lane]);
        }
    }
}

/* The vectors of the kind that is the k-th of the sums. */
static struct vector_neighbours *used_vectors(const struct content_scores *content_scores, int k)
{
    return vector_kinds_used(&content_scores->kinds, k)->vectors;
}

bool content_scores_empty(const struct content_scores *content_scores)
{
    size_t known = feature_neighbours_count(content_scores->features);
    for (int k = 0; k < content_scores->kinds.used_count && !known; k++) {
        known = vector_neighbours_count(used_vectors(content_scores, k));
    }
    return !known;
}

/* Says whether anything is known of an item. */
static bool is_known(const struct content_scores *content_scores, int32_t item)
{
    bool known = feature_neighbours_has(content_scores->features, item);
    for (int k = 0; k < content_scores->kinds.used_count && !known; k++) {
        known = vector_neighbours_has(used_vectors(content_scores, k), item);
    }
    return known;
}

static void add_like(struct content_scores *content_scores, int32_t item, float weight)
{
    struct parts parts = {.count = 0};
    size_t count;
    const struct alike *alike = feature_neighbours_of(content_scores->features, item, &count);
    take_row(alike, count, &parts);
    weigh_features(&parts, weight);
    add(content_scores, item, &parts);
    for (int k = 0; k < content_scores->kinds.used_count; k++) {
        alike = vector_neighbours_of(used_vectors(content_scores, k), item, &count);
        take_row(alike, count, &parts);
        weigh_vectors(&parts, weight);
        add(content_scores, item, &parts);
    }
}

/* Asks the cache for the rows of an item. */
static void fetch(const struct content_scores *content_scores, int32_t item,
                  enum nearest_step step)
{
    feature_neighbours_fetch(content_scores->features, item, step);
    for (int k = 0; k < content_scores->kinds.used_count; k++) {
        vector_neighbours_fetch(used_vectors(content_scores, k), item, step);
    }
}

/* Takes the recent items of which something is known, newest first. */
static void choose_sources(struct content_scores *content_scores, const int32_t *items,
                           const float *weights, size_t count)
{
    size_t used = 0, first = count - MIN_OF(count, 2 * content_scores->recent);
    for (size_t k = first; k < count; k++) {
        if (items[k] >= 0) { fetch(content_scores, items[k], NEAREST_PLACE); }
    }
    for (size_t k = count; k-- > 0 && used < content_scores->recent;) {
        int32_t item = items[k];
        if (item == ID_NONE || item >= content_scores->items_max) { continue; }
        reserve(content_scores, item);
        if (content_scores->recent_stamps[item] == content_scores->stamp) { continue; }
        content_scores->recent_stamps[item] = content_scores->stamp;
        if (!(weights[k] > 0.0F) || !is_known(content_scores, item)) { continue; }
        fetch(content_scores, item, NEAREST_SLOT);
        content_scores->sources[used++] = item;
    }
    content_scores->sources_count = used;
}

/* Adds what is like them; the row of the next one is on its way to the cache. */
static void add_sources(struct content_scores *content_scores)
{
    const int32_t *sources = content_scores->sources;
    size_t count = content_scores->sources_count;
    float weight = 1.0F;
    for (size_t k = 0; k < MIN_OF(count, (size_t)ROWS_AHEAD); k++) {
        fetch(content_scores, sources[k], NEAREST_ROW);
    }
    for (size_t k = 0; k < count; k++, weight *= DECAY) {
        if (k + ROWS_AHEAD < count) { fetch(content_scores, sources[k + ROWS_AHEAD], NEAREST_ROW); }
        add_like(content_scores, sources[k], weight);
    }
}

size_t content_scores_find(struct content_scores *content_scores, const int32_t *items,
                           const float *weights, size_t count, const int32_t **ret_items)
{
    content_scores->touched_count = 0;
    if (++content_scores->stamp == 0) {
        size_t capacity = (size_t)content_scores->capacity;
        memset(content_scores->cells, 0, capacity * sizeof(*content_scores->cells));
        memset(content_scores->recent_stamps, 0,
               capacity * sizeof(*content_scores->recent_stamps));
        content_scores->stamp = 1;
    }
    choose_sources(content_scores, items, weights, count);
    add_sources(content_scores);
    for (size_t k = 0; k < content_scores->touched_count; k++) {
        content_scores->found[k] = content_scores->cells[content_scores->touched[k]].sum;
    }
    *ret_items = content_scores->touched;
    return content_scores->touched_count;
}

const float *content_scores_found(const struct content_scores *content_scores)
{
    return content_scores->found;
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

/* What a recent item says of another one, whose features have this cosine with its own. */
static float part_between(const struct content_scores *content_scores, int32_t source, int32_t item,
                          float cosine)
{
    float part = features_part(cosine);
    for (int k = 0; k < content_scores->kinds.used_count; k++) {
        struct vector_neighbours *vectors = used_vectors(content_scores, k);
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
        int32_t source = content_scores->sources[k];
        float cosine = feature_neighbours_cosine(content_scores->features, source, item);
        float part = weight * part_between(content_scores, source, item, cosine);
        like.score += part;
        if (part <= most) { continue; }
        most = part;
        like.because = content_scores->sources[k];
    }
    like.share = most > 0.0F ? most / like.score : 0.0F;
    return like;
}

enum { COMPARED_AT_ONCE = 32 };

/* Adds what some of the recent items say of some items; returns the weight of the next one. */
static float compare_some(const struct content_scores *content_scores, const int32_t *sources,
                          size_t sources_count, float first_weight, const int32_t *items,
                          size_t count, float *scores)
{
    float cosines[COMPARED_AT_ONCE * PANEL_ITEMS], weight = first_weight;
    feature_neighbours_cosines(content_scores->features, sources, sources_count, items, count,
                               cosines);
    for (size_t i = 0; i < count; i++) {
        weight = first_weight;
        for (size_t k = 0; k < sources_count; k++, weight *= DECAY_COMPARED) {
            scores[i] += weight * part_between(content_scores, sources[k], items[i],
                                               cosines[i * sources_count + k]);
        }
    }
    return weight;
}

void content_scores_compare_all(const struct content_scores *content_scores, const int32_t *items,
                                size_t count, float *ret_scores)
{
    memset(ret_scores, 0, count * sizeof(*ret_scores));
    for (size_t i = 0; i < count; i += COMPARED_AT_ONCE) {
        float weight = 1.0F;
        size_t some = MIN_OF(count - i, (size_t)COMPARED_AT_ONCE);
        for (size_t k = 0; k < content_scores->sources_count; k += PANEL_ITEMS) {
            size_t sources = MIN_OF(content_scores->sources_count - k, (size_t)PANEL_ITEMS);
            weight = compare_some(content_scores, content_scores->sources + k, sources, weight,
                                  items + i, some, ret_scores + i);
        }
    }
}

int content_scores_rows(const struct content_scores *content_scores)
{
    return 1 + content_scores->kinds.used_count;
}

const struct alike *content_scores_row(struct content_scores *content_scores, int by,
                                       int32_t item, size_t *ret_count)
{
    assert(by >= 0 && by <= content_scores->kinds.used_count);
    if (by == 0) { return feature_neighbours_of(content_scores->features, item, ret_count); }
    return vector_neighbours_of(used_vectors(content_scores, by - 1), item, ret_count);
}

/* ---- Aspects ---- */

bool content_scores_knows(const struct content_scores *content_scores, enum content_aspect aspect)
{
    bool known = (int)aspect < (int)FEATURE_ASPECTS && content_scores->features_known[aspect];
    for (int k = 0; k < content_scores->kinds.used_count && !known; k++) {
        known = vector_kinds_used(&content_scores->kinds, k)->aspect == (int)aspect &&
                vector_neighbours_count(used_vectors(content_scores, k)) > 0;
    }
    return known;
}

static void score_features(const struct content_scores *content_scores, const int32_t *items,
                           size_t count, float *ret_scores, size_t stride)
{
    struct feature_neighbours *features = content_scores->features;
    float weight = 1.0F;
    feature_neighbours_profile_clear(features);
    for (size_t k = 0; k < content_scores->sources_count; k++, weight *= DECAY_COMPARED) {
        feature_neighbours_profile_add(features, content_scores->sources[k], weight);
    }
    feature_neighbours_profile_scores(features, items, count, ret_scores, stride);
}

/* Adds the scores by vectors of a kind to those of its aspect. */
static void add_vectors(const struct content_scores *content_scores,
                        struct vector_neighbours *vectors, const int32_t *items, size_t count,
                        float *scores)
{
    float profile[VECTOR_WIDTH_MAX] = {0}, weight = 1.0F;
    bool any = false;
    for (size_t k = 0; k < content_scores->sources_count; k++, weight *= DECAY_COMPARED) {
        any |= vector_neighbours_profile_add(vectors, content_scores->sources[k], weight, profile);
    }
    if (any) { vector_neighbours_profile_scores(vectors, profile, items, count, scores); }
}

void content_scores_by_aspect(struct content_scores *content_scores, const int32_t *items,
                              size_t count, float *ret_scores, size_t stride)
{
    score_features(content_scores, items, count, ret_scores, stride);
    for (size_t a = FEATURE_ASPECTS; a < ASPECTS; a++) {
        memset(ret_scores + a * stride, 0, count * sizeof(*ret_scores));
    }
    for (int k = 0; k < content_scores->kinds.used_count; k++) {
        struct vector_neighbours *vectors = used_vectors(content_scores, k);
        const int aspect = vector_kinds_used(&content_scores->kinds, k)->aspect;
        if (!vector_neighbours_count(vectors)) { continue; }
        add_vectors(content_scores, vectors, items, count, ret_scores + (size_t)aspect * stride);
    }
}
