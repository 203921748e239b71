#include "base/base.h"
#include "base/buf.h"
#include "base/digest.h"
#include "base/secret.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "serve/access_tokens.h"

#include <strings.h>

enum { TOKEN_FILE_BYTES_MAX = 64 << 10, FAULT_BYTES = 200, SHOWN_BYTES = 200 };

static const char scheme[] = "Bearer ";

struct access_tokens {
    struct digest *digest;
    unsigned char known[ACCESS_TOKENS_MAX][DIGEST_BYTES];
    size_t count;
};

static void digest_of(struct access_tokens *tokens, struct slice token, unsigned char *ret_bytes)
{
    digest_start(tokens->digest);
    digest_add(tokens->digest, token);
    digest_finish(tokens->digest, ret_bytes);
}

/* Returns what is wrong with a line; NULL: nothing. */
static const char *read_line(struct access_tokens *tokens, struct slice line)
{
    if (line.size && line.data[line.size - 1] == '\r') { line.size--; }
    if (!line.size || line.data[0] == '#') { return NULL; }
    if (line.size < ACCESS_TOKEN_BYTES_MIN || line.size > ACCESS_TOKEN_BYTES_MAX) {
        return "a token has 16 to 512 characters";
    }
    for (size_t i = 0; i < line.size; i++) {
        if (line.data[i] <= ' ' || line.data[i] > '~') {
            return "a token is of ASCII characters without blanks";
        }
    }
    if (tokens->count == ACCESS_TOKENS_MAX) { return "at most 64 tokens"; }
    digest_of(tokens, line, tokens->known[tokens->count++]);
    return NULL;
}

static const char *read_lines(struct access_tokens *tokens, struct slice text, int *ret_line)
{
    const char *fault = NULL;
    for (*ret_line = 1; text.size && !fault; ++*ret_line) {
        const char *end = memchr(text.data, '\n', text.size);
        size_t size = end ? (size_t)(end - text.data) : text.size;
        size_t done = end ? size + 1 : size;
        fault = read_line(tokens, slice_of(text.data, size));
        text = slice_of(text.data + done, text.size - done);
    }
    --*ret_line;
    return fault || tokens->count ? fault : "there is no token in it";
}

int access_tokens_new(struct slice text, struct access_tokens **ret_tokens, char *why,
                      size_t why_size)
{
    int line;
    struct access_tokens *tokens = xcalloc(1, sizeof(*tokens));
    tokens->digest = digest_new();
    const char *fault = read_lines(tokens, text, &line);
    if (fault) {
        (void)snprintf(why, why_size, "line %d: %s", line, fault);
        access_tokens_free(tokens);
        return -EINVAL;
    }
    *ret_tokens = tokens;
    return 0;
}

int access_tokens_load(const char *path, struct access_tokens **ret_tokens, char *why,
                       size_t why_size)
{
    struct buf text;
    char fault[FAULT_BYTES];
    char named[SHOWN_BYTES];
    const char *shown = secret_file(path, named, sizeof(named));
    buf_init(&text, TOKEN_FILE_BYTES_MAX);
    int result = text_file_read(path, &text);
    if (result < 0) {
        (void)snprintf(why, why_size, "http.tokens=%s: %s", shown, strerror(-result));
        result = -EINVAL;
    } else {
        result = access_tokens_new(buf_slice(&text), ret_tokens, fault, sizeof(fault));
        if (result) { (void)snprintf(why, why_size, "http.tokens=%s: %s", shown, fault); }
    }
    if (text.data) { digest_wipe(text.data, text.capacity); }
    buf_release(&text);
    return result;
}

struct access_tokens *access_tokens_free(struct access_tokens *tokens)
{
    if (!tokens) { return NULL; }
    digest_free(tokens->digest);
    free(tokens);
    return NULL;
}

bool access_tokens_allow(struct access_tokens *tokens, const char *authorization)
{
    unsigned char sent[DIGEST_BYTES];
    bool found = false;
    size_t begin = sizeof(scheme) - 1;
    if (!authorization || strncasecmp(authorization, scheme, begin) != 0) { return false; }
    digest_of(tokens, slice_str(authorization + begin), sent);
    for (size_t i = 0; i < tokens->count; i++) {
        found |= memcmp(tokens->known[i], sent, DIGEST_BYTES) == 0;
    }
    return found;
}
