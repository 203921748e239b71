/* A row's id says what it is of: an item, an item as the object of a kind of action (0x1f and a
 * digit), or a context (0x1f and a letter). Each kind of row has a table of its own; neighbours get
 * numbers of items, so that a list finds them without their ids, but indicators of contexts, which
 * have numbers of that table. What is older than a table's row changes nothing, so rows may come in
 * any order and more than once.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "schemas/offset_order.h"
#include "scorer/lists/tables.h"

enum { ROWS_FIRST = 1024 };

void tables_init(struct tables *tables, const struct list_settings *settings)
{
    struct item_table_settings set = list_table_settings(settings);
    *tables = (struct tables){
        .clock = 1,
        .rows_changed = 1,
        .items = item_table_new(&set),
        .cross = cross_table_new(),
        .neighbours_used = set.neighbours_used,
        .numbers = xcalloc(set.neighbours_used, sizeof(*tables->numbers)),
        .co_ratings = xcalloc(set.neighbours_used, sizeof(double)),
        .forwards = xcalloc(set.neighbours_used, sizeof(double)),
        .backwards = xcalloc(set.neighbours_used, sizeof(double)),
    };
    admission_init(&tables->admission, settings->items_max,
                   (double)settings->items_admit_actions);
    tables->ids = tables->admission.ids;
    catalogue_init(&tables->catalogue, settings->items_required);
    item_columns_init(&tables->columns);
    if (settings->search_used) {
        tables->search = item_search_new(admission_numbers(settings->items_max), tables->ids);
    }
}

void tables_release(struct tables *tables)
{
    catalogue_release(&tables->catalogue);
    item_columns_release(&tables->columns);
    item_search_free(tables->search);
    item_table_free(tables->items);
    cross_table_free(tables->cross);
    context_table_free(tables->contexts);
    admission_release(&tables->admission);
    free(tables->rows);
    free(tables->numbers);
    free(tables->co_ratings);
    free(tables->forwards);
    free(tables->backwards);
    free(tables->context_counts);
    *tables = (struct tables){0};
}

void tables_use_contexts(struct tables *tables)
{
    assert(!tables->contexts);
    tables->contexts = context_table_new();
    tables->context_counts =
        xcalloc(tables->neighbours_used, sizeof(*tables->context_counts));
}

/* Counts a number that is none; makes room for others, and bars those without a slot. */
static int32_t meet(struct tables *tables, int32_t number)
{
    if (number == ID_NONE) {
        tables->over_max++;
        return ID_NONE;
    }
    catalogue_reach(&tables->catalogue, number + 1);
    if (admission_retired(&tables->admission, number)) {
        catalogue_remove(&tables->catalogue, number);
    }
    return number;
}

int32_t tables_number(struct tables *tables, struct slice id)
{
    if (id.size > ID_BYTES_MAX) { return ID_NONE; }
    return meet(tables, admission_number(&tables->admission, id));
}

/* Numbers an item of the catalogue; ID_NONE when it has too many. */
static int32_t list(struct tables *tables, struct slice id)
{
    if (id.size > ID_BYTES_MAX) { return ID_NONE; }
    return meet(tables, admission_list(&tables->admission, id));
}

/* Numbers an item that is counted; ID_NONE when it has no slot. */
static int32_t admit(struct tables *tables, struct slice id, const struct claim *claim)
{
    int32_t retired, before = ids_find(tables->ids, id);
    if (id.size > ID_BYTES_MAX) { return ID_NONE; }
    bool was_retired = before != ID_NONE && admission_retired(&tables->admission, before);
    int32_t number = admission_admit(&tables->admission, id, claim, &retired);
    if (retired != ID_NONE) {
        item_table_remove(tables->items, retired);
        catalogue_remove(&tables->catalogue, retired);
    }
    if (number != ID_NONE && was_retired) { catalogue_forget(&tables->catalogue, number); }
    return meet(tables, number);
}

/* Moves the clock on if the catalogue has changed. */
static void note_catalogue(struct tables *tables, uint64_t changes)
{
    if (tables->catalogue.changes.version == changes) { return; }
    tables->catalogue_changed = tables_change(tables);
}

void tables_put_item(struct tables *tables, const struct item *item)
{
    int32_t number = list(tables, item->item_id);
    if (number == ID_NONE) { return; }
    uint64_t changes = tables->catalogue.changes.version;
    catalogue_put_dated(&tables->catalogue, number, item->available, item->available_from_ms,
                        item->available_until_ms);
    item_columns_put(&tables->columns, number, item);
    if (tables->search) { item_search_put(tables->search, number, item); }
    note_catalogue(tables, changes);
}

void tables_set_clock(struct tables *tables, int64_t now_ms)
{
    uint64_t changes = tables->catalogue.changes.version;
    catalogue_set_clock(&tables->catalogue, now_ms);
    note_catalogue(tables, changes);
}

void tables_remove_item(struct tables *tables, struct slice id)
{
    int32_t number = list(tables, id);
    if (number == ID_NONE) { return; }
    uint64_t changes = tables->catalogue.changes.version;
    catalogue_remove(&tables->catalogue, number);
    item_columns_remove(&tables->columns, number);
    if (tables->search) { item_search_remove(tables->search, number); }
    note_catalogue(tables, changes);
}

static bool within_limit(double count)
{
    return fabs(count) <= TABLES_COUNT_MAX;
}

static bool epoch_within_limit(int64_t epoch)
{
    return epoch >= -TABLES_EPOCH_MAX && epoch <= TABLES_EPOCH_MAX;
}

static const char *fault(const struct serving_row *row)
{
    size_t count = row->items.count;
    if (row->co_ratings.count != count || row->forwards.count != count ||
        row->backwards.count != count) {
        return "columns_differ";
    }
    bool valid = within_limit(row->mass) && within_limit(row->actions) &&
                 within_limit(row->trend) && fabs((double)row->first_users) <= TABLES_USERS_MAX &&
                 epoch_within_limit(row->epoch) && epoch_within_limit(row->trend_epoch);
    for (size_t k = 0; k < count && valid; k++) {
        valid = within_limit((double)row->co_ratings.at[k]) &&
                within_limit((double)row->forwards.at[k]) &&
                within_limit((double)row->backwards.at[k]);
    }
    return valid ? NULL : "over_limit";
}

/* Numbers the strongest neighbours and copies their counts; leaves out items without a number. */
static size_t take_neighbours(struct tables *tables, const struct serving_row *row)
{
    size_t count = MIN_OF(row->items.count, tables->neighbours_used), kept = 0;
    for (size_t k = 0; k < count; k++) {
        const struct claim claim = {.actions = (double)row->co_ratings.at[k], .epoch = row->epoch};
        int32_t number = admit(tables, row->items.at[k], &claim);
        if (number == ID_NONE) { continue; }
        tables->numbers[kept] = number;
        tables->co_ratings[kept] = (double)row->co_ratings.at[k];
        tables->forwards[kept] = (double)row->forwards.at[k];
        tables->backwards[kept] = (double)row->backwards.at[k];
        kept++;
    }
    return kept;
}

/* Finds what is kept of an item's row beside the table. */
static struct tables_row *row_of(struct tables *tables, int32_t item)
{
    ARRAY_RESERVE_ZEROS(tables->rows, tables->rows_capacity, (size_t)item + 1, ROWS_FIRST);
    return &tables->rows[item];
}

/* The neighbours of a row are in falling order of their transitions and then of those back, which
 * only the rows of what is foretold have. */
static void put_cross(struct tables *tables, const struct serving_row *row)
{
    struct cross_neighbour neighbours[CROSS_NEIGHBOURS_MAX];
    struct slice id;
    int32_t kind, other_kind;
    size_t count = 0;
    if (!cross_id_read(row->item_id, &kind, &id)) { return; }
    int32_t item = tables_number(tables, id);
    if (item == ID_NONE) { return; }
    int64_t version = cross_table_version(tables->cross, kind, item);
    if (offset_older(row->version, version)) { return; }
    for (size_t k = 0; k < row->items.count && count < CROSS_NEIGHBOURS_MAX; k++) {
        bool tells = row->forwards.at[k] > 0.0F;
        if (!tells || !cross_id_read(row->items.at[k], &other_kind, &id)) { continue; }
        int32_t other = tables_number(tables, id);
        if (other == ID_NONE || other == item) { continue; }
        neighbours[count++] = (struct cross_neighbour){
            .item = other, .kind = other_kind, .users = row->forwards.at[k]};
    }
    const struct cross_row values = {.version = row->version,
                                     .epoch = row->epoch,
                                     .users = row->mass,
                                     .neighbours = neighbours,
                                     .count = count};
    cross_table_put(tables->cross, kind, item, &values);
    tables->rows_changed = tables_change(tables);
}

static void remove_cross(struct tables *tables, struct slice row_id)
{
    struct slice id;
    int32_t kind;
    if (!cross_id_read(row_id, &kind, &id)) { return; }
    int32_t item = ids_find(tables->ids, id);
    if (item == ID_NONE) { return; }
    cross_table_remove(tables->cross, kind, item);
    tables->rows_changed = tables_change(tables);
}

/* Takes what an indicator's row says of items, or an item's row of indicators: both are counted
 * from the indicator to the item. */
static struct context_row context_row_of(struct tables *tables, const struct serving_row *row,
                                         bool of_item)
{
    size_t most = MIN_OF(row->items.count, tables->neighbours_used), count = 0;
    for (size_t k = 0; k < most; k++) {
        float users = of_item ? row->backwards.at[k] : row->forwards.at[k];
        struct slice id = row->items.at[k];
        int32_t number = ID_NONE;
        if (!(users > 0.0F)) { continue; }
        if (of_item) {
            number = context_table_number(tables->contexts, id);
        } else if (context_item_read(id, &id)) {
            number = tables_number(tables, id);
        }
        if (number == ID_NONE) { continue; }
        tables->context_counts[count++] = (struct context_count){number, users};
    }
    return (struct context_row){.version = row->version,
                                .epoch = row->epoch,
                                .users = row->mass,
                                .counts = tables->context_counts,
                                .count = count};
}

static void put_context(struct tables *tables, const struct serving_row *row)
{
    struct slice id;
    bool of_item = context_item_read(row->item_id, &id);
    int32_t number = of_item ? tables_number(tables, id)
                             : context_table_number(tables->contexts, row->item_id);
    if (number == ID_NONE) { return; }
    int64_t version = of_item ? context_table_item_version(tables->contexts, number)
                              : context_table_version(tables->contexts, number);
    if (offset_older(row->version, version)) { return; }
    const struct context_row values = context_row_of(tables, row, of_item);
    if (of_item) {
        context_table_put_item(tables->contexts, number, &values);
    } else {
        context_table_put(tables->contexts, number, &values);
    }
    tables->rows_changed = tables_change(tables);
}

static void remove_context(struct tables *tables, struct slice row_id)
{
    struct slice id;
    if (context_item_read(row_id, &id)) {
        int32_t item = ids_find(tables->ids, id);
        if (item == ID_NONE) { return; }
        context_table_remove_item(tables->contexts, item);
    } else {
        int32_t indicator = context_table_find(tables->contexts, row_id);
        if (indicator == ID_NONE) { return; }
        context_table_remove(tables->contexts, indicator);
    }
    tables->rows_changed = tables_change(tables);
}

const char *tables_put_row(struct tables *tables, const struct serving_row *row)
{
    const char *reason = fault(row);
    if (reason) { return reason; }
    if (cross_id_is(row->item_id)) {
        put_cross(tables, row);
        if (tables->contexts) { put_context(tables, row); }
        return NULL;
    }
    const struct claim claim = {.actions = row->actions, .epoch = row->epoch, .row = true};
    int32_t item = admit(tables, row->item_id, &claim);
    if (item == ID_NONE) { return NULL; }
    struct tables_row *kept = row_of(tables, item);
    if (offset_older(row->version, kept->version)) { return NULL; }
    kept->version = row->version;
    admission_put_row(&tables->admission, item, &claim);
    size_t count = take_neighbours(tables, row);
    const struct item_row values = {
        .epoch = row->epoch,
        .trend_epoch = row->trend_epoch,
        .mass = row->mass,
        .actions = row->actions,
        .trend = row->trend,
        .first_users = row->first_users,
        .count = count,
        .items = tables->numbers,
        .co_ratings = tables->co_ratings,
        .forwards = tables->forwards,
        .backwards = tables->backwards,
    };
    item_table_put(tables->items, item, &values);
    tables->rows_changed = tables_change(tables);
    return NULL;
}

void tables_remove_row(struct tables *tables, struct slice id)
{
    if (cross_id_is(id)) {
        remove_cross(tables, id);
        if (tables->contexts) { remove_context(tables, id); }
        return;
    }
    int32_t item = ids_find(tables->ids, id);
    if (item == ID_NONE) { return; }
    row_of(tables, item)->version = 0;
    admission_remove_row(&tables->admission, item);
    item_table_remove(tables->items, item);
    tables->rows_changed = tables_change(tables);
}

int64_t tables_version(const struct tables *tables, int32_t item)
{
    assert(item >= 0);
    return (size_t)item < tables->rows_capacity ? tables->rows[item].version : 0;
}

bool tables_know(const struct tables *tables, int32_t item)
{
    const struct item_flags flags = catalogue_flags(&tables->catalogue);
    return (item_flags_of(&flags, item) & ITEM_LISTED) || item_table_has(tables->items, item);
}
