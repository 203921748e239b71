#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/ids.h"
#include "model/number_set.h"
#include "model/postings.h"
#include "model/word_index.h"

enum { CARDS_FIRST = 1024 };

#define SATURATION 1.2 /* k */
#define LENGTH_PART 0.75 /* b */

struct word_index {
    struct posting_list *postings; /* by word */
    size_t postings_count, words_used;
    struct posting_card *cards; /* by item; so are the next two */
    double *sums;            /* scratch, all 0 between calls */
    int32_t *touched;
    size_t cards_count, sums_capacity, touched_capacity, touched_count;
    int32_t items_max;
    int64_t items, words; /* that have words, and how many these are */
};

struct word_index *word_index_new(int32_t items_max)
{
    struct word_index *index = xcalloc(1, sizeof(*index));
    index->items_max = items_max;
    return index;
}

struct word_index *word_index_free(struct word_index *index)
{
    if (!index) { return NULL; }
    for (size_t w = 0; w < index->postings_count; w++) { free(index->postings[w].items); }
    for (size_t i = 0; i < index->cards_count; i++) { free(index->cards[i].numbers); }
    free(index->postings);
    free(index->cards);
    free(index->sums);
    free(index->touched);
    free(index);
    return NULL;
}

/* ---- Words ---- */

static struct posting_card *card_of(void *owner, int32_t item)
{
    struct word_index *index = owner;
    return &index->cards[item];
}

static struct posting_list *list_of(void *owner, uint32_t word)
{
    struct word_index *index = owner;
    ARRAY_RESERVE_ZEROS(index->postings, index->postings_count, (size_t)word + 1, CARDS_FIRST);
    return &index->postings[word];
}

static void count_used(void *owner, uint32_t word, int32_t before)
{
    struct word_index *index = owner;
    index->words_used += (size_t)(index->postings[word].count > 0) - (size_t)(before > 0);
}

bool word_index_put(struct word_index *index, int32_t item, const uint32_t *words, size_t count)
{
    uint32_t sorted[INDEX_WORDS_EACH_MAX];
    assert(count <= INDEX_WORDS_EACH_MAX);
    if (item < 0 || item >= index->items_max) { return false; }
    if (!count && (size_t)item >= index->cards_count) { return false; }
    if (count) { memcpy(sorted, words, count * sizeof(*sorted)); }
    count = number_set_make(sorted, count);
    ARRAY_RESERVE_ZEROS(index->cards, index->cards_count, (size_t)item + 1, CARDS_FIRST);
    const struct posting_card *card = &index->cards[item];
    bool same = card->count == count &&
                (!count || memcmp(card->numbers, sorted, count * sizeof(*sorted)) == 0);
    if (same) { return false; }
    index->items += (count > 0) - (card->count > 0);
    index->words += (int64_t)count - (int64_t)card->count;
    const struct postings postings = {card_of, list_of, count_used, index};
    postings_replace(&postings, item, sorted, count);
    return true;
}

bool word_index_uses(const struct word_index *index, uint32_t word)
{
    return word < index->postings_count && index->postings[word].count > 0;
}

size_t word_index_used(const struct word_index *index)
{
    return index->words_used;
}

/* ---- Scores ---- */

static double idf(const struct word_index *index, int32_t word)
{
    bool known = word >= 0 && (size_t)word < index->postings_count;
    double df = known ? (double)index->postings[word].count : 0.0;
    return log(1.0 + ((double)index->items - df + 0.5) / (df + 0.5));
}

/* Returns what a word's idf is multiplied by in an item. */
static double length_factor(const struct word_index *index, int32_t item)
{
    double mean = (double)index->words / (double)index->items;
    double length = (double)index->cards[item].count / mean;
    return (SATURATION + 1.0) / (1.0 + SATURATION * (1.0 - LENGTH_PART + LENGTH_PART * length));
}

static void add_word(struct word_index *index, int32_t word,
                     bool (*allows)(const void *arg, int32_t item), const void *arg)
{
    if (word < 0 || (size_t)word >= index->postings_count) { return; }
    const struct posting_list *posting = &index->postings[word];
    double weight = idf(index, word);
    for (int32_t k = 0; k < posting->count; k++) {
        int32_t item = posting->items[k];
        if (allows && !allows(arg, item)) { continue; }
        if (!(index->sums[item] > 0.0)) { index->touched[index->touched_count++] = item; }
        index->sums[item] += weight;
    }
}

void word_index_offer(struct word_index *index, const int32_t *words, size_t count,
                      bool (*allows)(const void *arg, int32_t item), const void *arg,
                      struct topk *top)
{
    ARRAY_RESERVE_ZEROS(index->sums, index->sums_capacity, index->cards_count, CARDS_FIRST);
    ARRAY_RESERVE(index->touched, index->touched_capacity, index->cards_count, CARDS_FIRST);
    index->touched_count = 0;
    for (size_t k = 0; k < count; k++) { add_word(index, words[k], allows, arg); }
    for (size_t k = 0; k < index->touched_count; k++) {
        int32_t item = index->touched[k];
        topk_push(top, index->sums[item] * length_factor(index, item), item);
        index->sums[item] = 0.0;
    }
}

double word_index_score(const struct word_index *index, const int32_t *words, size_t count,
                        int32_t item)
{
    double sum = 0.0;
    if (item < 0 || (size_t)item >= index->cards_count || !index->cards[item].count) { return 0.0; }
    const struct posting_card *card = &index->cards[item];
    for (size_t k = 0; k < count; k++) {
        bool has = words[k] != ID_NONE &&
                   number_set_has(card->numbers, card->count, (uint32_t)words[k]);
        if (has) { sum += idf(index, words[k]); }
    }
    return sum * length_factor(index, item);
}

double word_index_full(const struct word_index *index, const int32_t *words, size_t count)
{
    double sum = 0.0;
    if (!index->items) { return 0.0; }
    for (size_t k = 0; k < count; k++) { sum += idf(index, words[k]); }
    return sum;
}
