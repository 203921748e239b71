#include "base/base.h"
#include "scorer/lists/ranked_columns.h"

static int32_t reason_of(enum ranked_reason reason)
{
    switch (reason) {
    case RANKED_BECAUSE: return REASON_BECAUSE;
    case RANKED_TRENDING: return REASON_TRENDING;
    case RANKED_POPULAR: return REASON_POPULAR;
    case RANKED_NEW: return REASON_NEW;
    case RANKED_ALIKE: return REASON_TAGS;
    case RANKED_AGAIN: return REASON_AGAIN;
    case RANKED_CROSS: return REASON_CROSS;
    case RANKED_BROUGHT: return REASON_BROUGHT;
    case RANKED_SEGMENT: return REASON_SEGMENT;
    case RANKED_QUERY: return REASON_QUERY;
    case RANKED_CONTEXT: return REASON_CONTEXT;
    case RANKED_USERS: return REASON_USERS;
    }
    return REASON_OTHER;
}

void ranked_columns_write(struct ranked_columns *columns, size_t at, const struct ids *ids,
                          const struct ranked *ranked)
{
    bool because = ranked->because != ID_NONE && ranked->reason != RANKED_BROUGHT &&
                   ranked->reason != RANKED_SEGMENT && ranked->reason != RANKED_CONTEXT;
    assert(at < LIST_ITEMS_MAX);
    columns->numbers[at] = ranked->item;
    columns->items[at] = ids_text(ids, ranked->item);
    columns->because[at] = because ? ids_text(ids, ranked->because) : slice_str("");
    if (ranked->reason == RANKED_BROUGHT) {
        columns->because[at] = brought_items_source(columns->brought, ranked->because);
    }
    if (ranked->reason == RANKED_SEGMENT) {
        columns->because[at] = columns->segments[ranked->because];
    }
    if (ranked->reason == RANKED_QUERY) { columns->because[at] = columns->query; }
    if (ranked->reason == RANKED_CONTEXT) {
        columns->because[at] = context_table_words(columns->contexts, ranked->because);
    }
    columns->scores[at] = ranked->score;
    columns->evidence[at] = ranked->evidence;
    columns->shares[at] = ranked->share;
    columns->reasons[at] = reason_of(ranked->reason);
}
