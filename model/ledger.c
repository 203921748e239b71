#include "base/base.h"
#include "base/xalloc.h"
#include "model/ledger.h"

enum { FIRST_CAPACITY = 4 };

struct list {
    struct ledger_entry *entries;
    size_t count;
    size_t capacity;
    double sum;
};

struct ledger {
    struct list *lists;
    int32_t count;
};

struct ledger *ledger_new(int32_t count)
{
    struct ledger *ledger = xcalloc(1, sizeof(*ledger));
    ledger->lists = xcalloc((size_t)count, sizeof(*ledger->lists));
    ledger->count = count;
    return ledger;
}

struct ledger *ledger_free(struct ledger *ledger)
{
    if (!ledger) { return NULL; }
    for (int32_t at = 0; at < ledger->count; at++) { free(ledger->lists[at].entries); }
    free(ledger->lists);
    free(ledger);
    return NULL;
}

void ledger_add(struct ledger *ledger, int32_t at, int32_t other, float rating)
{
    assert(at >= 0 && at < ledger->count);
    struct list *list = &ledger->lists[at];
    if (list->count == list->capacity) {
        list->capacity = MAX_OF(list->capacity * 2, (size_t)FIRST_CAPACITY);
        list->entries = xreallocarray(list->entries, list->capacity, sizeof(*list->entries));
    }
    list->entries[list->count++] = (struct ledger_entry){.other = other, .rating = rating};
    list->sum += (double)rating;
}

const struct ledger_entry *ledger_of(const struct ledger *ledger, int32_t at, size_t *ret_count)
{
    assert(at >= 0 && at < ledger->count);
    *ret_count = ledger->lists[at].count;
    return ledger->lists[at].entries;
}

double ledger_sum(const struct ledger *ledger, int32_t at)
{
    assert(at >= 0 && at < ledger->count);
    return ledger->lists[at].sum;
}

bool ledger_had(const int32_t *items, size_t count, int32_t item)
{
    for (size_t at = 0; at < count; at++) {
        if (items[at] == item) { return true; }
    }
    return false;
}
