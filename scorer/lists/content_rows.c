#include "base/base.h"
#include "base/directory.h"
#include "scorer/lists/content_rows.h"

void content_rows_map(struct content_scores *content_scores, const char *directory)
{
    if (!directory || directory_make(directory) < 0) { return; }
    content_scores_map(content_scores, directory);
}

const char *content_rows_put(struct content_scores *content_scores, struct tables *tables,
                             const struct content_vectors *row)
{
    bool changed = false;
    if (!content_vectors_agree(row)) { return "columns_differ"; }
    int32_t number = tables_number(tables, row->item_id);
    if (number == ID_NONE) { return NULL; }
    for (size_t i = 0; i < row->names.count; i++) {
        (void)content_scores_kind(content_scores, row->names.at[i]); /* one too many: not used */
    }
    for (int kind = 0; kind < content_scores_kinds(content_scores); kind++) {
        struct content_vector vector = {0};
        (void)content_vectors_find(row, content_scores_kind_name(content_scores, kind), &vector);
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
    for (int kind = 0; kind < content_scores_kinds(content_scores); kind++) {
        changed |= content_scores_set_vector(content_scores, number, kind, NULL, 0);
    }
    if (changed) { tables->catalogue_changed = tables_change(tables); }
}
