/* Access tokens: who may ask. A file has one token a line; blank lines and those that begin with #
 * do not count. Only digests are kept, so comparing takes the same time whatever was sent.
 *
 * One thread at a time.
 */
#ifndef FRESHET_SERVE_ACCESS_TOKENS_H
#define FRESHET_SERVE_ACCESS_TOKENS_H

#include "base/base.h"
#include "base/slice.h"

enum { ACCESS_TOKENS_MAX = 64, ACCESS_TOKEN_BYTES_MIN = 16, ACCESS_TOKEN_BYTES_MAX = 512 };

struct access_tokens;

/* Reads the tokens of a text; free with access_tokens_free(). 0, or -EINVAL with the line and what
 * is wrong with it written to why (never a token). */
int access_tokens_new(struct slice text, struct access_tokens **ret_tokens, char *why,
                      size_t why_size);
/* The same from a file. */
int access_tokens_load(const char *path, struct access_tokens **ret_tokens, char *why,
                       size_t why_size);
/* Takes NULL; returns NULL. */
struct access_tokens *access_tokens_free(struct access_tokens *tokens);
/* Says whether the header Authorization (NULL: there is none) is `Bearer TOKEN` with one of the
 * tokens. */
bool access_tokens_allow(struct access_tokens *tokens, const char *authorization);

#endif
