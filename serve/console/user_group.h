/* The user's cluster and similar users, as a part of the user's page. */
#ifndef FRESHET_SERVE_CONSOLE_USER_GROUP_H
#define FRESHET_SERVE_CONSOLE_USER_GROUP_H

#include "serve/console/page.h"

/* Appends both. Up to 400 histories are read for similar users, so they are found where the page's
 * argument `alike` asks for them; then the page does not follow changes (page->still). */
void user_group_put(const struct page *page, struct slice user,
                    const struct user_history *history);
/* Appends the JSON member `alike`, behind a comma, where it was asked for. */
void user_group_json(const struct page *page, struct slice user);

#endif
