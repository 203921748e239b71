#include "base/base.h"
#include "base/xalloc.h"
#include "serve/asked_query.h"

struct asked_query {
    struct live_tables *live;
    struct query_vectors *vectors;
    struct live_query query;
};

struct asked_query *asked_query_new(struct live_tables *live, struct query_vectors *vectors)
{
    struct asked_query *asked = xcalloc(1, sizeof(*asked));
    asked->live = live;
    asked->vectors = vectors;
    return asked;
}

struct asked_query *asked_query_free(struct asked_query *asked)
{
    free(asked);
    return NULL;
}

static const struct live_query *prepare(struct asked_query *asked, struct slice text,
                                        bool of_history, uint64_t waiter)
{
    struct live_query *query = &asked->query;
    enum query_vector vector = QUERY_REFUSED;
    if (asked->vectors) {
        vector = query_vectors_find(asked->vectors, text, waiter, &query->vector);
    }
    if (vector == QUERY_LATER) { return NULL; }
    query->text = text;
    query->of_history = of_history;
    query->encoded = vector == QUERY_ENCODED;
    query->nearest_count = 0;
    if (query->encoded) { live_tables_near(asked->live, query); }
    query->encoded = query->nearest_count > 0;
    return query;
}

const struct live_query *asked_query_prepare(struct asked_query *asked, struct slice text,
                                             uint64_t waiter)
{
    return prepare(asked, text, /* of_history= */ false, waiter);
}

const struct live_query *asked_query_prepare_searched(struct asked_query *asked, struct slice text,
                                                      uint64_t waiter)
{
    return prepare(asked, text, /* of_history= */ true, waiter);
}

const char *asked_query_found_by(const struct live_query *query)
{
    return query->encoded ? FOUND_BY_VECTORS : FOUND_BY_WORDS;
}
