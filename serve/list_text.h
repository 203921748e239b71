/* List text: what was found, as JSON: docs/serve.md. */
#ifndef FRESHET_SERVE_LIST_TEXT_H
#define FRESHET_SERVE_LIST_TEXT_H

#include "serve/list_finder.h"

/* Appends an error. */
void list_text_error(struct buf *out, const char *error, const char *message);
/* Appends the list that was found for a query, whose data are so old. */
void list_text_found(struct buf *out, const struct list_query *query,
                     const struct found_list *found, int64_t age_ms);
/* Names the cause of a list. */
const char *list_text_cause(const struct found_list *found);

#endif
