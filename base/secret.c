#include "base/base.h"
#include "base/secret.h"

#include <unistd.h>

static const char *const parts[] = {"pass", "pwd",  "secret", "token",     "key",
                                    "cred", "auth", "bearer", "user.info", "userinfo",
                                    "jaas", "pem",  "oauth",  "private"};

static bool contains(struct slice name, const char *part)
{
    size_t length = strlen(part);
    for (size_t at = 0; at + length <= name.size; at++) {
        size_t k = 0;
        while (k < length) {
            char byte = name.data[at + k];
            if (byte >= 'A' && byte <= 'Z') { byte = (char)(byte - 'A' + 'a'); }
            if (byte == '_' || byte == '-') { byte = '.'; }
            if (byte != part[k]) { break; }
            k++;
        }
        if (k == length) { return true; }
    }
    return false;
}

bool secret_named(struct slice name)
{
    for (size_t i = 0; i < ARRAY_COUNT(parts); i++) {
        if (contains(name, parts[i])) { return true; }
    }
    return false;
}

const char *secret_file(const char *path, char *into, size_t size)
{
    bool is_path = path[0] == '/' || strncmp(path, "./", 2) == 0 || strncmp(path, "../", 3) == 0 ||
                   access(path, F_OK) == 0;
    (void)snprintf(into, size, "%s", is_path ? path : "****");
    return into;
}

/* Returns where the part of an argument begins that may be a value: behind the first `=`, and for a
 * secret's name also behind what others write in its place. */
static size_t name_size(const char *argument)
{
    size_t word = strcspn(argument, "=: \t");
    return secret_named(slice_of(argument, word)) ? word : strcspn(argument, "=");
}

const char *secret_argument(const char *argument, const char *before, char *into, size_t size)
{
    size_t name = name_size(argument);
    size_t shown = MIN_OF(name + (argument[name] != '\0'), (size_t)INT_MAX);
    bool hidden = before && !strchr(before, '=') && secret_named(slice_str(before));
    if (hidden) {
        (void)snprintf(into, size, "****");
    } else {
        (void)snprintf(into, size, "%.*s%s", (int)shown, argument, argument[name] ? "****" : "");
    }
    return into;
}
