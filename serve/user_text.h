/* User text: what was found of a user, as JSON: docs/serve.md. */
#ifndef FRESHET_SERVE_USER_TEXT_H
#define FRESHET_SERVE_USER_TEXT_H

#include "base/buf.h"
#include "serve/found_user.h"

/* Appends the member `users`: similar users, and a comma. */
void user_text_similar(struct buf *out, const struct found_user *user);
/* Appends the members of a profile, and a comma. */
void user_text_profile(struct buf *out, const struct found_user *user);

#endif
