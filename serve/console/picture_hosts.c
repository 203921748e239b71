/* A host goes into a header and is compared with addresses of the catalogue, so it may have nothing
 * but what a host and a port are written with: no blank, quote or semicolon can come through.
 */
#include "base/base.h"
#include "base/xalloc.h"
#include "serve/console/picture_hosts.h"

#include <ctype.h>

#define POLICY                                                                                     \
    "default-src 'none'; style-src 'self'; script-src 'self'; connect-src 'self'; "               \
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

struct picture_hosts {
    char *names[PICTURE_HOSTS_MAX];
    size_t count;
    char *policy;
};

/* Says whether a text is a scheme and a host, with a port or without. */
static bool is_origin(const char *text)
{
    static const char *const schemes[] = {"https://", "http://"};
    size_t at = 0;
    for (size_t i = 0; i < ARRAY_COUNT(schemes) && !at; i++) {
        if (strncmp(text, schemes[i], strlen(schemes[i])) == 0) { at = strlen(schemes[i]); }
    }
    if (!at || !isalnum((unsigned char)text[at])) { return false; }
    while (isalnum((unsigned char)text[at]) || text[at] == '.' || text[at] == '-') { at++; }
    if (text[at] == ':' && isdigit((unsigned char)text[at + 1])) {
        at++;
        while (isdigit((unsigned char)text[at])) { at++; }
    }
    return text[at] == '\0';
}

static void write_policy(struct picture_hosts *hosts)
{
    char *list = xstrdup("");
    for (size_t i = 0; i < hosts->count; i++) {
        char *longer = xprintf("%s %s", list, hosts->names[i]);
        free(list);
        list = longer;
    }
    hosts->policy = hosts->count ? xprintf("%s; img-src%s", POLICY, list) : xstrdup(POLICY);
    free(list);
}

struct picture_hosts *picture_hosts_new(const char *text, char **ret_fault)
{
    struct picture_hosts *hosts = xcalloc(1, sizeof(*hosts));
    _cleanup_(xfreep) char *words = xstrdup(text);
    for (char *rest = words, *word; (word = strsep(&rest, ", "));) {
        if (!word[0]) { continue; }
        if (hosts->count == PICTURE_HOSTS_MAX || !is_origin(word)) {
            *ret_fault = xprintf("console.images: want at most %d hosts like "
                                 "https://img.example:8443, without a path, not %.200s",
                                 PICTURE_HOSTS_MAX, word);
            return picture_hosts_free(hosts);
        }
        hosts->names[hosts->count++] = xstrdup(word);
    }
    write_policy(hosts);
    return hosts;
}

struct picture_hosts *picture_hosts_free(struct picture_hosts *hosts)
{
    if (!hosts) { return NULL; }
    for (size_t i = 0; i < hosts->count; i++) { free(hosts->names[i]); }
    free(hosts->policy);
    free(hosts);
    return NULL;
}

bool picture_hosts_some(const struct picture_hosts *hosts)
{
    return hosts->count > 0;
}

bool picture_hosts_allow(const struct picture_hosts *hosts, struct slice address)
{
    for (size_t i = 0; i < hosts->count; i++) {
        size_t size = strlen(hosts->names[i]);
        if (address.size > size && memcmp(address.data, hosts->names[i], size) == 0 &&
            address.data[size] == '/') {
            return true;
        }
    }
    return false;
}

const char *picture_hosts_policy(const struct picture_hosts *hosts)
{
    return hosts->policy;
}
