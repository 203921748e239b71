#include "base/base.h"
#include "base/buf.h"
#include "base/number.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "stream/config/bootstrap.h"

#include <ctype.h>

enum { PORT_MAX = 65535, PORT_BYTES_MAX = 20, IPV6_COLONS = 7,
       SHOWN_BYTES_MAX = 1 << 16 };

struct address {
    struct slice whole;
    struct slice host;
    struct slice port; /* data NULL: none */
};

static bool is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* Takes the next address, without the blanks around it; false at the end of the list. */
static bool next_address(const char **at, struct address *ret_address)
{
    static const char scheme[] = "://";
    if (!*at) { return false; }
    size_t size = strcspn(*at, ",");
    struct slice whole = slice_of(*at, size);
    *at = (*at)[size] ? *at + size + 1 : NULL;
    while (whole.size && is_blank(whole.data[whole.size - 1])) { whole.size--; }
    while (whole.size && is_blank(whole.data[0])) {
        whole = slice_of(whole.data + 1, whole.size - 1);
    }
    struct slice host = whole;
    const char *slashes = memmem(host.data, host.size, scheme, strlen(scheme));
    if (slashes) {
        const char *first = slashes + strlen(scheme);
        host = slice_of(first, (size_t)(whole.data + whole.size - first));
    }
    *ret_address = (struct address){.whole = whole, .host = host};
    const char *bracket = memrchr(host.data, ']', host.size);
    const char *colon = memrchr(host.data, ':', host.size);
    if (!colon || (bracket && colon < bracket)) { return true; }
    /* Several colons without brackets: an IPv6 address without a port. */
    if (!bracket && memchr(host.data, ':', (size_t)(colon - host.data))) { return true; }
    size_t port = (size_t)(colon - host.data) + 1;
    ret_address->port = slice_of(colon + 1, host.size - port);
    ret_address->host = slice_of(host.data, port - 1);
    return true;
}

static bool is_port(struct slice port)
{
    char text[PORT_BYTES_MAX];
    int64_t number;
    if (port.size >= sizeof(text)) { return false; }
    (void)snprintf(text, sizeof(text), "%.*s", SLICE_ARGS(port));
    return number_parse(text, &number) && number >= 1 && number <= PORT_MAX;
}

/* Returns the protocol before an address, as the property has it; "": none, NULL: another word. */
static const char *scheme_of(const struct address *address)
{
    static const char *const known[] = {"plaintext", "ssl", "sasl_plaintext", "sasl_ssl"};
    size_t size = (size_t)(address->host.data - address->whole.data);
    if (size == 0) { return ""; }
    size -= strlen("://");
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        bool same = size == strlen(known[i]) &&
                    strncasecmp(address->whole.data, known[i], size) == 0;
        if (same) { return known[i]; }
    }
    return NULL;
}

/* Says whether a host without brackets, which has colons, seems to end with a port. */
static bool ends_with_port(struct slice host)
{
    size_t digits = 0;
    while (digits < host.size && isdigit((unsigned char)host.data[host.size - 1 - digits])) {
        digits++;
    }
    size_t colons = 0, others = 0;
    for (size_t i = 0; i < host.size; i++) {
        char c = host.data[i];
        colons += c == ':';
        others += c != ':' && c != '.' && !isxdigit((unsigned char)c);
    }
    bool whole = colons == IPV6_COLONS || memmem(host.data, host.size, "::", 2);
    return !whole || others || digits > 3;
}

static bool has_user(const struct address *address)
{
    return address->whole.size && memchr(address->whole.data, '@', address->whole.size);
}

static const char *fault_of(const struct address *address)
{
    if (!address->host.size) { return "an address is empty"; }
    if (has_user(address)) {
        return "an address has no user and no password, which are kafka.sasl.username and "
               "kafka.sasl.password";
    }
    if (!scheme_of(address)) { return "an address is no URL"; }
    for (size_t i = 0; i < address->host.size; i++) {
        char c = address->host.data[i];
        if (strchr(" ;/|\t", c)) { return "between addresses is a comma, and no path behind them"; }
    }
    bool opened = address->host.data[0] == '[';
    bool closed = address->host.data[address->host.size - 1] == ']';
    bool within = memchr(address->host.data, ']', address->host.size - 1) != NULL;
    if (opened != closed || within) {
        return "an IPv6 address stands between [ and ], as [::1]:9092";
    }
    bool colons = !opened && memchr(address->host.data, ':', address->host.size);
    if (colons && ends_with_port(address->host)) {
        return "it has several colons, and an IPv6 address stands between [ and ], as [::1]:9092";
    }
    if (!address->port.data) { return NULL; }
    return is_port(address->port) ? NULL : "a port is a number from 1 to 65535";
}

/* Returns the addresses as they may be shown; the caller frees. */
static char *shown(const char *servers)
{
    struct buf out;
    struct address address;
    buf_init(&out, SHOWN_BYTES_MAX);
    for (const char *at = servers; next_address(&at, &address);) {
        const struct slice whole = address.whole;
        const char *sign = whole.size ? memrchr(whole.data, '@', whole.size) : NULL;
        size_t hidden = sign ? (size_t)(sign - whole.data) : 0;
        buf_printf(&out, "%s%s%.*s", out.size ? "," : "", sign ? "****" : "",
                   SLICE_ARGS(slice_of(whole.data + hidden, whole.size - hidden)));
    }
    char *text = xprintf("%.*s", SLICE_ARGS(buf_slice(&out)));
    buf_release(&out);
    return text;
}

char *bootstrap_fault(const char *servers, const char *protocol)
{
    struct address address;
    _cleanup_(xfreep) char *told = shown(servers);
    const char *own = protocol ? protocol : "plaintext";
    for (const char *at = servers; next_address(&at, &address);) {
        const char *fault = fault_of(&address);
        if (fault) {
            return xprintf("bootstrap.servers=%.200s: %s; write host:port,host:port", told, fault);
        }
        const char *scheme = scheme_of(&address);
        if (!scheme[0] || strcasecmp(scheme, own) == 0) { continue; }
        return xprintf("bootstrap.servers=%.200s: an address of %s, but kafka.security.protocol is "
                       "%s; write host:port,host:port, and set kafka.security.protocol=%s",
                       told, scheme, own, scheme);
    }
    return NULL;
}

void bootstrap_notes(const char *servers, struct buf *notes)
{
    struct address address;
    for (const char *at = servers; next_address(&at, &address);) {
        bool wrong = !address.host.size || has_user(&address) || fault_of(&address);
        if (address.port.data || wrong) { continue; }
        buf_printf(notes, "bootstrap.servers: %.*s has no port, so 9092 is taken\n",
                   SLICE_ARGS(address.whole));
    }
}
