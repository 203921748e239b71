/* What a rule of a placement did, in words: its kind, its name, and its text as the rules in force
 * have it. */
#ifndef FRESHET_SERVE_CONSOLE_RULE_WORDS_H
#define FRESHET_SERVE_CONSOLE_RULE_WORDS_H

#include "schemas/recommendation_list.h"

struct page;

/* Appends what a rule did: `filter.NAME` of a placement, as lists name it. */
void rule_words_put(const struct page *page, struct slice placement, struct slice rule);
/* Appends what moved the item at a place of a list to where it is; nothing, where no rule did. */
void rule_words_moved(const struct page *page, const struct recommendation_list *list, size_t at);

#endif
