/* The files of `freshet evaluate` and `freshet replay`. The first byte picks: a data set (a piece)
 * and attributes (a piece), or a catalogue line. What is read is numbered within bounds. */
#include "base/base.h"
#include "cli/action_time.h"
#include "cli/catalogue_line.h"
#include "evaluate/dataset.h"
#include "tests/fuzz/crumbs.h"

#include <sys/mman.h>
#include <unistd.h>

enum { MESSAGE_MAX = 8 << 20, PATH_MAX_BYTES = 64 };

/* Makes a file that lives in memory; returns its descriptor. */
static int file_of(struct slice bytes, char *path)
{
    int fd = memfd_create("fuzz", 0);
    assert(fd >= 0 && (size_t)write(fd, bytes.data, bytes.size) == bytes.size);
    (void)snprintf(path, PATH_MAX_BYTES, "/proc/self/fd/%d", fd);
    return fd;
}

static void check(const struct dataset *dataset)
{
    for (size_t i = 0; i < dataset->count; i++) {
        const struct user_action *action = &dataset->actions[i];
        assert(action->user >= 0 && action->user < ids_count(dataset->users));
        assert(action->item >= 0 && action->item < ids_count(dataset->items));
        assert(isfinite(action->rating));
    }
}

static void data_set(struct crumbs *crumbs)
{
    struct dataset dataset;
    char path[PATH_MAX_BYTES], attributes[PATH_MAX_BYTES];
    double rating_min = crumbs_byte(crumbs) / 64.0;
    char *columns = crumbs_byte(crumbs) % 2 ? crumbs_text(crumbs_piece(crumbs)) : NULL;
    const struct action_format format = {.columns = columns, .read_time = action_time_read};
    int fd = file_of(crumbs_piece(crumbs), path);
    int other = file_of(crumbs_piece(crumbs), attributes);
    if (dataset_read(&dataset, path, &format, rating_min) < 0) {
        assert(dataset.reason.text[0]);
    } else {
        check(&dataset);
        if (dataset_read_attributes(&dataset, attributes) < 0) {
            assert(dataset.reason.text[0]);
        }
        content_free(dataset_content(&dataset));
    }
    dataset_release(&dataset);
    free(columns);
    close(fd);
    close(other);
}

static void catalogue(struct crumbs *crumbs)
{
    bool is_item = crumbs_byte(crumbs) % 2;
    struct slice line = crumbs_take(crumbs, crumbs->left);
    char *alone = crumbs_alone(line);
    struct arena *arena = arena_new(1 << 12);
    struct schema_cache *schemas = schema_cache_new();
    struct codec *codec = codec_new(is_item ? &item_contract : &user_profile_contract, schemas);
    struct buf out;
    struct item item;
    struct user_profile profile;
    const char *unknown = NULL;
    struct reason reason = {0};
    buf_init(&out, MESSAGE_MAX);
    line = slice_of(alone, line.size);
    int rc = is_item ? catalogue_line_item(line, arena, &item, &unknown, &reason)
                     : catalogue_line_profile(line, arena, &profile, &unknown, &reason);
    if (rc == 0) {
        rc = codec_encode(codec, is_item ? (const void *)&item : (const void *)&profile, &out);
        assert(rc == 0 || rc == -EMSGSIZE || rc == -EINVAL);
    } else {
        assert(reason.text[0]);
    }
    buf_release(&out);
    codec_free(codec);
    schema_cache_free(schemas);
    arena_free(arena);
    free(alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    if (crumbs_byte(&crumbs) % 2) {
        catalogue(&crumbs);
    } else {
        data_set(&crumbs);
    }
    return 0;
}
