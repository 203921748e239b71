#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "model/number_set.h"
#include "model/postings.h"

enum { ITEMS_FIRST = 4 };

/* An item's place in the list of a number that it has. */
static uint32_t *place_in(const struct postings *postings, int32_t item, uint32_t number)
{
    const struct posting_card *card = postings->card(postings->owner, item);
    size_t at = number_set_find(card->numbers, card->count, number);
    assert(at < card->count);
    return &card->numbers[card->count + at];
}

static void post(const struct postings *postings, uint32_t number, int32_t item)
{
    struct posting_list *list = postings->list(postings->owner, number);
    ARRAY_RESERVE(list->items, list->capacity, list->count + 1, ITEMS_FIRST);
    *place_in(postings, item, number) = (uint32_t)list->count;
    list->items[list->count++] = item;
    postings->changed(postings->owner, number, list->count - 1);
}

static void take_off(const struct postings *postings, uint32_t number, int32_t item)
{
    struct posting_list *list = postings->list(postings->owner, number);
    const uint32_t place = *place_in(postings, item, number);
    const int32_t last = list->items[--list->count];
    list->items[place] = last;
    *place_in(postings, last, number) = place;
    postings->changed(postings->owner, number, list->count + 1);
}

void postings_replace(const struct postings *postings, int32_t item, const uint32_t *numbers,
                      size_t count)
{
    struct posting_card *card = postings->card(postings->owner, item);
    for (uint32_t at = 0; at < card->count; at++) {
        uint32_t number = card->numbers[at];
        if (!number_set_has(numbers, count, number)) { take_off(postings, number, item); }
    }
    const struct posting_card before = *card;
    *card = (struct posting_card){.count = (uint32_t)count};
    if (count) { card->numbers = xcalloc(2 * count, sizeof(*card->numbers)); }
    if (count) { memcpy(card->numbers, numbers, count * sizeof(*numbers)); }
    for (size_t at = 0; at < count; at++) {
        size_t old = number_set_find(before.numbers, before.count, numbers[at]);
        if (old < before.count) {
            card->numbers[count + at] = before.numbers[before.count + old];
        } else {
            post(postings, numbers[at], item);
        }
    }
    free(before.numbers);
}
