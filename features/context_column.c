#include "base/base.h"
#include "base/xalloc.h"
#include "features/context_column.h"
#include "model/counting/context_text.h"

void context_column_release(struct context_column *column)
{
    free(column->texts);
    free(column->known);
    free(column->numbers);
    *column = (struct context_column){0};
}

void context_column_begin(struct context_column *column, size_t most)
{
    column->texts_count = column->count = 0;
    if (most <= column->capacity) { return; }
    column->capacity = MAX_OF(most, column->capacity * 2);
    column->texts = xreallocarray(column->texts, column->capacity, sizeof(*column->texts));
    column->known = xreallocarray(column->known, column->capacity, sizeof(*column->known));
    column->numbers = xreallocarray(column->numbers, column->capacity, sizeof(*column->numbers));
}

/* The contexts of a user are few, and often that of the action before. */
static int32_t number_of(struct context_column *column, const struct ids *ids, int32_t context)
{
    size_t k = column->texts_count;
    if (column->count) {
        int32_t before = column->numbers[column->count - 1];
        if (before && column->known[before - 1] == context) { return before; }
    }
    for (size_t i = 0; i < column->texts_count; i++) {
        if (column->known[i] == context) { return (int32_t)i + 1; }
    }
    column->known[k] = context;
    column->texts[k] = ids_text(ids, context - 1);
    column->texts_count++;
    return (int32_t)k + 1;
}

void context_column_add(struct context_column *column, const struct ids *ids, int32_t context)
{
    assert(column->count < column->capacity && context >= 0);
    int32_t number = context ? number_of(column, ids, context) : 0;
    column->numbers[column->count++] = number;
}

struct slices context_column_texts(const struct context_column *column)
{
    return (struct slices){column->texts, column->texts_count};
}

struct ints context_column_numbers(const struct context_column *column)
{
    return (struct ints){column->numbers, column->texts_count ? column->count : 0};
}

bool context_column_valid(const struct slices *texts, const struct ints *numbers, size_t count)
{
    if (numbers->count != count && numbers->count != 0) { return false; }
    for (size_t k = 0; k < texts->count; k++) {
        if (!context_text_valid(texts->at[k])) { return false; }
    }
    for (size_t k = 0; k < numbers->count; k++) {
        if (numbers->at[k] < 0 || (size_t)numbers->at[k] > texts->count) { return false; }
    }
    return true;
}

int context_column_get(const struct slices *texts, const struct ints *numbers, size_t at,
                       struct ids *ids, int32_t *ret_context)
{
    *ret_context = 0;
    if (!numbers->count || !numbers->at[at]) { return 0; }
    int32_t number = ids_put(ids, texts->at[numbers->at[at] - 1]);
    if (number == ID_NONE) { return -ENOSPC; }
    *ret_context = number + 1;
    return 0;
}
