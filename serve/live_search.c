/* Vectors of texts for queries. Where content is used, they are those of content_scores.h; else
 * they are kept here. A vector bears a mark when the model of queries made it.
 *
 * A query is compared with all vectors, 100 ns each at 384 numbers: in pieces, between which others
 * get the lock. When a vector has changed its place meanwhile, the pieces begin again; the third
 * time, the rest is one piece.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/content_rows.h"
#include "scorer/lists/search_vectors.h"
#include "serve/live_tables_internal.h"

enum { PIECE_VECTORS = 8192, TRIES = 3 };

/* What was prepared for the list that is being made; else, as for one that people look at, it is
 * found under the lock. */
static bool near_text(void *arg, struct slice text, struct search_query *ret_query)
{
    struct live_tables *live = arg;
    const struct live_query *searched = live->searched;
    if (!searched || !slice_equal(searched->text, text)) {
        return search_vectors_find(live->search_vectors, text, ret_query);
    }
    if (!searched->encoded) { return false; }
    ret_query->vectors = content_scores_vectors(live->content_scores, CONTENT_TEXT);
    ret_query->vector = &searched->vector;
    ret_query->nearest = searched->nearest;
    ret_query->nearest_count = searched->nearest_count;
    return true;
}

void live_tables_use_vectors(struct live_tables *live, struct query_vectors *queries)
{
    live->query_model = xstrdup(query_vectors_version(queries));
    if (live->content_scores) {
        live->search_vectors = search_vectors_new(queries, live->content_scores, live->tables.ids);
        lists_set_near_text(live->lists, live->query_model, near_text, live);
        return;
    }
    int32_t numbers = admission_numbers(live->lists_settings->items_max);
    live->own_text = vector_neighbours_new(numbers, live->tables.ids);
}

static struct vector_neighbours *text_vectors(const struct live_tables *live)
{
    return live->own_text ? live->own_text
                          : content_scores_vectors(live->content_scores, CONTENT_TEXT);
}

/* ---- Records ---- */

static const char *put_own(struct live_tables *live, const struct content_vectors *row)
{
    struct content_vector text;
    if (!content_vectors_agree(row)) { return "columns_differ"; }
    int32_t number = tables_number(&live->tables, row->item_id);
    if (number == ID_NONE) { return NULL; }
    if (content_vectors_find(row, slice_str(CONTENT_VECTOR_TEXT), &text)) {
        (void)vector_neighbours_put(live->own_text, number, text.numbers, text.width);
    } else {
        (void)vector_neighbours_remove(live->own_text, number);
    }
    return NULL;
}

const char *live_tables_put_content(struct live_tables *live, const struct content_vectors *row)
{
    if (!live->content_scores && !live->own_text) { return NULL; }
    pthread_mutex_lock(&live->lock);
    const char *reason = live->content_scores
                             ? content_rows_put(live->content_scores, &live->tables, row)
                             : put_own(live, row);
    if (!reason && live->search_vectors) {
        search_vectors_note(live->search_vectors, ids_find(live->tables.ids, row->item_id),
                            &row->model);
    } else if (!reason && live->query_model) {
        bool ours = slice_equal(row->model, slice_str(live->query_model));
        vector_neighbours_mark(text_vectors(live), ids_find(live->tables.ids, row->item_id), ours);
    }
    pthread_mutex_unlock(&live->lock);
    return reason;
}

void live_tables_remove_content(struct live_tables *live, struct slice id)
{
    if (!live->content_scores && !live->own_text) { return; }
    pthread_mutex_lock(&live->lock);
    if (live->content_scores) { content_rows_remove(live->content_scores, &live->tables, id); }
    search_vectors_note(live->search_vectors, ID_NONE, NULL);
    if (live->own_text) {
        (void)vector_neighbours_remove(live->own_text, ids_find(live->tables.ids, id));
    }
    pthread_mutex_unlock(&live->lock);
}

void live_tables_count_texts(struct live_tables *live, size_t *ret_texts, size_t *ret_ours)
{
    *ret_texts = *ret_ours = 0;
    if (!live->query_model) { return; }
    pthread_mutex_lock(&live->lock);
    *ret_texts = vector_neighbours_count(text_vectors(live));
    *ret_ours = vector_neighbours_marked(text_vectors(live));
    pthread_mutex_unlock(&live->lock);
}

/* ---- Queries ---- */

bool live_tables_searches(const struct live_tables *live)
{
    return live->tables.search != NULL;
}

static bool may_be_found(const void *arg, int32_t item)
{
    const struct live_tables *live = arg;
    const struct item_flags flags = catalogue_flags(&live->tables.catalogue);
    return !item_flags_barred(&flags, item) && tables_know(&live->tables, item);
}

/* Offers all vectors; false: they changed their places. */
static bool offer_all(struct live_tables *live, const struct live_query *query, size_t piece,
                      struct topk *top)
{
    uint64_t moves = 0;
    bool more = true, moved = false;
    for (size_t from = 0; more && !moved; from += piece) {
        pthread_mutex_lock(&live->lock);
        const struct vector_neighbours *vectors = text_vectors(live);
        if (!from) { moves = vector_neighbours_moves(vectors); }
        moved = moves != vector_neighbours_moves(vectors);
        if (!moved) {
            more = vector_neighbours_offer(vectors, &query->vector, from, piece,
                                           query->of_history ? NULL : may_be_found, live, top);
        }
        pthread_mutex_unlock(&live->lock);
    }
    return !moved;
}

void live_tables_near(struct live_tables *live, struct live_query *query)
{
    struct topk top;
    bool done = false;
    assert(live->query_model && query->encoded);
    topk_init(&top, ids_before, live->tables.ids);
    for (int tries = 1; !done; tries++) {
        topk_clear(&top, FOUND_EACH);
        done = offer_all(live, query, tries < TRIES ? PIECE_VECTORS : SIZE_MAX, &top);
    }
    pthread_mutex_lock(&live->lock); /* ids_before() reads what may grow */
    topk_sort(&top);
    pthread_mutex_unlock(&live->lock);
    for (size_t k = 0; k < top.count; k++) { query->nearest[k] = top.entries[k].item; }
    query->nearest_count = top.count;
    topk_release(&top);
}

struct slice live_tables_searched_text(struct live_tables *live,
                                       const struct user_history *history)
{
    return live->search_vectors ? lists_searched_text(live->lists, history) : slice_of("", 0);
}

void live_search_find(struct live_tables *live, const struct live_query *query,
                      struct list_scope *scope)
{
    const struct item_flags flags = catalogue_flags(&live->tables.catalogue);
    const struct search_query search = {
        .text = query->text,
        .vectors = query->encoded ? text_vectors(live) : NULL,
        .vector = &query->vector,
        .nearest = query->nearest,
        .nearest_count = query->encoded ? query->nearest_count : 0,
        .vectors_weight = live->lists_settings->search_vectors_weight,
    };
    scope->given_count = item_search_find(live->tables.search, &search, &flags, live->found);
    for (size_t k = 0; k < scope->given_count; k++) { live->given[k] = live->found[k].item; }
    scope->found = live->found;
    scope->query = query->text;
}
