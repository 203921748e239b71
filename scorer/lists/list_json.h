/* List JSON: a user's list as JSON, for readers without Avro: topic `recommendations-json`. The
 * members have the names of freshet-serve's answers (docs/serve.md). */
#ifndef FRESHET_SCORER_LISTS_LIST_JSON_H
#define FRESHET_SCORER_LISTS_LIST_JSON_H

#include "base/buf.h"
#include "schemas/recommendation_list.h"

/* Appends a member that is a text, and a comma. */
void list_json_text(struct buf *out, const char *name, struct slice text);
/* Appends the members last_ms (of an item that is due again), share, evidence and score of a place,
 * and ends its object. */
void list_json_figures(struct buf *out, const struct recommendation_list *list, size_t at);
/* Appends a list whose columns agree (list_columns_agree()). A placement whose columns do not is
 * left out, with those behind it. */
void list_json_print(const struct recommendation_list *list, struct buf *out);

#endif
