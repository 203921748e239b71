/* Loading goes through four steps:
 *
 *   1. list_entries()    one entry for each option of all tables
 *   2. add_...()         reads the command line, its files and the environment into `settings`;
 *                        each finds its entry by name, and an unknown name is a fault
 *   3. resolve()         picks for each entry the setting that overrides the others (the highest
 *                        rank, then the last), expands its placeholders and parses it; an entry
 *                        without a setting takes its default
 *   4. store()           writes all values into the settings structs, when there was no fault
 *
 * A fault is printed and loading goes on, so that all faults are reported at once. Never printed is
 * what may be a secret: what a placeholder brought, and a value whose name sounds like one
 * (base/secret.h) or is unknown, because it may be mistyped.
 */
#include "base/base.h"
#include "base/arena.h"
#include "base/edit_distance.h"
#include "base/secret.h"
#include "base/text_file.h"
#include "base/utf8.h"
#include "base/version.h"
#include "base/xalloc.h"
#include "stream/config/file_format.h"
#include "stream/config/option_hint.h"
#include "stream/config/option_names.h"
#include "stream/config/option_owners.h"
#include "stream/config/option_value.h"
#include "stream/config/options.h"
#include "stream/config/options_internal.h"
#include "stream/config/placeholder.h"
#include "stream/config/properties.h"
#include "stream/config/setting.h"

enum {
    OPTIONS_ARENA_BLOCK = 16 << 10, OPTIONS_QUOTE_MAX = 512,
    OPTIONS_SETTINGS_MAX = 4096,      /* of one load, with the overridden ones */
    OPTIONS_EXPANDED_MAX = 128 << 10, /* bytes of a value */
    NEAR_NAME_EDITS = 2, /* of an option's name, for a key that a prefix takes */
    VARIABLE_NAME_LEAST = 6, /* of a variable that is taken for a misspelt option */
};

extern char **environ;

struct options {
    struct arena *arena;
    const struct option **former; /* that were set under their former names */
    size_t former_count;
};

/* One option of a table and the setting found for it. */
struct entry {
    const struct option *option;
    void *settings;
    struct setting *given;
    bool used_former; /* name */
    struct option_value value;
    struct properties properties;
};

struct load {
    struct options *options;
    struct entry *entries;
    size_t entries_count;
    struct setting *settings;
    size_t settings_count, settings_dropped;
    struct buf text; /* of the file being read */
    FILE *err;
    char shown[OPTIONS_QUOTE_MAX]; /* scratch */
    int faults, misused; /* misused: arguments that cannot be read */
};

static const char *keep(struct load *load, const char *text, size_t size)
{
    char *copy = arena_alloc(load->options->arena, size + 1);
    copy[size] = '\0';
    return memcpy(copy, text, size);
}

/* ---- Faults ---- */

static void end_fault(struct load *load, struct buf *hint)
{
    fault_end(load->err, hint);
    load->faults++;
}

static _printf_(3, 4) void fault_argument(struct load *load, const char *argument,
                                          const char *format, ...)
{
    va_list args;
    va_start(args, format);
    fault_of_argument(load->err, argument, format, args);
    va_end(args);
    load->faults++;
    load->misused++;
}

static void fault_file(struct load *load, const char *file, int line, const char *reason)
{
    fault_of_file(load->err, file, line, reason);
    load->faults++;
}

/* Frees the hint. value may be NULL (unknown, or a secret). */
static void fault_setting(struct load *load, const struct setting *setting, const char *value,
                          struct buf *hint)
{
    bool secret = option_is_secret(setting->entry ? setting->entry->option : NULL, setting->key);
    setting_print(setting, value && secret ? "****" : value, load->err);
    end_fault(load, hint);
}

/* ---- The table ---- */

static void list_entries(struct load *load, const struct option_group *groups, size_t groups_count)
{
    for (size_t i = 0; i < groups_count; i++) { load->entries_count += groups[i].count; }
    load->entries = xcalloc(load->entries_count, sizeof(*load->entries));
    load->options->former =
        arena_alloc_array(load->options->arena, load->entries_count, sizeof(void *));
    struct entry *entry = load->entries;
    for (size_t i = 0; i < groups_count; i++) {
        for (size_t j = 0; j < groups[i].count; j++, entry++) {
            entry->option = &groups[i].options[j];
            entry->settings = groups[i].settings;
            assert(!entry->option->former || entry->option->type != OPTION_PREFIX);
            for (const struct entry *other = load->entries; other < entry; other++) {
                assert(!option_is_named(other->option, entry->option->name));
            }
        }
    }
}

/* Finds the option with this exact name, else the longest prefix of the key (an empty prefix takes
 * every key), else NULL. */
static struct entry *find_entry(const struct load *load, const char *key)
{
    struct entry *best = NULL, *end = load->entries + load->entries_count;
    size_t best_size = 0;
    for (struct entry *entry = load->entries; entry < end; entry++) {
        size_t size = strlen(entry->option->name);
        if (entry->option->type != OPTION_PREFIX) {
            if (option_is_named(entry->option, key)) { return entry; }
        } else if ((!best || size > best_size) && strncmp(entry->option->name, key, size) == 0 &&
                   key[size]) {
            best = entry;
            best_size = size;
        }
    }
    return best;
}

static const struct option *nearest_option(const struct load *load, const char *key,
                                           bool prefixes)
{
    const struct option *nearest = NULL;
    size_t least = SIZE_MAX;
    for (size_t i = 0; i < load->entries_count; i++) {
        const struct option *option = load->entries[i].option;
        if (option->type == OPTION_PREFIX && !prefixes) { continue; }
        size_t distance = option_distance(option, key);
        if (distance >= least || !edit_is_near(distance, strlen(option->name))) { continue; }
        least = distance;
        nearest = option;
    }
    return nearest;
}

static void hint_nearest(const struct load *load, const struct setting *setting, struct buf *hint)
{
    const struct option *nearest = nearest_option(load, setting->key, /* prefixes= */ true);
    const char *owners = option_owners(setting->key);
    if (owners) {
        buf_printf(hint, "unknown here; it is an option of %s, for that worker's file", owners);
    } else if (nearest) {
        buf_printf(hint, "unknown; did you mean %s%s?", nearest->name,
                   nearest->type == OPTION_PREFIX ? "*" : "");
    } else {
        buf_printf(hint, "unknown; %s--options prints all",
                   option_unknown_hint(setting->key, setting->colon));
    }
}

/* A prefix takes every key that begins with it, but a near misspelling of an option is no such
 * key: topic.prefx is no topic. */
static bool check_misspelt(struct load *load, const struct setting *setting)
{
    size_t prefix = strlen(setting->entry->option->name);
    if (setting->entry->option->type != OPTION_PREFIX) { return true; }
    const struct option *meant = nearest_option(load, setting->key, /* prefixes= */ false);
    if (!meant || strncmp(meant->name, setting->key, prefix) != 0 ||
        edit_distance(meant->name + prefix, setting->key + prefix) > NEAR_NAME_EDITS) {
        return true;
    }
    setting_fault(setting, load->err, &load->faults, "unknown; did you mean %s?", meant->name);
    return false;
}

static void add_setting(struct load *load, struct setting setting)
{
    if (load->settings_count == OPTIONS_SETTINGS_MAX) {
        load->settings_dropped++;
        return;
    }
    setting.entry = find_entry(load, setting.key);
    if (!setting.entry) {
        struct buf hint;
        buf_init(&hint, OPTIONS_QUOTE_MAX);
        hint_nearest(load, &setting, &hint);
        fault_setting(load, &setting, NULL, &hint);
        return;
    }
    if (!check_misspelt(load, &setting)) { return; }
    if (option_is_former(setting.entry->option, setting.key)) {
        setting.former = setting.key;
        setting.key = setting.entry->option->name;
    }
    load->settings[load->settings_count++] = setting;
}

/* ---- The sources of settings ---- */

static void add_file(struct load *load, const char *path)
{
    buf_clear(&load->text);
    int result = text_file_read(path, &load->text);
    if (result < 0) {
        fault_file(load, path, 0, strerror(-result));
        return;
    }
    const char *source = keep(load, path, strlen(path));
    struct properties_reader reader;
    struct property_line line;
    struct slice text = file_format_skip_mark(buf_slice(&load->text));
    const char *fault = file_format_fault(text, &line.line);
    if (fault) {
        fault_file(load, path, line.line, fault);
        return;
    }
    properties_reader_init(&reader, text);
    for (int got; (got = properties_next(&reader, &line)) != 0;) {
        if (got < 0) {
            fault_file(load, path, line.line, line.fault);
            continue;
        }
        add_setting(load, (struct setting){.key = keep(load, line.key, strlen(line.key)),
                                           .value = keep(load, line.value, strlen(line.value)),
                                           .rank = RANK_FILE,
                                           .source = source,
                                           .line = line.line,
                                           .colon = line.colon});
    }
    properties_reader_release(&reader);
}

static void add_variable(struct load *load, const char *variable, const char *name, size_t size)
{
    const char *best = NULL;
    size_t best_size = 0;
    for (size_t i = 0; i < load->entries_count; i++) {
        const struct option *option = load->entries[i].option;
        const char *spelt = option_spelt(option, name, size);
        size_t spelt_size = !spelt ? 0 : option->type == OPTION_PREFIX ? strlen(spelt) : SIZE_MAX;
        if (spelt_size <= best_size) { continue; }
        best = spelt;
        best_size = spelt_size;
    }
    char *key = arena_alloc(load->options->arena, size + 1);
    option_variable_key(best ? best : "", name, size, key);
    if (!best && (size < VARIABLE_NAME_LEAST || !nearest_option(load, key, false))) { return; }
    const char *value = name + size + 1;
    add_setting(load, (struct setting){.key = key,
                                       .value = keep(load, value, strlen(value)),
                                       .rank = RANK_ENVIRONMENT,
                                       .source = keep(load, variable, strcspn(variable, "="))});
}

static void add_environment(struct load *load)
{
    static const char head[] = "FRESHET_";
    for (char **at = environ; at && *at; at++) {
        if (strncmp(*at, head, strlen(head)) != 0) { continue; }
        const char *name = *at + strlen(head);
        size_t size = strcspn(name, "=");
        if (size > 0 && size <= PROPERTY_KEY_MAX && name[size] == '=') {
            add_variable(load, *at, name, size);
        }
    }
}

static void add_pair(struct load *load, const char *pair)
{
    size_t size = strcspn(pair, "=");
    if (size == 0 || pair[size] == '\0') {
        fault_argument(load, secret_argument(pair, NULL, load->shown, OPTIONS_QUOTE_MAX),
                       "write KEY=VALUE");
        return;
    }
    const char *value = pair + size + 1;
    if (pair[size - 1] == ' ') { value += strspn(value, " "); } /* as in a file: key = value */
    while (size > 1 && pair[size - 1] == ' ') { size--; }
    add_setting(load, (struct setting){.key = keep(load, pair, size),
                                       .value = keep(load, value, strlen(value)),
                                       .rank = RANK_SET});
}

/* ---- Resolving ---- */

/* Returns the value with its placeholders expanded, or NULL after reporting a fault. */
static const char *expand(struct load *load, const struct setting *setting)
{
    if (!strstr(setting->value, "${")) { return setting->value; }
    struct buf out, hint;
    buf_init(&out, OPTIONS_EXPANDED_MAX);
    buf_init(&hint, OPTIONS_QUOTE_MAX);
    const char *result = NULL;
    if (placeholder_expand(setting->value, &out, &hint) < 0) {
        fault_setting(load, setting, NULL, &hint);
    } else {
        result = keep(load, buf_slice(&out).data, out.size);
    }
    buf_release(&out);
    buf_release(&hint);
    return result;
}

static bool is_overridden(const struct load *load, const struct setting *setting)
{
    for (size_t i = 0; i < load->settings_count; i++) {
        const struct setting *other = &load->settings[i];
        bool later = other->rank == setting->rank ? other > setting : other->rank > setting->rank;
        if (later && strcmp(other->key, setting->key) == 0) { return true; }
    }
    return false;
}

static void check_repeated(struct load *load, const struct setting *setting)
{
    const struct setting *end = load->settings + load->settings_count;
    const struct setting *later = setting_repeated(setting, end);
    if (!later) { return; }
    setting_fault(setting, load->err, &load->faults,
                  "line %d has the key again, with another value; keep one of them", later->line);
}

static void check_former(struct load *load, const struct setting *setting)
{
    for (size_t i = 0; i < load->settings_count; i++) {
        const struct setting *other = &load->settings[i];
        if (other->former || !setting_contradicts(setting, other)) { continue; }
        setting_fault(setting, load->err, &load->faults,
                      "its new name %s has another value; keep that one", setting->key);
        return;
    }
    if (setting->entry->used_former) { return; }
    setting->entry->used_former = true;
    load->options->former[load->options->former_count++] = setting->entry->option;
}

static void add_property(struct load *load, struct setting *setting)
{
    struct properties *properties = &setting->entry->properties;
    const char *value = expand(load, setting);
    bool shown = value && !option_is_secret(NULL, setting->key);
    bool text = !shown || utf8_valid(value, strlen(value));
    if (!text || (shown && value == setting->value && option_has_comment(value))) {
        setting_fault(setting, load->err, &load->faults, "%s",
                      text ? OPTION_COMMENT_HINT : "expected a text in UTF-8");
        return;
    }
    if (!value) { return; }
    if (!properties->at) {
        properties->at =
            arena_alloc_array(load->options->arena, load->settings_count, sizeof(*properties->at));
    }
    const char *key = setting->key + strlen(setting->entry->option->name);
    properties->at[properties->count++] = (struct property){.key = key, .value = value};
}

static void expect(const struct option *option, struct buf *hint)
{
    buf_printf(hint, "expected ");
    option_describe(option, hint);
}

static void resolve_entry(struct load *load, struct entry *entry)
{
    const struct option *option = entry->option;
    struct buf hint;
    if (!entry->given) {
        if (option->fallback) {
            int fault = option_value_parse(option, option->fallback, &entry->value);
            assert(fault == 0);
            return;
        }
        buf_init(&hint, OPTIONS_QUOTE_MAX);
        buf_printf(&hint, "required; set it to ");
        option_describe(option, &hint);
        fprintf(load->err, "level=error msg=\"missing option\"");
        fault_pair(load->err, "key", option->name);
        end_fault(load, &hint);
        return;
    }
    const char *text = expand(load, entry->given);
    if (!text) { return; }
    bool is_expanded = text != entry->given->value; /* may hold a secret: not printed */
    bool is_good = option_value_parse(option, text, &entry->value) == 0;
    buf_init(&hint, OPTIONS_QUOTE_MAX);
    if (!is_good) { expect(option, &hint); }
    bool is_shown = !is_expanded && (!is_good || option->type == OPTION_STRING);
    if (is_shown) { option_hint(option, text, &hint); }
    if (is_good && hint.size == 0) { return; }
    fault_setting(load, entry->given, is_expanded ? NULL : text, &hint);
}

static void resolve(struct load *load)
{
    if (load->settings_dropped) {
        load->misused--; /* files can have too many, too */
        fault_argument(load, "--config", "more than %d settings", OPTIONS_SETTINGS_MAX);
    }
    for (size_t i = 0; i < load->settings_count; i++) {
        struct setting *setting = &load->settings[i];
        if (setting->former) { check_former(load, setting); }
        check_repeated(load, setting);
        if (is_overridden(load, setting)) { continue; }
        if (setting->entry->option->type == OPTION_PREFIX) {
            add_property(load, setting);
        } else {
            setting->entry->given = setting;
        }
    }
    for (size_t i = 0; i < load->entries_count; i++) {
        struct entry *entry = &load->entries[i];
        if (entry->option->type != OPTION_PREFIX) { resolve_entry(load, entry); }
    }
}

static void store(const struct load *load)
{
    for (size_t i = 0; i < load->entries_count; i++) {
        const struct entry *entry = &load->entries[i];
        if (entry->option->type == OPTION_PREFIX) {
            memcpy((char *)entry->settings + entry->option->offset, &entry->properties,
                   sizeof(entry->properties));
        } else {
            option_value_store(entry->option, &entry->value, entry->settings);
        }
    }
}

/* ---- Begin and end of a load ---- */

static void load_begin(struct load *load, const struct option_group *groups, size_t groups_count,
                       FILE *err)
{
    *load = (struct load){.err = err};
    load->options = xcalloc(1, sizeof(*load->options));
    load->options->arena = arena_new(OPTIONS_ARENA_BLOCK);
    load->settings = xcalloc(OPTIONS_SETTINGS_MAX, sizeof(*load->settings));
    buf_init(&load->text, PROPERTIES_FILE_MAX);
    list_entries(load, groups, groups_count);
}

/* Resolves and stores; returns the options unless there were faults. */
static bool load_end(struct load *load, struct options **ret_options)
{
    resolve(load);
    bool good = load->faults == 0;
    if (good) {
        store(load);
        *ret_options = load->options;
    } else {
        options_free(load->options);
    }
    buf_release(&load->text);
    free(load->settings);
    free(load->entries);
    return good;
}

struct options *options_free(struct options *options)
{
    if (!options) { return NULL; }
    arena_free(options->arena);
    free(options);
    return NULL;
}

const struct option *options_former(const struct options *options, size_t index)
{
    return index < options->former_count ? options->former[index] : NULL;
}

/* ---- The command line ---- */

/* Returns the value of a flag, from the same or the next argument (*at then moves on); NULL when
 * the argument is another flag, "" when the value is missing. */
static const char *flag_value(const char *flag, int argc, char *const *argv, int *at)
{
    size_t size = strlen(flag);
    if (strncmp(argv[*at], flag, size) != 0) { return NULL; }
    if (argv[*at][size] == '=') { return argv[*at] + size + 1; }
    if (argv[*at][size] != '\0') { return NULL; }
    return *at + 1 < argc ? argv[++*at] : "";
}

/* Returns the first of --help, --options, --manual and --version on the command line, or NULL. */
static const char *asked_page(int argc, char *const *argv)
{
    for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
        if (flag_value("--config", argc, argv, &i) || flag_value("--set", argc, argv, &i)) {
            continue;
        }
        static const char *const pages[] = {"--help", "--options", "--manual", "--version"};
        for (size_t j = 0; j < ARRAY_COUNT(pages); j++) {
            if (strcmp(argv[i], pages[j]) == 0) { return pages[j]; }
        }
    }
    return NULL;
}

static void unknown_flag(struct load *load, const char *flag)
{
    char name[PROPERTY_KEY_MAX];
    (void)snprintf(name, sizeof(name), "%.*s", (int)strcspn(flag + 2, "="), flag + 2);
    const struct entry *entry = find_entry(load, name);
    if (!entry || option_is_secret(entry->option, name)) {
        flag = secret_argument(flag, NULL, load->shown, OPTIONS_QUOTE_MAX);
    }
    if (entry) {
        bool former = option_is_former(entry->option, name);
        fault_argument(load, flag, "write --set %s=VALUE", former ? entry->option->name : name);
    } else {
        fault_argument(load, flag, "unknown; --help shows the flags");
    }
}

static void add_arguments(struct load *load, int argc, char *const *argv, char **rest,
                          size_t *rest_count)
{
    bool flags = true;
    for (int i = 1; i < argc; i++) {
        const char *value;
        if (!flags || strncmp(argv[i], "--", 2) != 0) {
            rest[(*rest_count)++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            flags = false;
        } else if ((value = flag_value("--config", argc, argv, &i))) {
            if (*value) { add_file(load, value); }
            if (!*value) { fault_argument(load, "--config", "needs a FILE"); }
        } else if ((value = flag_value("--set", argc, argv, &i))) {
            add_pair(load, value);
        } else {
            unknown_flag(load, argv[i]);
        }
    }
}

enum options_result options_load(const char *program, const char *about,
                                 const struct option_group *groups, size_t groups_count, int argc,
                                 char *const *argv, FILE *err, struct options **ret_options,
                                 char ***ret_rest)
{
    const char *page = asked_page(argc, argv);
    if (page) {
        options_show(page, program, about, groups, groups_count);
        return OPTIONS_SHOWN;
    }
    struct load load;
    size_t rest_count = 0;
    load_begin(&load, groups, groups_count, err);
    char **rest = arena_alloc_array(load.options->arena, (size_t)argc + 1, sizeof(*rest));
    add_arguments(&load, argc, argv, rest, &rest_count);
    rest[rest_count] = NULL;
    for (size_t i = 0; !ret_rest && i < rest_count; i++) {
        fault_argument(&load, secret_argument(rest[i], NULL, load.shown, OPTIONS_QUOTE_MAX),
                       "unexpected argument; --help shows the flags");
    }
    add_environment(&load);
    if (!load_end(&load, ret_options)) { return load.misused ? OPTIONS_USAGE : OPTIONS_BAD; }
    if (ret_rest) { *ret_rest = rest; }
    return OPTIONS_OK;
}

int options_fill(const struct option_group *groups, size_t groups_count, const char *const *pairs,
                 size_t pairs_count, FILE *err, struct options **ret_options)
{
    struct load load;
    load_begin(&load, groups, groups_count, err);
    for (size_t i = 0; i < pairs_count; i++) { add_pair(&load, pairs[i]); }
    return load_end(&load, ret_options) ? 0 : -EINVAL;
}

const char *properties_get(const struct properties *properties, const char *key)
{
    size_t i = 0;
    while (i < properties->count && strcmp(properties->at[i].key, key) != 0) { i++; }
    return i < properties->count ? properties->at[i].value : NULL;
}
