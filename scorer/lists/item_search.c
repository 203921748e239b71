#include "base/base.h"
#include "base/xalloc.h"
#include "embed/text/text_words.h"
#include "model/topk.h"
#include "model/word_index.h"
#include "scorer/lists/item_search.h"

enum { SEARCH_WORDS_MAX = 10000000 };

struct item_search {
    const struct ids *items;
    struct ids *words;
    struct word_index *index;
    struct topk top;
    uint32_t numbers[INDEX_WORDS_EACH_MAX]; /* of an item */
    size_t numbers_count;
    int32_t query[QUERY_WORDS_MAX];
    size_t query_count;
    int32_t found[FOUND_ITEMS_MAX];
};

struct item_search *item_search_new(int32_t items_max, const struct ids *ids)
{
    struct item_search *search = xcalloc(1, sizeof(*search));
    search->items = ids;
    search->words = ids_new(SEARCH_WORDS_MAX);
    search->index = word_index_new(items_max);
    topk_init(&search->top, ids_before, ids);
    return search;
}

struct item_search *item_search_free(struct item_search *search)
{
    if (!search) { return NULL; }
    ids_free(search->words);
    word_index_free(search->index);
    topk_release(&search->top);
    free(search);
    return NULL;
}

/* ---- Items ---- */

static void add_word(void *arg, struct slice word)
{
    struct item_search *search = arg;
    if (search->numbers_count == INDEX_WORDS_EACH_MAX) { return; }
    int32_t number = ids_put(search->words, word);
    if (number == ID_NONE) { return; }
    search->numbers[search->numbers_count++] = (uint32_t)number;
}

static bool is_used(const void *arg, int32_t number)
{
    const struct item_search *search = arg;
    return word_index_uses(search->index, (uint32_t)number);
}

size_t item_search_words(const struct item_search *search)
{
    return (size_t)(SEARCH_WORDS_MAX - ids_room(search->words));
}

void item_search_put(struct item_search *search, int32_t number, const struct item *item)
{
    /* Titles that change leave words behind that no item has any more. */
    ids_forget_unused(search->words, word_index_used(search->index), is_used, search);
    search->numbers_count = 0;
    text_words_each(item->title, add_word, search);
    for (size_t k = 0; k < item->tags.count; k++) {
        text_words_each(item->tags.at[k], add_word, search);
    }
    text_words_each(item->brand, add_word, search);
    for (size_t k = 0; k < item->category.count; k++) {
        text_words_each(item->category.at[k], add_word, search);
    }
    (void)word_index_put(search->index, number, search->numbers, search->numbers_count);
}

void item_search_remove(struct item_search *search, int32_t number)
{
    (void)word_index_put(search->index, number, NULL, 0);
}

/* ---- Queries ---- */

/* A word counts once; each that no item has counts as one of its own. */
static void ask_word(void *arg, struct slice word)
{
    struct item_search *search = arg;
    int32_t number = ids_find(search->words, word);
    if (search->query_count == QUERY_WORDS_MAX) { return; }
    if (number != ID_NONE && !is_used(search, number)) { number = ID_NONE; }
    for (size_t k = 0; number != ID_NONE && k < search->query_count; k++) {
        if (search->query[k] == number) { return; }
    }
    search->query[search->query_count++] = number;
}

static bool allows(const void *arg, int32_t item)
{
    return !item_flags_barred(arg, item);
}

/* Finds the candidates; returns how many. */
static size_t find_candidates(struct item_search *search, const struct search_query *query,
                              const struct item_flags *flags)
{
    size_t count = 0;
    topk_clear(&search->top, FOUND_EACH);
    word_index_offer(search->index, search->query, search->query_count, allows, flags,
                     &search->top);
    topk_shrink(&search->top);
    for (; count < search->top.count; count++) {
        search->found[count] = search->top.entries[count].item;
    }
    size_t by_words = count;
    for (size_t k = 0; query->vectors && k < query->nearest_count; k++) {
        int32_t item = query->nearest[k];
        bool there = item_flags_barred(flags, item);
        for (size_t c = 0; c < by_words && !there; c++) { there = search->found[c] == item; }
        if (!there) { search->found[count++] = item; }
    }
    return count;
}

/* The scale of cosines. */
struct range {
    float floor, best;
};

static struct range find_range(const struct search_query *query)
{
    struct range range = {0.0F, 0.0F};
    for (size_t k = 0; k < query->nearest_count; k++) {
        float cosine = vector_neighbours_cosine(query->vectors, query->vector, query->nearest[k]);
        range.best = MAX_OF(range.best, cosine);
        bool last = k + 1 == FOUND_EACH;
        if (last && cosine < range.best) { range.floor = MAX_OF(cosine, 0.0F); }
    }
    return range;
}

static double by_vector(const struct search_query *query, const struct range *range, int32_t item)
{
    float cosine = vector_neighbours_cosine(query->vectors, query->vector, item);
    if (!(range->best > range->floor)) { return 0.0; }
    return MAX_OF(((double)cosine - (double)range->floor) /
                      ((double)range->best - (double)range->floor), 0.0);
}

size_t item_search_find(struct item_search *search, const struct search_query *query,
                        const struct item_flags *flags,
                        struct found_item ret_found[static FOUND_ITEMS_MAX])
{
    search->query_count = 0;
    text_words_each(query->text, ask_word, search);
    assert(query->nearest_count <= FOUND_EACH);
    double full = word_index_full(search->index, search->query, search->query_count);
    struct range range = {0};
    if (query->vectors) { range = find_range(query); }
    double v = query->vectors && range.best > 0.0F ? query->vectors_weight : 0.0, best = 0.0;
    size_t count = find_candidates(search, query, flags);
    topk_clear(&search->top, FOUND_ITEMS_MAX);
    for (size_t k = 0; k < count; k++) {
        int32_t item = search->found[k];
        double words = full > 0.0 ? word_index_score(search->index, search->query,
                                                     search->query_count, item) / full
                                  : 0.0;
        double match = (1.0 - v) * words + (v > 0.0 ? v * by_vector(query, &range, item) : 0.0);
        best = MAX_OF(best, match);
        if (match > 0.0) { topk_push(&search->top, match, item); }
    }
    topk_sort(&search->top);
    for (size_t k = 0; k < search->top.count; k++) {
        const struct topk_entry *entry = &search->top.entries[k];
        ret_found[k] = (struct found_item){entry->item, (float)(entry->score / best)};
    }
    return search->top.count;
}
