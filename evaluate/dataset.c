/* Reads three kinds of files: actions (action_rows.h), attributes, as JSON or titles, and vectors.
 * A packed file is unpacked as it is read, so that only one line is in memory. The first error ends
 * the reading; dataset->reason then names the line. At the end renumber() numbers users and items
 * in the order of time, so that at any moment of a replay the known ones are 0 .. known - 1.
 */
#include "base/base.h"
#include "base/array.h"
#include "base/gunzip.h"
#include "base/line_file.h"
#include "base/reason.h"
#include "base/xalloc.h"
#include "evaluate/dataset.h"
#include "evaluate/models/given_vectors.h"

#include <jansson.h>

enum {
    USERS_MAX = 50000000,
    DATASET_ITEMS_MAX = 10000000,
    DATASET_FEATURES_MAX = 20000000,
    ITEM_FEATURES_MAX = CONTENT_FEATURES_MAX,
    WORD_BYTES_MAX = 256,
};

static bool add_action(struct dataset *dataset, const struct action_row *row)
{
    ARRAY_RESERVE(dataset->actions, dataset->capacity, dataset->count + 1, 4096);
    struct user_action *action = &dataset->actions[dataset->count];
    *action = (struct user_action){
        .ts_ms = row->ts_ms,
        .user = ids_put(dataset->users, row->user),
        .item = ids_put(dataset->items, row->item),
        .rating = row->rating,
    };
    if (action->user == ID_NONE || action->item == ID_NONE) { return false; }
    dataset->count++;
    return true;
}

/* Takes a row; NULL, or what is wrong with it. */
static const char *take_row(struct dataset *dataset, const struct action_rows *rows,
                            const struct action_row *row, double rating_min)
{
    if (!row->user.size || !row->item.size) {
        if (!action_rows_named(rows)) { return "has no user and item"; }
        dataset->without_ids++;
        return NULL;
    }
    dataset->rated |= row->rated;
    dataset->timed |= row->timed;
    if (row->rated && (double)row->rating < rating_min) {
        dataset->left_out++;
        return NULL;
    }
    return add_action(dataset, row) ? NULL : "is beyond 50 million users or 10 million items";
}

static int read_rows(struct dataset *dataset, const char *path, struct action_rows *rows,
                     double rating_min)
{
    struct action_row row;
    int rc;
    while ((rc = action_rows_next(rows, &row, &dataset->reason)) > 0) {
        const char *wrong = take_row(dataset, rows, &row, rating_min);
        if (!wrong) { continue; }
        return reason_give(&dataset->reason, "%s: line %" PRId64 " %s: \"%.40s\"", path,
                           action_rows_line(rows), wrong, row.user.data ? row.user.data : "");
    }
    return rc;
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

int dataset_read(struct dataset *dataset, const char *path, const struct action_format *format,
                 double rating_min)
{
    *dataset = (struct dataset){
        .users = ids_new(USERS_MAX),
        .items = ids_new(DATASET_ITEMS_MAX),
        .features = ids_new(DATASET_FEATURES_MAX),
    };
    struct action_rows *rows;
    if (action_rows_open(path, format, &rows, &dataset->reason)) { return -1; }
    int result = read_rows(dataset, path, rows, rating_min);
    action_rows_close(rows);
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

static int read_titles(struct dataset *dataset, struct line_file *file)
{
    struct slice line;
    int rc;
    while ((rc = line_file_next(file, &line, &dataset->reason)) > 0) {
        const char *words = strrchr(line.data, '\t');
        struct slice id = slice_of(line.data, strcspn(line.data, "\t"));
        int32_t item = words ? ids_find(dataset->items, id) : ID_NONE;
        if (item != ID_NONE) { add_words(dataset, item, words + 1); }
    }
    return rc;
}

/* For jansson: the next bytes of a file. */
static size_t load_bytes(void *bytes, size_t size, void *arg)
{
    int64_t count = gunzip_read(arg, bytes, size);
    return count < 0 ? (size_t)-1 : (size_t)count;
}

static int read_json(struct dataset *dataset, const char *path)
{
    struct gunzip_file *file;
    json_error_t error;
    int rc = gunzip_open(path, &file);
    if (rc) { return reason_give(&dataset->reason, "%s: %s", path, strerror(-rc)); }
    json_t *root = json_load_callback(load_bytes, file, 0, &error);
    gunzip_close(file);
    if (!root) {
        return reason_give(&dataset->reason, "%s: line %d: %s", path, error.line, error.text);
    }
    rc = take_json(dataset, path, root);
    json_decref(root);
    return rc;
}

/* Says whether a file begins with a brace. */
static int begins_json(struct dataset *dataset, const char *path, bool *ret_json)
{
    struct gunzip_file *file;
    char first = '\0';
    int64_t rc = gunzip_open(path, &file);
    if (rc == 0) {
        rc = gunzip_read(file, &first, 1);
        gunzip_close(file);
    }
    *ret_json = first == '{';
    if (rc >= 0) { return 0; }
    return reason_give(&dataset->reason, "%s: %s", path,
                       rc == -EBADMSG ? "it is packed, and damaged" : strerror((int)-rc));
}

int dataset_read_attributes(struct dataset *dataset, const char *path)
{
    struct line_file *file;
    bool json;
    int result = begins_json(dataset, path, &json);
    if (result) { return result; }
    if (json) {
        result = read_json(dataset, path);
    } else {
        result = line_file_open(path, &file, &dataset->reason);
        if (result) { return result; }
        result = read_titles(dataset, file);
        line_file_close(file);
    }
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
    struct line_file *file;
    assert(!dataset->vectors);
    if (line_file_open(path, &file, &dataset->reason)) { return -1; }
    _cleanup_(xfreep) float *numbers = xcalloc(GIVEN_VECTORS_WIDTH_MAX, sizeof(*numbers));
    struct slice line;
    int64_t taken = 0;
    int result;
    while ((result = line_file_next(file, &line, &dataset->reason)) > 0) {
        if (!line.size) { continue; }
        result = take_vector(dataset, path, line_file_number(file), line.data, numbers);
        if (result < 0) { break; }
        taken += result;
    }
    line_file_close(file);
    if (result < 0) { return -1; }
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
