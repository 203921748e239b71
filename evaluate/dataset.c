/* Reads three kinds of files: actions, whose first line decides the format (`::`, tabs, commas or
 * a sequence per line); attributes, as JSON or titles; vectors. A gzipped file is read through a
 * gzip process, so that only one line is in memory. The first error ends the reading;
 * dataset->reason then names the line. At the end renumber() numbers users and items in the order
 * of time, so that at any moment of a replay the known ones are 0 .. known - 1.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/reason.h"
#include "base/xalloc.h"
#include "evaluate/dataset.h"
#include "evaluate/models/given_vectors.h"

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
    NUMBER_BYTES_MAX = 63,
};

/* Seconds, whole in a double. */
#define TS_MAX 9e15

static const char bom[] = "\xef\xbb\xbf";

enum shape { SHAPE_BLANKS, SHAPE_COLONS, SHAPE_TABS, SHAPE_COMMAS };

/* The index of each column in a line; -1: there is none. */
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

static int source_open(struct dataset *dataset, struct source *source, const char *path)
{
    size_t size = strlen(path);
    *source = (struct source){0};
    source->file = fopen(path, "re");
    if (!source->file) { return reason_give(&dataset->reason, "%s: %s", path, strerror(errno)); }
    if (size < 3 || strcmp(path + size - 3, ".gz") != 0) { return 0; }
    fclose(source->file);
    int rc = source_unzip(source, path);
    return rc < 0 ? reason_give(&dataset->reason, "%s: gzip: %s", path, strerror(-rc)) : 0;
}

/* Closes the file; -1 with a message when it could not be read to its end. */
static int source_close(struct dataset *dataset, struct source *source, const char *path)
{
    int result = 0, status = 0;
    if (source->file) {
        result = ferror(source->file) ? -1 : 0;
        fclose(source->file);
    }
    if (source->unzipper) {
        (void)waitpid(source->unzipper, &status, 0);
        /* If we stopped reading early, SIGPIPE ended gzip, and the reason is set already. */
        if (WIFEXITED(status) && WEXITSTATUS(status) == 1) { result = -1; }
    }
    return result < 0 ? reason_give(&dataset->reason, "%s: it could not be read to its end", path)
                      : 0;
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

/* Says whether the name is one of the words; ignores case and everything from a colon on. */
static bool is_one_of(struct slice name, const char *const *words)
{
    const char *colon = memchr(name.data, ':', name.size);
    size_t size = colon ? (size_t)(colon - name.data) : name.size;
    for (; *words; words++) {
        if (strlen(*words) == size && strncasecmp(name.data, *words, size) == 0) { return true; }
    }
    return false;
}

/* Finds the columns in a line of names. Returns 1; 0 when it is not such a line; -1 when only one
 * of user and item is named. */
static int take_names(struct columns *columns, const char *line, enum shape shape)
{
    static const char *const users[] = {"user", "userid", "user_id", "uid", NULL};
    static const char *const items[] = {"item",     "itemid",    "item_id",    "iid", "movieid",
                                        "movie_id", "productid", "product_id", NULL};
    static const char *const ratings[] = {"rating", "rating_or_0", "score", "stars", NULL};
    static const char *const times[] = {"ts", "timestamp", "time", NULL};
    struct columns found = {-1, -1, -1, -1};
    const char *at = line;
    for (int k = 0; k < FIELDS_MAX && *at; k++) {
        struct slice name = next_field(&at, shape);
        if (found.user < 0 && is_one_of(name, users)) { found.user = k; }
        if (found.item < 0 && is_one_of(name, items)) { found.item = k; }
        if (found.rating < 0 && is_one_of(name, ratings)) { found.rating = k; }
        if (found.ts < 0 && is_one_of(name, times)) { found.ts = k; }
    }
    if (found.user < 0 && found.item < 0) { return 0; }
    if (found.user < 0 || found.item < 0) { return -1; }
    *columns = found;
    return 1;
}

/* Reads a field that is a finite number and nothing else. */
static bool number_of(struct slice field, double *ret_number)
{
    char text[NUMBER_BYTES_MAX + 1], *end;
    if (!field.size || field.size > NUMBER_BYTES_MAX) { return false; }
    memcpy(text, field.data, field.size);
    text[field.size] = '\0';
    double number = strtod(text, &end);
    if (end == text || *end || !isfinite(number)) { return false; }
    *ret_number = number;
    return true;
}

static bool add_action(struct dataset *dataset, struct slice user, struct slice item, float rating,
                       int64_t ts)
{
    ARRAY_RESERVE(dataset->actions, dataset->capacity, dataset->count + 1, 4096);
    struct user_action *action = &dataset->actions[dataset->count];
    *action = (struct user_action){
        .ts = ts,
        .user = ids_put(dataset->users, user),
        .item = ids_put(dataset->items, item),
        .rating = rating,
    };
    if (action->user == ID_NONE || action->item == ID_NONE) { return false; }
    dataset->count++;
    return true;
}

/* What is wrong with a line; the functions below return one of these texts, or NULL. */
static const char *const no_pair = "has no user and item";
static const char *const too_many = "is beyond 50 million users or 10 million items";

static const char *take_sequence(struct dataset *dataset, const char *line)
{
    const char *at = line;
    struct slice user = next_field(&at, SHAPE_BLANKS);
    size_t before = dataset->count;
    while (*at) {
        struct slice item = next_field(&at, SHAPE_BLANKS);
        if (item.size && !add_action(dataset, user, item, 1.0F, 0)) { return too_many; }
    }
    return user.size && dataset->count > before ? NULL : no_pair;
}

static const char *take_event(struct dataset *dataset, const char *line, enum shape shape,
                              const struct columns *columns, double rating_min)
{
    struct slice fields[FIELDS_MAX];
    int count = 0;
    for (const char *at = line; *at && count < FIELDS_MAX;) {
        fields[count++] = next_field(&at, shape);
    }
    if (columns->user >= count || columns->item >= count) { return no_pair; }
    double rating = 1.0, ts = 0.0;
    if (columns->rating >= 0 && columns->rating < count) {
        bool known = number_of(fields[columns->rating], &rating);
        if (!known || !isfinite((float)rating)) { return "has a rating that is no number"; }
        dataset->rated = true;
        if (rating < rating_min) {
            dataset->left_out++;
            return NULL;
        }
    }
    if (columns->ts >= 0 && columns->ts < count) {
        bool known = number_of(fields[columns->ts], &ts);
        if (!known || fabs(ts) > TS_MAX) { return "has a time that is no number of seconds"; }
        dataset->timed = true;
    }
    struct slice user = fields[columns->user], item = fields[columns->item];
    if (!user.size || !item.size) { return no_pair; }
    return add_action(dataset, user, item, (float)rating, (int64_t)ts) ? NULL : too_many;
}

static int read_lines(struct dataset *dataset, const char *path, FILE *file, double rating_min)
{
    _cleanup_(xfreep) char *line = NULL;
    size_t capacity = 0;
    int64_t lines = 0;
    bool first = true;
    enum shape shape = SHAPE_BLANKS;
    struct columns columns = {0, 1, 2, 3};
    for (ssize_t size; (size = getline(&line, &capacity, file)) >= 0;) {
        lines++;
        while (size && (line[size - 1] == '\n' || line[size - 1] == '\r')) { line[--size] = 0; }
        if (!size) { continue; }
        char *text = line + (lines == 1 && memcmp(line, bom, strlen(bom)) == 0 ? strlen(bom) : 0);
        if (first) {
            first = false;
            if (text[0] == '{') {
                return reason_give(
                    &dataset->reason,
                    "%s: JSON is not among the formats: see `freshet evaluate --help`", path);
            }
            shape = shape_of(text);
            int named = shape == SHAPE_BLANKS ? 0 : take_names(&columns, text, shape);
            if (named < 0) {
                return reason_give(&dataset->reason,
                                   "%s: the first line names no columns user and item", path);
            }
            if (named) { continue; }
        }
        const char *wrong = shape == SHAPE_BLANKS
                                ? take_sequence(dataset, text)
                                : take_event(dataset, text, shape, &columns, rating_min);
        if (wrong) {
            return reason_give(&dataset->reason, "%s: line %" PRId64 " %s: \"%.40s\"", path, lines,
                               wrong, text);
        }
    }
    return 0;
}

/* Numbers users and items again, in the order of their first action, so that the ones known at any
 * moment are 0 .. known - 1. */
static void renumber(struct dataset *dataset)
{
    struct ids *users = ids_new(USERS_MAX), *items = ids_new(DATASET_ITEMS_MAX);
    for (size_t at = 0; at < dataset->count; at++) {
        struct user_action *action = &dataset->actions[at];
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
    if (source_open(dataset, &source, path) < 0) { return -1; }
    int result = read_lines(dataset, path, source.file, rating_min);
    if (source_close(dataset, &source, path) < 0) { return -1; }
    if (result == 0 && dataset->count == 0) {
        return reason_give(&dataset->reason, "%s: it holds no action%s", path,
                           dataset->left_out ? " of that rating: see --min-rating" : "");
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
        return reason_give(&dataset->reason, "%s: wanted an object of item: [attribute, ...]",
                           path);
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

/* A word is a run of bytes without blanks. Each word, and each pair of neighbours, is a feature. */
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
    if (source_open(dataset, &source, path) < 0) { return -1; }
    int first = getc(source.file), result;
    (void)ungetc(first, source.file);
    if (first == '{') {
        json_error_t error;
        json_t *root = json_loadf(source.file, 0, &error);
        if (!root) {
            (void)reason_give(&dataset->reason, "%s: line %d: %s", path, error.line, error.text);
        }
        result = root ? take_json(dataset, path, root) : -1;
        json_decref(root);
    } else {
        result = read_titles(dataset, source.file);
    }
    if (source_close(dataset, &source, path) < 0) { return -1; }
    if (result == 0 && !dataset->item_features) {
        return reason_give(&dataset->reason,
                           "%s: it names no item of the actions: see `freshet evaluate --help`",
                           path);
    }
    return result;
}

/* ---- Vectors. ---- */

static bool blank(char byte)
{
    return byte == ' ' || byte == '\t' || byte == ',';
}

/* Reads the numbers of a line; how many, or -1 when something else is among them. */
static int numbers_of(const char *at, float *numbers)
{
    for (int count = 0;; count++) {
        while (blank(*at)) { at++; }
        if (!*at) { return count; }
        char *end;
        float number = strtof(at, &end);
        if (end == at || (*end && !blank(*end)) || count == GIVEN_VECTORS_WIDTH_MAX) { return -1; }
        numbers[count] = number;
        at = end;
    }
}

static int take_vector(struct dataset *dataset, const char *path, int64_t number, const char *line,
                       float *numbers)
{
    size_t size = strcspn(line, " \t,");
    int32_t item = ids_find(dataset->items, slice_of(line, size));
    int count = numbers_of(line + size, numbers);
    if (count <= 0) {
        return reason_give(&dataset->reason,
                           "%s: line %" PRId64 " is not an item and 1 to %d numbers", path, number,
                           GIVEN_VECTORS_WIDTH_MAX);
    }
    if (!dataset->vectors) {
        dataset->vectors = given_vectors_new(ids_count(dataset->items), (size_t)count);
    }
    size_t width = given_vectors_width(dataset->vectors);
    if ((size_t)count != width) {
        return reason_give(&dataset->reason,
                           "%s: line %" PRId64 " has %d numbers, the lines before have %zu", path,
                           number, count, width);
    }
    if (item == ID_NONE) { return 0; }
    if (given_vectors_put(dataset->vectors, item, numbers) == 0) { return 1; }
    return reason_give(&dataset->reason,
                       "%s: line %" PRId64 " has a number that is not finite, or zeros only", path,
                       number);
}

int dataset_read_vectors(struct dataset *dataset, const char *path)
{
    struct source source;
    assert(!dataset->vectors);
    if (source_open(dataset, &source, path) < 0) { return -1; }
    _cleanup_(xfreep) float *numbers = xcalloc(GIVEN_VECTORS_WIDTH_MAX, sizeof(*numbers));
    _cleanup_(xfreep) char *line = NULL;
    size_t capacity = 0;
    int64_t number = 0, taken = 0;
    int result = 0;
    for (ssize_t size; result >= 0 && (size = getline(&line, &capacity, source.file)) >= 0;) {
        while (size && (line[size - 1] == '\n' || line[size - 1] == '\r')) { line[--size] = 0; }
        number++;
        if (size) { result = take_vector(dataset, path, number, line, numbers); }
        taken += result > 0;
    }
    if (source_close(dataset, &source, path) < 0 || result < 0) { return -1; }
    if (taken) { return 0; }
    return reason_give(&dataset->reason,
                       "%s: it names no item of the actions: see `freshet evaluate --help`", path);
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
    given_vectors_free(dataset->vectors);
}
