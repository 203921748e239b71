#include "base/base.h"
#include "base/xalloc.h"
#include "embed/text/text_words.h"
#include "model/feature_neighbours.h"
#include "model/ids.h"
#include "scorer/lists/item_features.h"

enum { FEATURES_MAX = 10000000, BANDS_AN_OCTAVE = 2, BANDS_MAX = 256 };

/* What a feature begins with, so that those of two kinds differ where their texts do not. */
#define OF_TAG '\x04'
#define OF_TITLE ' '
#define OF_BRAND '\x01'
#define OF_CATEGORY '\x02'
#define OF_PRICE '\x03'

struct item_features {
    struct ids *ids;
    struct content_scores *scores; /* of the item that is described */
    uint32_t numbers[FEATURES_EACH_MAX];
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

/* The aspect of what a feature begins with. */
static enum content_aspect aspect_of(char begin)
{
    switch (begin) {
    case OF_TITLE: return ASPECT_WORDS;
    case OF_BRAND: return ASPECT_BRAND;
    case OF_CATEGORY: return ASPECT_CATEGORY;
    case OF_PRICE: return ASPECT_PRICE;
    default: return ASPECT_TAGS;
    }
}

static void add_feature(struct item_features *features, struct slice text)
{
    assert(text.size);
    if (features->numbers_count == FEATURES_EACH_MAX) { return; }
    int32_t number = ids_put(features->ids, text);
    if (number == ID_NONE) { return; }
    features->numbers[features->numbers_count++] = (uint32_t)number;
    content_scores_set_aspect(features->scores, (uint32_t)number, aspect_of(text.data[0]));
}

/* Adds a text of a kind; a longer one counts by its beginning. */
static void add_text(struct item_features *features, char kind, struct slice text)
{
    char with_kind[ID_BYTES_MAX + 1] = {kind};
    size_t size = MIN_OF(text.size, (size_t)ID_BYTES_MAX);
    if (!size) { return; }
    memcpy(with_kind + 1, text.data, size);
    add_feature(features, slice_of(with_kind, size + 1));
}

static void add_word(void *arg, struct slice word)
{
    add_text(arg, OF_TITLE, word);
}

/* Prices of the same half of an octave are alike. */
static void add_price(struct item_features *features, double price)
{
    if (!(price > 0.0) || !isfinite(price)) { return; }
    char band = (char)((int)floor(BANDS_AN_OCTAVE * log2(price)) % BANDS_MAX);
    add_text(features, OF_PRICE, slice_of(&band, 1));
}

static bool is_used(const void *arg, int32_t number)
{
    const struct item_features *features = arg;
    return content_scores_uses(features->scores, (uint32_t)number);
}

size_t item_features_known(const struct item_features *features)
{
    return (size_t)(FEATURES_MAX - ids_room(features->ids));
}

bool item_features_describe(struct item_features *features, int32_t number,
                            const struct item *item, struct content_scores *content_scores)
{
    if (number < 0) { return false; }
    features->numbers_count = 0;
    features->scores = content_scores;
    /* Titles that change leave words behind that no item has any more. */
    ids_forget_unused(features->ids, content_scores_used(content_scores), is_used, features);
    for (size_t k = 0; k < item->tags.count; k++) {
        add_text(features, OF_TAG, item->tags.at[k]);
    }
    for (size_t k = 0; k < item->category.count; k++) {
        add_text(features, OF_CATEGORY, item->category.at[k]);
    }
    add_text(features, OF_BRAND, item->brand);
    add_price(features, item->price);
    text_words_each(item->title, add_word, features);
    return content_scores_describe(content_scores, number, features->numbers,
                                   features->numbers_count);
}
