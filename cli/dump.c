#include "base/base.h"
#include "base/xalloc.h"
#include "cli/commands.h"
#include "cli/named_file.h"
#include "schemas/contracts.h"
#include "stream/state/store.h"

#include <unistd.h>

enum { LINE_BYTES_MAX = 64 << 20 };

struct dump {
    bool raw; /* flag */

    const char *path;
    struct schema_cache *schemas;
    struct buf out;
};

#define OPTION_SETTINGS struct dump

static const struct flag flags[] = {
    SWITCH('r', "raw", raw, "Keys and values as their bytes, in hexadecimal"),
};

static void put_hex(struct buf *out, struct slice bytes)
{
    static const char digits[] = "0123456789abcdef";
    buf_append(out, "\"", 1);
    for (size_t i = 0; i < bytes.size; i++) {
        unsigned char byte = (unsigned char)bytes.data[i];
        const char pair[2] = {digits[byte >> 4], digits[byte & 15]};
        buf_append(out, pair, sizeof(pair));
    }
    buf_append(out, "\"", 1);
}

/* A key of printable ASCII is written as it is; any other key, and every value that no contract
 * reads, in hexadecimal. */
static void put_key(struct buf *out, struct slice key)
{
    bool plain = true;
    for (size_t i = 0; i < key.size; i++) {
        char byte = key.data[i];
        plain &= byte >= 0x20 && byte < 0x7f && byte != '"' && byte != '\\';
    }
    if (plain) {
        buf_printf(out, "\"%.*s\"", SLICE_ARGS(key));
    } else {
        put_hex(out, key);
    }
}

static int print(void *arg, struct slice key, struct slice value)
{
    struct dump *dump = arg;
    struct codec_error error;
    if (store_is_kept(key)) { return 0; } /* it is not of the changelog */
    buf_clear(&dump->out);
    buf_printf(&dump->out, "{\"key\":");
    if (dump->raw) {
        put_hex(&dump->out, key);
    } else {
        put_key(&dump->out, key);
    }
    buf_printf(&dump->out, ",\"value\":");
    size_t before = dump->out.size;
    if (dump->raw || codec_json(dump->schemas, value, &dump->out, NULL, &error) < 0) {
        dump->out.size = before;
        put_hex(&dump->out, value);
    }
    buf_printf(&dump->out, "}\n");
    return fwrite(dump->out.data, 1, dump->out.size, stdout) == dump->out.size ? 0 : EXIT_FAILURE;
}

static int print_store(struct dump *dump, struct store *store)
{
    struct bookmark bookmark = {0};
    int result = store_bookmark(store, &bookmark);
    if (result < 0 && result != -ENOENT) {
        return client_fail("%s: %s", dump->path, store_why(store));
    }
    printf("{\"changelog_offset\":%" PRId64 ",\"input_offset\":%" PRId64 "}\n",
           result == 0 ? bookmark.changelog_offset : -1, result == 0 ? bookmark.input_offset : -1);
    result = store_scan(store, print, dump);
    if (result < 0) { return client_fail("%s: %s", dump->path, store_why(store)); }
    return result == 0 && fflush(stdout) == 0 ? 0 : EXIT_FAILURE;
}

static int run(struct dump *dump)
{
    const struct store_limits limits = {.write_buffer_bytes = 4 << 20,
                                        .block_cache_bytes = 4 << 20};
    struct store *store = NULL;
    _cleanup_(xfreep) char *why = NULL;
    int result = store_open(dump->path, &limits, &store, &why);
    if (result == -EAGAIN) { return client_fail("%s: its worker is running", dump->path); }
    if (result < 0) { return client_fail("%s: %s", dump->path, why); }
    result = print_store(dump, store);
    store_close(store);
    return result;
}

/* Adds the schemas of the worker's id cache, which is beside the partitions. */
static void add_ids(struct dump *dump)
{
    _cleanup_(xfreep) char *path = xprintf("%s/../schemas", dump->path);
    (void)schema_cache_add_dir(dump->schemas, path, NULL);
}

static int dump_run(struct invocation *invocation)
{
    struct dump *dump = invocation->settings;
    dump->path = invocation->arguments[0];
    dump->schemas = schema_cache_new();
    contracts_add_all(dump->schemas);
    add_ids(dump);
    buf_init(&dump->out, LINE_BYTES_MAX);
    int result = run(dump);
    buf_release(&dump->out);
    schema_cache_free(dump->schemas);
    return result;
}

/* Opening would make a store of a directory that is none. */
static int dump_check_files(struct invocation *invocation)
{
    const char *path = invocation->arguments[0];
    int result = named_file_check_directory(path);
    _cleanup_(xfreep) char *current = xprintf("%s/CURRENT", path);
    if (result || access(current, F_OK) == 0) { return result; }
    (void)client_fail("%s: no local state is in it; hint: STATE.DIR/WORKER/PARTITION", path);
    return EXIT_INPUT;
}

const struct command dump_command = {
    .name = "dump",
    .group = GROUP_OPERATION,
    .summary = "print a stopped worker's local state as JSON lines",
    .arguments = "DIR",
    .arguments_least = 1,
    .arguments_most = 1,
    .about = "Prints a partition's local state, STATE.DIR/WORKER/PARTITION, as JSON lines in the "
             "order of the keys. The first line is the bookmark: up to which offsets the state "
             "reaches. The worker must not be running.",
    .flags = flags,
    .flags_count = ARRAY_COUNT(flags),
    .settings_size = sizeof(struct dump),
    .check_files = dump_check_files,
    .run = dump_run,
};
