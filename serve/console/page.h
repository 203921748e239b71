/* A page of the console: what it is written into, what was asked, and the parts that all pages
 * have. It lives while one request is answered; texts live in the finder's arena.
 */
#ifndef FRESHET_SERVE_CONSOLE_PAGE_H
#define FRESHET_SERVE_CONSOLE_PAGE_H

#include "serve/console/flow_watch.h"
#include "serve/console/html.h"
#include "serve/console/quality_board.h"
#include "serve/console/refused_records.h"
#include "serve/console/texts.h"
#include "serve/list_finder.h"

struct page {
    struct buf *out;
    const struct http_request *request;
    struct list_finder *finder;
    struct live_tables *live;
    struct refused_records *letters;
    struct quality_board *quality;
    struct flow_watch *flow;
    struct arena *arena;
    struct list_query *query; /* scratch */
    enum language language;
    int64_t age_ms; /* of the data */
    unsigned code;
};

/* Returns an argument, decoded as forms encode it; data NULL: there is none, or it is not UTF-8. */
struct slice page_argument(const struct page *page, const char *name);
/* Decodes an argument's value into the arena. */
struct slice page_decode(const struct page *page, struct slice sent);
/* Says whether the data of the page are asked for, as JSON. */
bool page_wants_json(const struct page *page);
/* Appends a text of the console. */
void page_put(const struct page *page, enum text text);
/* Begins and ends the frame: head, navigation, title. `at`: the page's name; TEXTS: none. */
void page_begin(const struct page *page, enum text at, struct slice title, enum text about);
void page_end(const struct page *page);
/* Appends a form that asks for one id. */
void page_form(const struct page *page, const char *action, const char *name, enum text label,
               enum text button, struct slice value);
/* Appends hidden fields: the language, where it was asked for. */
void page_keep_language(const struct page *page);
/* Appends an item's title as a link to its page, with its id below. */
void page_item(const struct page *page, struct slice id);
/* Appends a time as a date, and how long ago a time was. */
void page_time(const struct page *page, int64_t time_ms);
void page_ago(const struct page *page, int64_t time_ms);
/* Appends a paragraph. */
void page_say(const struct page *page, enum text text);
/* Appends a list as a table of this name; `evidence` heads the column of evidence. With another
 * list `before`, a column says where each item stands there. */
void page_list(const struct page *page, enum text name, const struct recommendation_list *list,
               enum text evidence, const struct recommendation_list *before);
/* Returns the page's query, emptied: what it finds is looked at and shown to no user. */
struct list_query *page_query(const struct page *page);

/* The pages. */
void user_page(struct page *page);
void item_page(struct page *page);
void try_page(struct page *page);
void refusals_page(struct page *page);
void quality_page(struct page *page);
void flow_page(struct page *page);

#endif
