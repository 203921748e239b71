#include "base/base.h"
#include "base/array.h"
#include "base/xalloc.h"
#include "cli/provision/ini.h"

struct entry {
    char *key, *value;
};

struct section {
    char *name;
    struct entry *entries;
    size_t count, capacity;
};

struct ini {
    struct section *sections;
    size_t count, capacity;
};

static struct section *find(const struct ini *ini, const char *name)
{
    for (size_t i = 0; i < ini->count; i++) {
        if (strcmp(ini->sections[i].name, name) == 0) { return &ini->sections[i]; }
    }
    return NULL;
}

static struct entry *find_entry(const struct section *section, const char *key)
{
    for (size_t i = 0; section && i < section->count; i++) {
        if (strcmp(section->entries[i].key, key) == 0) { return &section->entries[i]; }
    }
    return NULL;
}

void ini_put(struct ini *ini, const char *name, const char *key, const char *value)
{
    struct section *section = find(ini, name);
    struct entry *entry = find_entry(section, key);
    assert(section);
    if (!entry) {
        ARRAY_RESERVE(section->entries, section->capacity, section->count + 1, 8);
        entry = &section->entries[section->count++];
        *entry = (struct entry){.key = xstrdup(key)};
    }
    free(entry->value);
    entry->value = xstrdup(value);
}

/* Cuts blanks at both ends, in place. */
static char *trim(char *text)
{
    while (*text == ' ' || *text == '\t') { text++; }
    size_t size = strlen(text);
    while (size && strchr(" \t\r", text[size - 1])) { text[--size] = '\0'; }
    return text;
}

static void read_section(struct ini *ini, char *line)
{
    line[strcspn(line, "]")] = '\0';
    if (find(ini, line + 1)) { return; }
    ARRAY_RESERVE(ini->sections, ini->capacity, ini->count + 1, 8);
    ini->sections[ini->count++] = (struct section){.name = xstrdup(line + 1)};
}

static void read_line(struct ini *ini, char *line)
{
    char *value = strchr(line, '=');
    if (line[0] == '[') {
        read_section(ini, line);
    } else if (line[0] != '#' && value && ini->count) {
        *value++ = '\0';
        ini_put(ini, ini->sections[ini->count - 1].name, trim(line), trim(value));
    }
}

struct ini *ini_read(const char *text)
{
    struct ini *ini = xcalloc(1, sizeof(*ini));
    _cleanup_(xfreep) char *copy = xstrdup(text);
    for (char *rest = copy, *line; (line = strsep(&rest, "\n"));) { read_line(ini, trim(line)); }
    return ini;
}

struct ini *ini_free(struct ini *ini)
{
    if (!ini) { return NULL; }
    for (size_t i = 0; i < ini->count; i++) {
        struct section *section = &ini->sections[i];
        for (size_t j = 0; j < section->count; j++) {
            free(section->entries[j].key);
            free(section->entries[j].value);
        }
        free(section->entries);
        free(section->name);
    }
    free(ini->sections);
    free(ini);
    return NULL;
}

const char *ini_section(const struct ini *ini, size_t index)
{
    return index < ini->count ? ini->sections[index].name : NULL;
}

bool ini_has(const struct ini *ini, const char *section)
{
    return find(ini, section) != NULL;
}

const char *ini_get(const struct ini *ini, const char *section, const char *key)
{
    const struct entry *entry = find_entry(find(ini, section), key);
    return entry ? entry->value : NULL;
}

const char *ini_key(const struct ini *ini, const char *name, size_t index, const char **ret_value)
{
    const struct section *section = find(ini, name);
    if (!section || index >= section->count) { return NULL; }
    *ret_value = section->entries[index].value;
    return section->entries[index].key;
}
