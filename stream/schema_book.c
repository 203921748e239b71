#include "base/base.h"
#include "base/text_file.h"
#include "base/xalloc.h"
#include "stream/schema.h"
#include "stream/schema_book.h"

#include <avro.h>
#include <dirent.h>

/* libavro has one say here: whether a schema is one. Hostile bytes never reach it (its memory
 * reader walks out of bounds on negative lengths), and schemas are never printed by it (it forgets
 * defaults and aliases). */

enum { AVRO_WHY_BYTES = 120 };

/* An id and what it means. */
struct binding {
    uint32_t id;
    uint64_t fingerprint;
    uint64_t turn; /* counts the bindings: of several the last one is written */
};

struct schema_book {
    struct schema **schemas; /* by fingerprint, ascending */
    size_t count;
    struct binding *bindings; /* by id, ascending */
    size_t bindings_count;
    uint64_t turns;
    enum framing framing;
    void (*ask)(void *arg, struct schema_book *book, uint32_t id);
    void *ask_arg;
};

static _printf_(3, 4) int refuse(struct codec_error *ret_error, const char *reason,
                                 const char *format, ...)
{
    if (!ret_error) { return -EINVAL; }
    va_list args;
    va_start(args, format);
    ret_error->reason = reason;
    (void)vsnprintf(ret_error->detail, sizeof(ret_error->detail), format, args);
    va_end(args);
    return -EINVAL;
}

struct schema_book *schema_book_new(void)
{
    return xcalloc(1, sizeof(struct schema_book));
}

struct schema_book *schema_book_free(struct schema_book *book)
{
    if (!book) { return NULL; }
    for (size_t i = 0; i < book->count; i++) { schema_free(book->schemas[i]); }
    free(book->schemas);
    free(book->bindings);
    free(book);
    return NULL;
}

/* Where the fingerprint stands, or would. */
static size_t book_place(const struct schema_book *book, uint64_t fingerprint)
{
    size_t low = 0;
    size_t high = book->count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (schema_crc(book->schemas[middle]) < fingerprint) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static const struct schema *by_fingerprint(const struct schema_book *book, uint64_t fingerprint)
{
    size_t at = book_place(book, fingerprint);
    if (at == book->count || schema_crc(book->schemas[at]) != fingerprint) { return NULL; }
    return book->schemas[at];
}

static bool avro_agrees(const char *json, struct codec_error *ret_error)
{
    avro_schema_t schema = NULL;
    if (avro_schema_from_json_length(json, strlen(json), &schema) == 0) {
        avro_schema_decref(schema);
        return true;
    }
    (void)refuse(ret_error, "bad_schema", "%.*s", AVRO_WHY_BYTES, avro_strerror());
    return false;
}

static int add(struct schema_book *book, const char *json, uint64_t *ret_fingerprint,
               struct codec_error *ret_error)
{
    struct schema *schema = schema_parse(json, ret_error);
    if (!schema) { return -EINVAL; }
    *ret_fingerprint = schema_crc(schema);
    size_t at = book_place(book, schema_crc(schema));
    if (at < book->count && schema_crc(book->schemas[at]) == schema_crc(schema)) {
        bool same = strcmp(schema_canonical(book->schemas[at]), schema_canonical(schema)) == 0;
        schema_free(schema);
        if (same) { return 0; }
        return refuse(ret_error, "bad_schema", "another schema has the same fingerprint");
    }
    if (book->count == BOOK_SCHEMAS_MAX) {
        (void)refuse(ret_error, "bad_schema", "more than %d schemas", BOOK_SCHEMAS_MAX);
    } else if (avro_agrees(json, ret_error)) {
        book->schemas = xreallocarray(book->schemas, book->count + 1, sizeof(*book->schemas));
        memmove(book->schemas + at + 1, book->schemas + at,
                (book->count - at) * sizeof(*book->schemas));
        book->schemas[at] = schema;
        book->count++;
        return 0;
    }
    schema_free(schema);
    return -EINVAL;
}

int schema_book_add(struct schema_book *book, const char *json, struct codec_error *ret_error)
{
    uint64_t fingerprint;
    return add(book, json, &fingerprint, ret_error);
}

/* ---- Ids. ---- */

/* Where the id stands, or would. */
static size_t binding_place(const struct schema_book *book, uint64_t id)
{
    size_t low = 0;
    size_t high = book->bindings_count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (book->bindings[middle].id < id) {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    return low;
}

static struct binding *find_binding(const struct schema_book *book, uint64_t id)
{
    size_t at = binding_place(book, id);
    return at < book->bindings_count && book->bindings[at].id == id ? &book->bindings[at] : NULL;
}

int schema_book_bind(struct schema_book *book, uint32_t id, const char *json,
                     struct codec_error *ret_error)
{
    uint64_t fingerprint;
    if (id > SCHEMA_ID_MAX) {
        return refuse(ret_error, "bad_schema", "no id of a schema: %" PRIu32, id);
    }
    int rc = add(book, json, &fingerprint, ret_error);
    if (rc) { return rc; }
    struct binding *known = find_binding(book, id);
    if (known && known->fingerprint != fingerprint) {
        return refuse(ret_error, "bad_schema", "id %" PRIu32 " means two schemas", id);
    }
    if (!known && book->bindings_count == BOOK_IDS_MAX) {
        return refuse(ret_error, "bad_schema", "more than %d ids", BOOK_IDS_MAX);
    }
    if (!known) {
        size_t at = binding_place(book, id);
        book->bindings =
            xreallocarray(book->bindings, book->bindings_count + 1, sizeof(*book->bindings));
        known = &book->bindings[at];
        memmove(known + 1, known, (book->bindings_count++ - at) * sizeof(*known));
    }
    *known = (struct binding){.id = id, .fingerprint = fingerprint, .turn = ++book->turns};
    return 0;
}

void schema_book_write(struct schema_book *book, enum framing framing)
{
    book->framing = framing;
}

struct frame schema_book_frame(const struct schema_book *book, uint64_t fingerprint)
{
    struct frame frame = {.framing = FRAMING_SINGLE, .number = fingerprint};
    uint64_t last = 0;
    if (book->framing == FRAMING_SINGLE) { return frame; }
    for (size_t i = 0; i < book->bindings_count; i++) {
        const struct binding *binding = &book->bindings[i];
        if (binding->fingerprint != fingerprint || binding->turn < last) { continue; }
        last = binding->turn;
        frame = (struct frame){.framing = FRAMING_CONFLUENT, .number = binding->id};
    }
    return frame;
}

void schema_book_ask(struct schema_book *book,
                     void (*ask)(void *arg, struct schema_book *book, uint32_t id), void *arg)
{
    book->ask = ask;
    book->ask_arg = arg;
}

const struct schema *schema_book_find(struct schema_book *book, struct frame frame)
{
    if (frame.framing == FRAMING_SINGLE) { return by_fingerprint(book, frame.number); }
    const struct binding *binding = find_binding(book, frame.number);
    if (!binding && book->ask && frame.number <= SCHEMA_ID_MAX) {
        book->ask(book->ask_arg, book, (uint32_t)frame.number);
        binding = find_binding(book, frame.number);
    }
    return binding ? by_fingerprint(book, binding->fingerprint) : NULL;
}

/* ---- Files. ---- */

/* The id that a file of digits and .avsc is named by; -1 for every other name. */
static int64_t id_of(const char *path)
{
    const char *slash = strrchr(path, '/');
    const char *name = slash ? slash + 1 : path;
    size_t digits = strspn(name, "0123456789");
    if (digits == 0 || digits > 10 || strcmp(name + digits, ".avsc") != 0) { return -1; }
    long long id = strtoll(name, NULL, 10);
    return id <= SCHEMA_ID_MAX ? id : -1;
}

static int add_file(struct schema_book *book, const char *path, struct codec_error *ret_error)
{
    struct codec_error error = {.reason = "bad_schema"};
    struct buf text;
    buf_init(&text, SCHEMA_BYTES_MAX + 1);
    int rc = text_file_read(path, &text);
    if (rc == 0) {
        buf_append(&text, "", 1);
        rc = buf_failed(&text) ? -EFBIG : 0;
    }
    if (rc) {
        (void)snprintf(error.detail, sizeof(error.detail), "%s", strerror(-rc));
    } else {
        int64_t id = id_of(path);
        rc = id < 0 ? schema_book_add(book, text.data, &error)
                    : schema_book_bind(book, (uint32_t)id, text.data, &error);
    }
    buf_release(&text);
    if (rc) { (void)refuse(ret_error, error.reason, "%.80s: %.110s", path, error.detail); }
    return rc;
}

static int is_avsc(const struct dirent *entry)
{
    size_t size = strlen(entry->d_name);
    return size > 5 && strcmp(entry->d_name + size - 5, ".avsc") == 0;
}

int schema_book_add_dir(struct schema_book *book, const char *path, struct codec_error *ret_error)
{
    struct dirent **entries = NULL;
    int count = scandir(path, &entries, is_avsc, alphasort);
    if (count < 0) {
        int error = errno;
        (void)refuse(ret_error, "bad_schema", "%.100s: %s", path, strerror(error));
        return -error;
    }
    int rc = 0;
    for (int i = 0; i < count; i++) {
        if (rc == 0) {
            _cleanup_(xfreep) char *file = xprintf("%s/%s", path, entries[i]->d_name);
            rc = add_file(book, file, ret_error);
        }
        free(entries[i]);
    }
    free(entries);
    return rc;
}
