/* A page of the console: what it is written into, what was asked, and the parts that all pages
 * have. It lives while one request is answered; texts live in the finder's arena.
 */
#ifndef FRESHET_SERVE_CONSOLE_PAGE_H
#define FRESHET_SERVE_CONSOLE_PAGE_H

#include "serve/console/flow_watch.h"
#include "serve/console/html.h"
#include "serve/console/picture_hosts.h"
#include "serve/console/quality_beside.h"
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
    struct quality_beside *beside;
    struct flow_watch *flow;
    const struct picture_hosts *pictures;
    const char *command_flags; /* by which `freshet` reaches this installation: empty, or each
                                * behind a blank, as a shell takes them */
    struct arena *arena;
    struct list_query *query; /* scratch */
    enum language language;
    int64_t age_ms; /* of the data */
    unsigned code;
    bool charted; /* it has tables that a script draws */
    bool draws;   /* the program has the library for that */
    bool still; /* it does not follow changes: it takes too long to make every 2 s */
};

/* Returns an argument, decoded as forms encode it; data NULL: there is none, or it is not UTF-8. */
struct slice page_argument(const struct page *page, const char *name);
/* Decodes an argument's value into the arena. */
struct slice page_decode(const struct page *page, struct slice sent);
/* Says whether the data of the page are asked for, as JSON. */
bool page_wants_json(const struct page *page);
/* Appends a text of the console. */
void page_put(const struct page *page, enum text text);
/* Writes the id of the page's contents as they are now, a hash of its main part. */
enum { PAGE_ID_BYTES = 24 };
void page_find_id(const struct page *page, char ret_id[PAGE_ID_BYTES]);
/* Begins and ends the frame: head, navigation, title. `at`: the page's name; TEXTS: none. */
void page_begin(const struct page *page, enum text at, struct slice title, enum text about);
void page_end(const struct page *page);
/* Appends a form that asks for one id. */
void page_form(const struct page *page, const char *action, const char *name, enum text label,
               enum text button, struct slice value);
/* Appends hidden fields: the language, where it was asked for. */
void page_keep_language(const struct page *page);
/* Appends the same to an address that has arguments. */
void page_keep_language_in_link(const struct page *page);
/* Appends an item's title as a link to its page, with its picture before it and its id below. */
void page_item(const struct page *page, struct slice id);
/* Appends an item's title, or its id where it has none, as a link; says whether it has one. */
bool page_item_link(const struct page *page, struct slice id);
/* Appends a user's id as a link to the user's page. */
void page_user_link(const struct page *page, struct slice user);
/* Appends an item's picture, where it has one that may be loaded. */
void page_picture(const struct page *page, const struct item_card *card);
/* Appends a time as a date, and how long ago a time was. */
void page_time(const struct page *page, int64_t time_ms);
void page_ago(const struct page *page, int64_t time_ms);
/* Begins a box that is scrolled where it is too wide, called by this name; it ends with </div>. */
void page_begin_scroll(const struct page *page, enum text name);
/* Begins a section with a title, and in it such a box of this name. */
void page_begin_scroll_section(const struct page *page, enum text title);
/* Appends the head of a column of words, or of numbers. */
void page_head(const struct page *page, enum text name, bool numbers);
/* Begins and ends a command to copy, whose words stand in between. */
void page_begin_command(const struct page *page);
void page_end_command(const struct page *page);
/* Appends a paragraph. */
void page_say(const struct page *page, enum text text);
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
