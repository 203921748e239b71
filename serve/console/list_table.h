/* A list on a page: a table with place, item, reason, evidence and score; what rules moved is said
 * in words. On a narrow screen its rows are stacked (style.css). */
#ifndef FRESHET_SERVE_CONSOLE_LIST_TABLE_H
#define FRESHET_SERVE_CONSOLE_LIST_TABLE_H

#include "serve/console/page.h"

/* Appends a list as a table of this name. With another list `before`, a column says where each item
 * stands there. */
void list_table_put(const struct page *page, enum text name,
                    const struct recommendation_list *list,
                    const struct recommendation_list *before);
/* Appends the neighbours of one item: all are there because of it, so there is no reason, and what
 * is evidence elsewhere is their support. `scored`: their score is another number. */
void list_table_neighbours(const struct page *page, enum text name,
                           const struct recommendation_list *list, bool scored);
/* Appends why an item is at a place of a list. */
void list_table_reason(const struct page *page, const struct recommendation_list *list, size_t at);

#endif
