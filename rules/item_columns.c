/* Tags and levels of all items stand one behind the other in `texts`. An item that gets more than
 * it has room for moves to the end; when half of the array is left behind, all are laid out anew.
 *
 * Whoever writes the catalogue may send other tags with every change. So symbols are counted, and
 * those that nothing uses any more are forgotten, all at once, when they are the most of them: each
 * pass costs about as much as the changes before it. Between two items only, as the numbers of an
 * item that is being written are not counted yet.
 */
#include "base/base.h"
#include "base/array.h"
#include "rules/item_columns.h"

enum { ITEMS_FIRST = 1024, SYMBOLS_MAX = 10000000, TEXTS_FIRST = 4096,
       USES_FIRST = 1024 };

void item_columns_init(struct item_columns *columns)
{
    *columns = (struct item_columns){.symbols = ids_new(SYMBOLS_MAX), .created_version = 1};
    ARRAY_RESERVE(columns->texts, columns->texts_capacity, TEXTS_FIRST, TEXTS_FIRST);
}

void item_columns_release(struct item_columns *columns)
{
    ids_free(columns->symbols);
    free(columns->uses);
    free(columns->prices);
    free(columns->stocks);
    free(columns->created_ms);
    free(columns->brands);
    free(columns->kinds);
    free(columns->groups);
    free(columns->texts_of);
    free(columns->texts);
    *columns = (struct item_columns){0};
}

static void grow(struct item_columns *columns, int32_t count)
{
    size_t capacity = array_capacity((size_t)columns->capacity, (size_t)count, ITEMS_FIRST);
    capacity = MIN_OF(capacity, (size_t)INT32_MAX);
    columns->prices = xreallocarray(columns->prices, capacity, sizeof(*columns->prices));
    columns->stocks = xreallocarray(columns->stocks, capacity, sizeof(*columns->stocks));
    columns->created_ms =
        xreallocarray(columns->created_ms, capacity, sizeof(*columns->created_ms));
    columns->brands = xreallocarray(columns->brands, capacity, sizeof(*columns->brands));
    columns->kinds = xreallocarray(columns->kinds, capacity, sizeof(*columns->kinds));
    columns->groups = xreallocarray(columns->groups, capacity, sizeof(*columns->groups));
    columns->texts_of = xreallocarray(columns->texts_of, capacity, sizeof(*columns->texts_of));
    columns->capacity = (int32_t)capacity;
}

static void clear(struct item_columns *columns, int32_t item)
{
    columns->prices[item] = columns->stocks[item] = ITEM_NOT_KNOWN;
    columns->created_ms[item] = 0;
    columns->brands[item] = columns->kinds[item] = columns->groups[item] = ID_NONE;
}

void item_columns_reach(struct item_columns *columns, int32_t count)
{
    if (count <= columns->count) { return; }
    if (count > columns->capacity) { grow(columns, count); }
    for (; columns->count < count; columns->count++) {
        clear(columns, columns->count);
        columns->texts_of[columns->count] = (struct item_texts){0};
    }
}

/* ---- Symbols ---- */

int32_t item_columns_symbol(struct item_columns *columns, struct slice text)
{
    int32_t symbol = text.size ? ids_put(columns->symbols, text) : ID_NONE;
    if (symbol == ID_NONE) { return ID_NONE; }
    ARRAY_RESERVE_ZEROS(columns->uses, columns->uses_capacity, (size_t)symbol + 1, USES_FIRST);
    columns->symbols_used += columns->uses[symbol]++ == 0;
    return symbol;
}

static void drop(struct item_columns *columns, int32_t symbol)
{
    if (symbol == ID_NONE) { return; }
    assert(columns->uses[symbol] > 0);
    columns->symbols_used -= --columns->uses[symbol] == 0;
}

static void drop_texts(struct item_columns *columns, int32_t item)
{
    struct item_texts *of = &columns->texts_of[item];
    size_t count = (size_t)of->tags + of->levels;
    drop(columns, columns->brands[item]);
    drop(columns, columns->kinds[item]);
    drop(columns, columns->groups[item]);
    for (size_t k = 0; k < count; k++) { drop(columns, columns->texts[of->at + k]); }
    of->tags = of->levels = 0;
}

static bool is_used(const void *arg, int32_t symbol)
{
    const struct item_columns *columns = arg;
    return columns->uses[symbol] > 0;
}

/* ---- Items ---- */

/* Lays the texts out anew, without what items have left behind. */
static void compact(struct item_columns *columns)
{
    size_t capacity = columns->texts_count - columns->texts_dead, count = 0;
    capacity = MAX_OF(capacity * 2, (size_t)TEXTS_FIRST);
    int32_t *texts = xcalloc(capacity, sizeof(*texts));
    for (int32_t item = 0; item < columns->count; item++) {
        struct item_texts *of = &columns->texts_of[item];
        size_t used = (size_t)of->tags + of->levels;
        if (used) { memcpy(texts + count, columns->texts + of->at, used * sizeof(*texts)); }
        of->at = (uint32_t)count;
        of->room = (uint16_t)used;
        count += used;
    }
    free(columns->texts);
    columns->texts = texts;
    columns->texts_count = count;
    columns->texts_capacity = capacity;
    columns->texts_dead = 0;
}

/* Finds room for so many texts of an item. */
static int32_t *room_for(struct item_columns *columns, int32_t item, size_t count)
{
    struct item_texts *of = &columns->texts_of[item];
    if (count > of->room) {
        columns->texts_dead += of->room;
        *of = (struct item_texts){0};
        if (columns->texts_dead > TEXTS_FIRST && columns->texts_dead * 2 > columns->texts_count) {
            compact(columns);
        }
        ARRAY_RESERVE(columns->texts, columns->texts_capacity, columns->texts_count + count,
                      TEXTS_FIRST);
        of->at = (uint32_t)columns->texts_count;
        of->room = (uint16_t)count;
        columns->texts_count += count;
    }
    return columns->texts + of->at;
}

static size_t put_texts(struct item_columns *columns, const struct slices *texts, int32_t *into)
{
    size_t count = 0;
    for (size_t k = 0; k < texts->count; k++) {
        int32_t symbol = item_columns_symbol(columns, texts->at[k]);
        if (symbol != ID_NONE) { into[count++] = symbol; }
    }
    return count;
}

void item_columns_put(struct item_columns *columns, int32_t item, const struct item *values)
{
    assert(item >= 0);
    item_columns_reach(columns, item + 1);
    drop_texts(columns, item);
    ids_forget_unused(columns->symbols, (size_t)columns->symbols_used, is_used, columns);
    int64_t created_ms = MAX_OF(values->created_ms, (int64_t)0);
    columns->created_version += columns->created_ms[item] != created_ms;
    columns->created_ms[item] = created_ms;
    columns->prices[item] = values->price >= 0.0 ? values->price : ITEM_NOT_KNOWN;
    columns->stocks[item] = values->stock >= 0 ? (double)values->stock : ITEM_NOT_KNOWN;
    columns->brands[item] = item_columns_symbol(columns, values->brand);
    columns->kinds[item] = item_columns_symbol(columns, values->kind);
    columns->groups[item] = item_columns_symbol(columns, values->group_id);
    size_t most = values->tags.count + values->category.count;
    assert(most <= UINT16_MAX);
    int32_t *into = room_for(columns, item, most);
    size_t tags = most ? put_texts(columns, &values->tags, into) : 0;
    size_t levels = most ? put_texts(columns, &values->category, into + tags) : 0;
    columns->texts_of[item].tags = (uint16_t)tags;
    columns->texts_of[item].levels = (uint16_t)levels;
}

void item_columns_remove(struct item_columns *columns, int32_t item)
{
    if (item >= columns->count) { return; }
    columns->created_version += columns->created_ms[item] != 0;
    drop_texts(columns, item);
    clear(columns, item);
}
