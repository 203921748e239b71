#include "base/base.h"
#include "base/buf.h"
#include "base/edit_distance.h"
#include "base/secret.h"
#include "base/version.h"
#include "stream/config/option_names.h"

bool option_is_former(const struct option *option, const char *key)
{
    return option->former && strcmp(option->former, key) == 0;
}

bool option_is_named(const struct option *option, const char *key)
{
    return strcmp(option->name, key) == 0 || option_is_former(option, key);
}

static char variable_byte(char byte)
{
    if (byte >= 'a' && byte <= 'z') { return (char)(byte - 'a' + 'A'); }
    return byte == '.' || byte == '-' ? '_' : byte;
}

/* True when a variable's name (after FRESHET_, size bytes) is the key's, or begins with a
 * prefix's. */
static bool is_variable_of(const char *key, bool is_prefix, const char *name, size_t size)
{
    size_t length = strlen(key);
    if (is_prefix && !key[0]) { return false; } /* it would match every variable */
    if (is_prefix ? size <= length : size != length) { return false; }
    for (size_t i = 0; i < length; i++) {
        if (variable_byte(key[i]) != name[i]) { return false; }
    }
    return true;
}

const char *option_spelt(const struct option *option, const char *variable, size_t size)
{
    bool is_prefix = option->type == OPTION_PREFIX;
    if (is_variable_of(option->name, is_prefix, variable, size)) { return option->name; }
    bool is_former = option->former && is_variable_of(option->former, is_prefix, variable, size);
    return is_former ? option->former : NULL;
}

bool option_is_secret(const struct option *option, const char *key)
{
    return (option && option->type == OPTION_SECRET) || secret_named(slice_str(key));
}

size_t option_distance(const struct option *option, const char *written)
{
    char head[EDIT_TEXT_MAX + 1], key[EDIT_TEXT_MAX + 1];
    if (strlen(written) >= sizeof(key)) { return SIZE_MAX; }
    for (size_t i = 0; i <= strlen(written); i++) {
        bool upper = written[i] >= 'A' && written[i] <= 'Z';
        key[i] = (char)(upper ? written[i] - 'A' + 'a' : written[i]);
    }
    if (option->type != OPTION_PREFIX) { return edit_distance(option->name, key); }
    size_t size = 0;
    for (const char *at = strchr(option->name, '.'); at; at = strchr(at + 1, '.')) {
        size_t word = strcspn(key + size, ".");
        if (key[size + word] == '\0') { return SIZE_MAX; }
        size += word + 1;
    }
    if (size >= sizeof(head)) { return SIZE_MAX; }
    memcpy(head, key, size);
    head[size] = '\0';
    return edit_distance(option->name, head);
}

void option_variable_key(const char *head, const char *name, size_t size, char *into)
{
    size_t spelt = strlen(head);
    memcpy(into, head, spelt);
    for (size_t i = spelt; i < size; i++) {
        bool is_upper = name[i] >= 'A' && name[i] <= 'Z';
        into[i] = name[i] == '_' ? '.' : (char)(is_upper ? name[i] - 'A' + 'a' : name[i]);
    }
    into[size] = '\0';
}

void option_former_hint(const struct option *option, struct buf *out)
{
    buf_printf(out, "%s is now called %s; %s works until release %s", option->former, option->name,
               option->former, VERSION_WITHOUT_FORMER_NAMES);
}

/* What a key is that no worker has. */
static const char *other_hint(const char *key)
{
    static const struct {
        const char *key, *hint;
    } others[] = {
        {"topic", "topic.NAME=TOPIC names a topic, as in topic.clicks=shop.orders; "},
        {"include", "--config is given once for each file; "},
        {"import", "--config is given once for each file; "},
    };
    static const char *const comments[] = {"//", ";", "--", "/*", "REM"};
    for (size_t i = 0; i < ARRAY_COUNT(others); i++) {
        if (strcasecmp(key, others[i].key) == 0) { return others[i].hint; }
    }
    for (size_t i = 0; i < ARRAY_COUNT(comments); i++) {
        bool begins = strncmp(key, comments[i], strlen(comments[i])) == 0;
        if (begins) { return "a comment begins with #; "; }
    }
    return NULL;
}

const char *option_unknown_hint(const char *key, bool colon)
{
    const char *other = colon ? NULL : other_hint(key);
    if (other) { return other; }
    static const char *const client[] = {"security.", "sasl.", "ssl.", "client.", "socket.",
                                         "session.timeout", "enable.auto", "enable.idem",
                                         "auto.offset", "max.poll", "acks", "linger."};
    for (size_t i = 0; i < ARRAY_COUNT(client); i++) {
        bool begins = strncmp(key, client[i], strlen(client[i])) == 0;
        if (begins) { return "properties of the Kafka client begin with kafka.; "; }
    }
    return colon ? "this looks like YAML: properties are key=value, with whole keys; " : "";
}
