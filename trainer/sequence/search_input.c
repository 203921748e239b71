#include "base/base.h"
#include "base/xalloc.h"
#include "trainer/sequence/search_input.h"

enum { ROWS_FIRST = 64 };

void search_input_init(struct search_input *input, struct search_table *table)
{
    *input = (struct search_input){.table = table};
    if (table) { input->vector = xcalloc(search_table_width(table), sizeof(*input->vector)); }
}

void search_input_release(struct search_input *input)
{
    free(input->rows);
    free(input->vector);
    *input = (struct search_input){0};
}

void search_input_clear(struct search_input *input)
{
    input->count = 0;
}

/* Says whether the model takes vectors of the table's encoder. */
static bool takes(const struct search_input *input, const struct content_input *content)
{
    return input->table && content->space.id &&
           content->space.width == search_table_width(input->table) &&
           strcmp(content->space.model, search_table_model(input->table)) == 0;
}

/* Adds a search's row to the batch; false: it has no vector. */
static bool add_row(struct search_input *input, const struct content_input *content, size_t search)
{
    const size_t rank = content->rank;
    if (!search_table_read(input->table, (int32_t)search, input->vector)) { return false; }
    if ((input->count + 1) * rank > input->capacity) {
        input->capacity = MAX_OF(2 * input->capacity, ROWS_FIRST * rank);
        input->rows = xreallocarray(input->rows, input->capacity, sizeof(*input->rows));
    }
    content_input_shorten(content, input->vector, 1, input->rows + input->count++ * rank);
    return true;
}

size_t search_input_place(struct search_input *input, const struct content_input *content,
                          int32_t *items, float *weights, size_t count)
{
    const bool taken = takes(input, content);
    size_t kept = 0;
    for (size_t i = 0; i < count; i++) {
        int32_t token = items[i];
        if (token <= PACK_SEARCH) {
            if (!taken || !add_row(input, content, pack_search(token))) { continue; }
            token = pack_of_search(input->count - 1);
        }
        if (weights) { weights[kept] = weights[i]; }
        items[kept++] = token;
    }
    return kept;
}
