#include "base/base.h"
#include "scorer/lists/content_rows.h"

static const char *const names[CONTENT_VECTOR_KINDS] = {
    [CONTENT_TEXT] = CONTENT_VECTOR_TEXT,
    [CONTENT_GIVEN] = CONTENT_VECTOR_GIVEN,
};

const char *content_rows_put(struct content_scores *content_scores, struct tables *tables,
                             const struct content_vectors *row)
{
    bool changed = false;
    if (!content_vectors_agree(row)) { return "columns_differ"; }
    int32_t number = tables_number(tables, row->item_id);
    if (number == ID_NONE) { return NULL; }
    for (int kind = 0; kind < CONTENT_VECTOR_KINDS; kind++) {
        struct content_vector vector = {0};
        (void)content_vectors_find(row, names[kind], &vector);
        changed |= content_scores_set_vector(content_scores, number, kind, vector.numbers,
                                             vector.width);
    }
    if (changed) { tables->catalogue_changed = tables_change(tables); }
    return NULL;
}

void content_rows_remove(struct content_scores *content_scores, struct tables *tables,
                         struct slice id)
{
    bool changed = false;
    int32_t number = ids_find(tables->ids, id);
    if (number == ID_NONE) { return; }
    for (int kind = 0; kind < CONTENT_VECTOR_KINDS; kind++) {
        changed |= content_scores_set_vector(content_scores, number, kind, NULL, 0);
    }
    if (changed) { tables->catalogue_changed = tables_change(tables); }
}
