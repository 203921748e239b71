/* Search vectors: what users searched for, as vectors, and the items that are nearest to each, for
 * lists that nobody asks for with a query. A text's vector is that of query_vectors.h; its nearest
 * items are found anew when a vector of the catalogue has changed, else kept for the newest texts.
 * So what is found depends on the text and the vectors alone. One thread.
 */
#ifndef FRESHET_SCORER_LISTS_SEARCH_VECTORS_H
#define FRESHET_SCORER_LISTS_SEARCH_VECTORS_H

#include "model/content_scores.h"
#include "scorer/lists/item_search.h"
#include "scorer/lists/list_settings.h"
#include "scorer/lists/lists.h"

enum { SEARCHES_NEAREST_MAX = 1024 }; /* texts whose nearest items are kept; 1 KB each */

struct search_vectors;

/* Opens the model of query.model.path; *ret_queries is NULL when that is empty. 0, or -1 with the
 * reason in why. */
int search_vectors_open(const struct list_settings *settings, struct query_vectors **ret_queries,
                        char *why, size_t why_size);
/* Makes it; borrows all for its life. Free with search_vectors_free(). */
struct search_vectors *search_vectors_new(struct query_vectors *queries,
                                          struct content_scores *content_scores,
                                          const struct ids *ids);
/* Takes NULL; returns NULL. */
struct search_vectors *search_vectors_free(struct search_vectors *search);
/* Lets lists use it, for as long as it lives (lists_set_near_text()). */
void search_vectors_serve(struct search_vectors *search, struct lists *lists);
/* Notes that the vectors of an item's row have come, which this model made, or have gone (NULL).
 * Takes NULL. */
void search_vectors_note(struct search_vectors *search, int32_t item, const struct slice *model);
/* Fills in what a search's text is near to, and its vector, which are borrowed until the next call;
 * false: it has no vector, or nothing is near it. Encodes a text that is not known, which takes
 * milliseconds. */
bool search_vectors_find(struct search_vectors *search, struct slice text,
                         struct search_query *ret_query);

#endif
