#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "evaluate/models/content.h"
#include "model/number_set.h"
#include "model/topk.h"

enum { POSTINGS_FIRST = 4, STALE_SHARE = 8 };

struct posting {
    int32_t *items;
    int32_t count;
    int32_t capacity;
};

struct card {
    uint32_t *features; /* sorted, each once; NULL: no such item */
    int32_t count;
    int32_t items_then; /* size of the catalogue when the norm was computed */
    float norm;
};

struct nearest_row {
    struct alike *alike;
    size_t count;
    int32_t items_then; /* size of the catalogue when it was computed; 0: never */
};

struct content {
    struct posting *postings; /* by feature */
    uint32_t features_max;
    struct card *cards;
    struct nearest_row *rows;
    int32_t items_max;
    int32_t items;
    size_t nearest;
    struct topk top;
    float *dots; /* scratch, all 0 between calls */
    int32_t *touched;
};

static bool smaller(const void *arg, int32_t a, int32_t b)
{
    return a < b;
}

struct content *content_new(int32_t items_max, size_t nearest)
{
    assert(items_max > 0 && nearest > 0 && nearest <= CONTENT_NEAREST_MAX);
    struct content *content = xcalloc(1, sizeof(*content));
    content->items_max = items_max;
    content->nearest = nearest;
    content->cards = xcalloc((size_t)items_max, sizeof(*content->cards));
    content->rows = xcalloc((size_t)items_max, sizeof(*content->rows));
    content->dots = xcalloc((size_t)items_max, sizeof(*content->dots));
    content->touched = xcalloc((size_t)items_max, sizeof(*content->touched));
    topk_init(&content->top, smaller, NULL);
    return content;
}

struct content *content_free(struct content *content)
{
    if (!content) { return NULL; }
    for (uint32_t f = 0; f < content->features_max; f++) { free(content->postings[f].items); }
    for (int32_t item = 0; item < content->items_max; item++) {
        free(content->cards[item].features);
        free(content->rows[item].alike);
    }
    free(content->postings);
    free(content->cards);
    free(content->rows);
    free(content->dots);
    free(content->touched);
    topk_release(&content->top);
    free(content);
    return NULL;
}

static void post(struct content *content, uint32_t feature, int32_t item)
{
    if (feature >= content->features_max) {
        uint32_t now = MAX_OF(feature + 1, content->features_max * 2);
        content->postings = xreallocarray(content->postings, now, sizeof(*content->postings));
        memset(content->postings + content->features_max, 0,
               (now - content->features_max) * sizeof(*content->postings));
        content->features_max = now;
    }
    struct posting *posting = &content->postings[feature];
    ARRAY_RESERVE(posting->items, posting->capacity, posting->count + 1, POSTINGS_FIRST);
    posting->items[posting->count++] = item;
}

int content_put(struct content *content, int32_t item, const uint32_t *features, size_t count)
{
    assert(item >= 0 && item < content->items_max);
    struct card *card = &content->cards[item];
    if (card->features) { return -EEXIST; }
    if (count > CONTENT_FEATURES_MAX) { return -E2BIG; }
    card->features = xmalloc(count * sizeof(*card->features));
    if (count) { memcpy(card->features, features, count * sizeof(*features)); }
    card->count = (int32_t)number_set_make(card->features, count);
    for (int32_t at = 0; at < card->count; at++) { post(content, card->features[at], item); }
    content->items++;
    return 0;
}

int32_t content_items(const struct content *content)
{
    return content->items;
}

const uint32_t *content_features(const struct content *content, int32_t item, size_t *ret_count)
{
    assert(item >= 0 && item < content->items_max);
    *ret_count = (size_t)content->cards[item].count;
    return content->cards[item].features;
}

static float idf(const struct content *content, uint32_t feature)
{
    int32_t df = content->postings[feature].count;
    return df < 2 ? 0.0F : logf((float)content->items / (float)df);
}

static float norm(struct content *content, int32_t item)
{
    struct card *card = &content->cards[item];
    if (card->items_then == content->items) { return card->norm; }
    float sum = 0.0F;
    for (int32_t at = 0; at < card->count; at++) {
        float weight = idf(content, card->features[at]);
        sum += weight * weight;
    }
    card->items_then = content->items;
    card->norm = sqrtf(sum);
    return card->norm;
}

/* Computes the dot products with all items that share a feature; returns their number. */
static size_t gather(struct content *content, int32_t item)
{
    const struct card *card = &content->cards[item];
    size_t touched = 0;
    for (int32_t at = 0; at < card->count; at++) {
        float weight = idf(content, card->features[at]);
        if (weight == 0.0F) { continue; }
        const struct posting *posting = &content->postings[card->features[at]];
        for (int32_t k = 0; k < posting->count; k++) {
            int32_t other = posting->items[k];
            if (content->dots[other] == 0.0F) { content->touched[touched++] = other; }
            content->dots[other] += weight * weight;
        }
    }
    return touched;
}

static void compute(struct content *content, int32_t item)
{
    struct nearest_row *row = &content->rows[item];
    float mine = norm(content, item);
    size_t touched = gather(content, item);
    topk_clear(&content->top, content->nearest);
    for (size_t at = 0; at < touched; at++) {
        int32_t other = content->touched[at];
        float dot = content->dots[other];
        content->dots[other] = 0.0F;
        if (other == item) { continue; }
        topk_push(&content->top, (double)(dot / (mine * norm(content, other))), other);
    }
    topk_sort(&content->top);
    row->count = content->top.count;
    row->alike = xreallocarray(row->alike, row->count + 1, sizeof(*row->alike));
    for (size_t at = 0; at < row->count; at++) {
        row->alike[at] = (struct alike){
            .item = content->top.entries[at].item,
            .cosine = (float)content->top.entries[at].score,
        };
    }
    row->items_then = content->items;
}

const struct alike *content_nearest(struct content *content, int32_t item, size_t *ret_count)
{
    assert(item >= 0 && item < content->items_max);
    struct nearest_row *row = &content->rows[item];
    *ret_count = 0;
    if (!content->cards[item].features) { return NULL; }
    bool stale = content->items > row->items_then + row->items_then / STALE_SHARE;
    if (row->items_then == 0 || stale) { compute(content, item); }
    *ret_count = row->count;
    return row->alike;
}
