#include "base/base.h"
#include "base/xalloc.h"
#include "model/content.h"
#include "model/ids.h"
#include "scorer/lists/item_features.h"

enum { FEATURES_MAX = 10000000, WORD_BYTES_MAX = 64 };

struct item_features {
    struct ids *ids;
    uint32_t numbers[CONTENT_FEATURES_MAX];
    size_t numbers_count;
};

struct item_features *item_features_new(void)
{
    struct item_features *features = xcalloc(1, sizeof(*features));
    features->ids = ids_new(FEATURES_MAX);
    return features;
}

struct item_features *item_features_free(struct item_features *features)
{
    if (!features) { return NULL; }
    ids_free(features->ids);
    free(features);
    return NULL;
}

static void add_feature(struct item_features *features, struct slice text)
{
    if (features->numbers_count == CONTENT_FEATURES_MAX || !text.size) { return; }
    int32_t number = ids_put(features->ids, text);
    if (number != ID_NONE) {
        features->numbers[features->numbers_count++] = (uint32_t)number;
    }
}

static bool in_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           (unsigned char)c >= 0x80;
}

/* A space before a word distinguishes it from a tag of the same text. */
static void add_words(struct item_features *features, struct slice title)
{
    char word[WORD_BYTES_MAX] = " ";
    size_t size = 1;
    for (size_t k = 0; k <= title.size; k++) {
        char c = k < title.size ? title.data[k] : ' ';
        if (in_word(c)) {
            if (size < sizeof(word)) { word[size++] = c >= 'A' && c <= 'Z' ? (char)(c + 32) : c; }
            continue;
        }
        if (size > 1) { add_feature(features, slice_of(word, size)); }
        size = 1;
    }
}

void item_features_describe(struct item_features *features, int32_t number,
                            const struct item *item, struct content_scores *content_scores)
{
    if (number < 0) { return; }
    features->numbers_count = 0;
    for (size_t k = 0; k < item->tags.count; k++) { add_feature(features, item->tags.at[k]); }
    add_words(features, item->title);
    content_scores_describe(content_scores, number, features->numbers, features->numbers_count);
}
