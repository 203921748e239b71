#include "base/base.h"
#include "base/number.h"
#include "base/slice.h"
#include "base/xalloc.h"
#include "stream/config/bootstrap.h"

enum { PORT_MAX = 65535, PORT_BYTES_MAX = 20 };

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

static bool is_known_scheme(struct slice whole, struct slice host)
{
    static const char *const known[] = {"plaintext://", "ssl://", "sasl_plaintext://",
                                        "sasl_ssl://"};
    size_t size = (size_t)(host.data - whole.data);
    for (size_t i = 0; i < ARRAY_COUNT(known); i++) {
        bool same = size == strlen(known[i]) && strncasecmp(whole.data, known[i], size) == 0;
        if (same) { return true; }
    }
    return size == 0;
}

static const char *fault_of(const struct address *address)
{
    if (!address->host.size) { return "an address is empty"; }
    if (!is_known_scheme(address->whole, address->host)) { return "an address is no URL"; }
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
    if (!address->port.data) { return NULL; }
    return is_port(address->port) ? NULL : "a port is a number from 1 to 65535";
}

char *bootstrap_fault(const char *servers)
{
    struct address address;
    for (const char *at = servers; next_address(&at, &address);) {
        const char *fault = fault_of(&address);
        if (!fault) { continue; }
        return xprintf("bootstrap.servers=%.200s: %s; write host:port,host:port", servers, fault);
    }
    return NULL;
}

void bootstrap_notes(const char *servers, struct buf *notes)
{
    struct address address;
    for (const char *at = servers; next_address(&at, &address);) {
        if (address.port.data || !address.host.size) { continue; }
        buf_printf(notes, "bootstrap.servers: %.*s has no port, so 9092 is taken\n",
                   SLICE_ARGS(address.whole));
    }
}
