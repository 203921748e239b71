#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client.h"
#include "cli/dataset.h"

#include <jansson.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

enum {
    USERS_MAX = 50000000,
    DATASET_ITEMS_MAX = 10000000,
    DATASET_FEATURES_MAX = 20000000,
    FIELDS_MAX = 16,
    ITEM_FEATURES_MAX = CONTENT_FEATURES_MAX,
    WORD_BYTES_MAX = 256,
};

enum shape { SHAPE_BLANKS, SHAPE_COLONS, SHAPE_TABS, SHAPE_COMMAS };

/* What a line can be found to be. */
enum line_fault {
    LINE_FINE,
    LINE_WITHOUT_IDS,
    LINE_WITHOUT_RATING,
    LINE_PAST_LIMITS, /* more users or items than are numbered */
};

static const char *const line_faults[] = {
    [LINE_WITHOUT_IDS] = "has no user and item",
    [LINE_WITHOUT_RATING] = "has no finite number as its rating",
    [LINE_PAST_LIMITS] = "goes beyond 50000000 users or 10000000 items",
};

/* Which field of a line holds what; -1: none. */
struct columns {
    int user, item, rating, ts;
};

extern char **environ;

/* ---- Files, gzip or plain. ---- */

struct source {
    FILE *file;
    pid_t unzipper; /* 0: none */
};

static int source_unzip(struct source *source, const char *path)
{
    int ends[2];
    if (pipe(ends) < 0) { return -errno; }
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
    posix_spawn_file_actions_addclose(&actions, ends[0]);
    posix_spawn_file_actions_addclose(&actions, ends[1]);
    char name[] = "gzip", flag[] = "-dc", end[] = "--";
    _cleanup_(xfreep) char *file = xstrdup(path);
    char *const words[] = {name, flag, end, file, NULL};
    int rc = posix_spawnp(&source->unzipper, "gzip", &actions, NULL, words, environ);
    posix_spawn_file_actions_destroy(&actions);
    close(ends[1]);
    if (rc == 0) { source->file = fdopen(ends[0], "r"); }
    if (rc || !source->file) { close(ends[0]); }
    return rc ? -rc : source->file ? 0 : -errno;
}

static int source_open(struct source *source, const char *path)
{
    size_t size = strlen(path);
    *source = (struct source){0};
    source->file = fopen(path, "re");
    if (!source->file) { return client_fail("%s: %s", path, strerror(errno)), -1; }
    if (size < 3 || strcmp(path + size - 3, ".gz") != 0) { return 0; }
    fclose(source->file);
    int rc = source_unzip(source, path);
    return rc < 0 ? (client_fail("%s: gzip: %s", path, strerror(-rc)), -1) : 0;
}

/* Closes it; -1 with a message when it was not read to a good end. */
static int source_close(struct source *source, const char *path)
{
    int result = 0, status = 0;
    if (source->file) {
        result = ferror(source->file) ? -1 : 0;
        fclose(source->file);
    }
    if (source->unzipper) {
        (void)waitpid(source->unzipper, &status, 0);
        /* A reader that stopped early ends gzip by SIGPIPE, and has said why itself. */
        if (WIFEXITED(status) && WEXITSTATUS(status) == 1) { result = -1; }
    }
    if (result < 0) { client_fail("%s: it could not be read to its end", path); }
    return result;
}

/* ---- Lines. ---- */

static enum shape shape_of(const char *line)
{
    if (strstr(line, "::")) { return SHAPE_COLONS; }
    if (strchr(line, '\t')) { return SHAPE_TABS; }
    return strchr(line, ',') ? SHAPE_COMMAS : SHAPE_BLANKS;
}

static struct slice next_field(const char **at, enum shape shape)
{
    static const char *const separators[] = {" ", "::", "\t", ","};
    const char *begin = *at + (shape == SHAPE_BLANKS ? strspn(*at, " ") : 0);
    const char *end = strstr(begin, separators[shape]);
    size_t size = end ? (size_t)(end - begin) : strlen(begin);
    *at = end ? end + strlen(separators[shape]) : begin + size;
    return slice_of(begin, size);
}

static int columns_of_names(struct columns *columns, const char *line)
{
    *columns = (struct columns){-1, -1, -1, -1};
    const char *at = line;
    for (int k = 0; k < FIELDS_MAX && *at; k++) {
        struct slice name = next_field(&at, SHAPE_COMMAS);
        if (slice_equal(name, slice_str("user"))) { columns->user = k; }
        if (slice_equal(name, slice_str("item"))) { columns->item = k; }
        if (name.size >= 6 && memcmp(name.data, "rating", 6) == 0) { columns->rating = k; }
        if (slice_equal(name, slice_str("ts"))) { columns->ts = k; }
    }
    return columns->user >= 0 && columns->item >= 0 ? 0 : -1;
}

static enum line_fault add_action(struct dataset *dataset, struct slice user, struct slice item,
                                  float rating, int64_t ts)
{
    int32_t user_number = ids_put(dataset->users, user);
    int32_t item_number = ids_put(dataset->items, item);
    if (user_number == ID_NONE || item_number == ID_NONE) { return LINE_PAST_LIMITS; }
    if (dataset->count == dataset->capacity) {
        dataset->capacity = MAX_OF(dataset->capacity * 2, (size_t)4096);
        dataset->actions =
            xreallocarray(dataset->actions, dataset->capacity, sizeof(*dataset->actions));
    }
    dataset->actions[dataset->count++] = (struct action){
        .ts = ts,
        .user = user_number,
        .item = item_number,
        .rating = rating,
    };
    return LINE_FINE;
}

static enum line_fault take_sequence(struct dataset *dataset, const char *line)
{
    const char *at = line;
    struct slice user = next_field(&at, SHAPE_BLANKS);
    size_t before = dataset->count;
    enum line_fault fault = LINE_FINE;
    while (*at && !fault) {
        struct slice item = next_field(&at, SHAPE_BLANKS);
        if (item.size) { fault = add_action(dataset, user, item, 1.0F, 0); }
    }
    if (fault) { return fault; }
    return user.size && dataset->count > before ? LINE_FINE : LINE_WITHOUT_IDS;
}

static enum line_fault take_event(struct dataset *dataset, const char *line, enum shape shape,
                                  const struct columns *columns, double rating_min)
{
    struct slice fields[FIELDS_MAX];
    int count = 0;
    for (const char *at = line; *at && count < FIELDS_MAX;) {
        fields[count++] = next_field(&at, shape);
    }
    if (columns->user >= count || columns->item >= count) { return LINE_WITHOUT_IDS; }
    float rating = 1.0F;
    int64_t ts = 0;
    if (columns->rating >= 0 && columns->rating < count) {
        rating = strtof(fields[columns->rating].data, NULL);
        if (!isfinite(rating)) { return LINE_WITHOUT_RATING; }
        if (rating < rating_min) {
            dataset->left_out++;
            return LINE_FINE;
        }
    }
    if (columns->ts >= 0 && columns->ts < count) {
        ts = strtoll(fields[columns->ts].data, NULL, 10);
        dataset->timed = true;
    }
    struct slice user = fields[columns->user], item = fields[columns->item];
    if (!user.size || !item.size) { return LINE_WITHOUT_IDS; }
    return add_action(dataset, user, item, rating, ts);
}

static int read_lines(struct dataset *dataset, const char *path, FILE *file, double rating_min)
{
    _cleanup_(xfreep) char *line = NULL;
    size_t capacity = 0;
    int64_t number = 0;
    enum shape shape = SHAPE_BLANKS;
    struct columns columns = {0, 1, 2, 3};
    for (ssize_t size; (size = getline(&line, &capacity, file)) >= 0;) {
        while (size && (line[size - 1] == '\n' || line[size - 1] == '\r')) { line[--size] = 0; }
        if (!size) { continue; }
        if (number++ == 0) {
            shape = shape_of(line);
            if (shape == SHAPE_COMMAS && strstr(line, "user")) {
                if (columns_of_names(&columns, line) == 0) { continue; }
                client_fail("%s: the first line names no columns user and item", path);
                return -1;
            }
        }
        enum line_fault fault = shape == SHAPE_BLANKS
                                    ? take_sequence(dataset, line)
                                    : take_event(dataset, line, shape, &columns, rating_min);
        if (fault) {
            client_fail("%s: line %" PRId64 " %s: \"%.40s\"", path, number, line_faults[fault],
                        line);
            return -1;
        }
    }
    return 0;
}

/* Numbers users and items anew in the order of their first action, so that what is known at any
 * moment is 0 .. known - 1. */
static void renumber(struct dataset *dataset)
{
    struct ids *users = ids_new(USERS_MAX), *items = ids_new(DATASET_ITEMS_MAX);
    for (size_t at = 0; at < dataset->count; at++) {
        struct action *action = &dataset->actions[at];
        action->user = ids_put(users, ids_text(dataset->users, action->user));
        action->item = ids_put(items, ids_text(dataset->items, action->item));
    }
    ids_free(dataset->users);
    ids_free(dataset->items);
    dataset->users = users;
    dataset->items = items;
}

int dataset_read(struct dataset *dataset, const char *path, double rating_min)
{
    *dataset = (struct dataset){
        .users = ids_new(USERS_MAX),
        .items = ids_new(DATASET_ITEMS_MAX),
        .features = ids_new(DATASET_FEATURES_MAX),
    };
    struct source source;
    if (source_open(&source, path) < 0) { return -1; }
    int result = read_lines(dataset, path, source.file, rating_min);
    if (source_close(&source, path) < 0) { return -1; }
    if (result == 0 && dataset->count == 0) {
        client_fail("%s: it holds no action%s", path,
                    dataset->left_out ? " of that rating: see --min-rating" : "");
        return -1;
    }
    if (result == 0 && dataset->timed) {
        sequences_sort(dataset->actions, dataset->count);
        renumber(dataset);
    }
    return result;
}

/* ---- Attributes. ---- */

static void add_feature(struct dataset *dataset, int32_t item, struct slice feature)
{
    if (!dataset->item_features) {
        size_t items = (size_t)ids_count(dataset->items);
        dataset->item_features = xcalloc(items, sizeof(*dataset->item_features));
        dataset->item_features_count = xcalloc(items, sizeof(*dataset->item_features_count));
    }
    size_t count = dataset->item_features_count[item];
    if (count == ITEM_FEATURES_MAX) { return; }
    if ((count & (count - 1)) == 0) { /* full at every power of two */
        dataset->item_features[item] = xreallocarray(
            dataset->item_features[item], MAX_OF(count * 2, (size_t)1), sizeof(uint32_t));
    }
    int32_t number = ids_put(dataset->features, feature);
    if (number == ID_NONE) { return; }
    dataset->item_features[item][count] = (uint32_t)number;
    dataset->item_features_count[item]++;
}

static int take_json(struct dataset *dataset, const char *path, json_t *root)
{
    if (!json_is_object(root)) {
        client_fail("%s: wanted an object of item: [attribute, ...]", path);
        return -1;
    }
    const char *name;
    json_t *list;
    json_object_foreach(root, name, list)
    {
        int32_t item = ids_find(dataset->items, slice_str(name));
        for (size_t at = 0; item != ID_NONE && at < json_array_size(list); at++) {
            _cleanup_(xfreep) char *text = json_dumps(json_array_get(list, at), JSON_ENCODE_ANY);
            _cleanup_(xfreep) char *feature = xprintf("a:%s", text ? text : "");
            add_feature(dataset, item, slice_str(feature));
        }
    }
    return 0;
}

/* Words are runs of bytes that are no blank; each, and each with the one after it, is a feature. */
static void add_words(struct dataset *dataset, int32_t item, const char *text)
{
    char pair[2 * WORD_BYTES_MAX + 8];
    struct slice last = {0};
    for (const char *at = text; *(at += strspn(at, " ")) != 0;) {
        struct slice word = slice_of(at, strcspn(at, " "));
        at += word.size;
        if (word.size > WORD_BYTES_MAX) { continue; }
        int size = snprintf(pair, sizeof(pair), "w:%.*s", SLICE_ARGS(word));
        add_feature(dataset, item, slice_of(pair, (size_t)size));
        if (last.size) {
            size = snprintf(pair, sizeof(pair), "b:%.*s %.*s", SLICE_ARGS(last), SLICE_ARGS(word));
            add_feature(dataset, item, slice_of(pair, (size_t)size));
        }
        last = word;
    }
}

static int read_titles(struct dataset *dataset, FILE *file)
{
    _cleanup_(xfreep) char *line = NULL;
    size_t capacity = 0;
    for (ssize_t size; (size = getline(&line, &capacity, file)) >= 0;) {
        while (size && (line[size - 1] == '\n' || line[size - 1] == '\r')) { line[--size] = 0; }
        const char *words = strrchr(line, '\t');
        struct slice id = slice_of(line, strcspn(line, "\t"));
        int32_t item = words ? ids_find(dataset->items, id) : ID_NONE;
        if (item != ID_NONE) { add_words(dataset, item, words + 1); }
    }
    return 0;
}

int dataset_read_attributes(struct dataset *dataset, const char *path)
{
    struct source source;
    if (source_open(&source, path) < 0) { return -1; }
    int first = getc(source.file), result;
    (void)ungetc(first, source.file);
    if (first == '{') {
        json_error_t error;
        json_t *root = json_loadf(source.file, 0, &error);
        if (!root) { client_fail("%s: line %d: %s", path, error.line, error.text); }
        result = root ? take_json(dataset, path, root) : -1;
        json_decref(root);
    } else {
        result = read_titles(dataset, source.file);
    }
    if (source_close(&source, path) < 0) { return -1; }
    if (result == 0 && !dataset->item_features) {
        client_fail("%s: it names no item of the actions: see `freshet evaluate --help`", path);
        return -1;
    }
    return result;
}

struct content *dataset_content(const struct dataset *dataset)
{
    if (!dataset->item_features) { return NULL; }
    int32_t items = ids_count(dataset->items);
    struct content *content = content_new(items, CONTENT_NEAREST_MAX);
    for (int32_t item = 0; item < items; item++) {
        size_t count = dataset->item_features_count[item];
        if (count) { (void)content_put(content, item, dataset->item_features[item], count); }
    }
    return content;
}

void dataset_release(struct dataset *dataset)
{
    size_t items = dataset->item_features ? (size_t)ids_count(dataset->items) : 0;
    for (size_t item = 0; item < items; item++) { free(dataset->item_features[item]); }
    free(dataset->item_features);
    free(dataset->item_features_count);
    free(dataset->actions);
    ids_free(dataset->users);
    ids_free(dataset->items);
    ids_free(dataset->features);
}
