/* The nearest items stand in a table by the hash of the text, each text in one place of it: another
 * one takes it over. A place counts while the vectors are as they were. */
#include "base/base.h"
#include "base/xalloc.h"
#include "model/topk.h"
#include "schemas/user_event.h"
#include "scorer/lists/search_vectors.h"

#include <xxhash.h>

_Static_assert((int)QUERY_BYTES_MAX <= (int)QUERY_TEXT_BYTES_MAX, "what a query may be, fits");

struct kept_nearest {
    XXH128_hash_t hash;
    uint64_t changes, moves; /* of the vectors then */
    size_t count;
    int32_t items[FOUND_EACH];
};

struct search_vectors {
    struct query_vectors *queries;
    struct content_scores *content_scores;
    const struct ids *ids;
    uint64_t changes; /* from 1 on */
    struct vector_query vector;
    struct topk top;
    struct kept_nearest *kept; /* SEARCHES_NEAREST_MAX */
};

int search_vectors_open(const struct list_settings *settings, struct query_vectors **ret_queries,
                        char *why, size_t why_size)
{
    *ret_queries = NULL;
    if (!settings->query_model_path[0]) { return 0; }
    return query_vectors_open(settings->query_model_path, (size_t)settings->query_pieces_max,
                              (size_t)settings->query_cache, ret_queries, why, why_size);
}

struct search_vectors *search_vectors_new(struct query_vectors *queries,
                                          struct content_scores *content_scores,
                                          const struct ids *ids)
{
    struct search_vectors *search = xcalloc(1, sizeof(*search));
    search->queries = queries;
    search->content_scores = content_scores;
    search->ids = ids;
    search->changes = 1;
    search->kept = xcalloc(SEARCHES_NEAREST_MAX, sizeof(*search->kept));
    topk_init(&search->top, ids_before, ids);
    return search;
}

struct search_vectors *search_vectors_free(struct search_vectors *search)
{
    if (!search) { return NULL; }
    topk_release(&search->top);
    free(search->kept);
    free(search);
    return NULL;
}

void search_vectors_note(struct search_vectors *search, int32_t item, const struct slice *model)
{
    if (!search) { return; }
    search->changes++;
    if (!model || item == ID_NONE) { return; }
    bool ours = slice_equal(*model, slice_str(query_vectors_version(search->queries)));
    vector_neighbours_mark(content_scores_vectors(search->content_scores, CONTENT_TEXT), item,
                           ours);
}

static void find_nearest(struct search_vectors *search, const struct vector_neighbours *vectors,
                         struct kept_nearest *kept)
{
    topk_clear(&search->top, FOUND_EACH);
    (void)vector_neighbours_offer(vectors, &search->vector, 0, SIZE_MAX, /* allows= */ NULL, NULL,
                                  &search->top);
    topk_sort(&search->top);
    kept->count = search->top.count;
    for (size_t k = 0; k < kept->count; k++) { kept->items[k] = search->top.entries[k].item; }
}

bool search_vectors_find(struct search_vectors *search, struct slice text,
                         struct search_query *ret_query)
{
    const struct vector_neighbours *vectors =
        content_scores_vectors(search->content_scores, CONTENT_TEXT);
    if (!text.size || text.size > QUERY_BYTES_MAX) { return false; }
    if (query_vectors_find(search->queries, text, /* waiter= */ 0, &search->vector) !=
        QUERY_ENCODED) {
        return false;
    }
    XXH128_hash_t hash = XXH3_128bits(text.data, text.size);
    struct kept_nearest *kept = &search->kept[hash.low64 % SEARCHES_NEAREST_MAX];
    uint64_t moves = vector_neighbours_moves(vectors);
    bool holds = kept->changes == search->changes && kept->moves == moves &&
                 XXH128_isEqual(kept->hash, hash);
    if (!holds) {
        kept->hash = hash;
        kept->changes = search->changes;
        kept->moves = moves;
        find_nearest(search, vectors, kept);
    }
    ret_query->vectors = vectors;
    ret_query->vector = &search->vector;
    ret_query->nearest = kept->items;
    ret_query->nearest_count = kept->count;
    return kept->count > 0;
}

static bool near_text(void *arg, struct slice text, struct search_query *ret_query)
{
    return search_vectors_find(arg, text, ret_query);
}

void search_vectors_serve(struct search_vectors *search, struct lists *lists)
{
    lists_set_near_text(lists, query_vectors_version(search->queries), near_text, search);
}
