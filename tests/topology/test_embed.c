/* freshet-embed with the small model of tests/golden/sentences: rows are those of the library,
 * stand while content and model are the same, go with their item, and are equal after any number
 * of kills. */
#include "base/base.h"
#include "base/arena.h"
#include "embed/embed.h"
#include "embed/text/sentence_model.h"
#include "schemas/content_vectors.h"
#include "tests/topology/rig.h"

#include <setjmp.h>
#include <cmocka.h>

#define MODEL "tests/golden/sentences"

enum { PARTITIONS = 2, ITEMS = 90, NUMBERS_MAX = 64 };

static const char *const pairs[] = {"model.path=" MODEL, "pieces.max=64", "poll.records.max=40",
                                    NULL};

struct catalogue {
    struct rig *rig;
    struct schema_cache *schemas;
    struct codec *items, *rows;
    struct arena *arena;
    struct buf message;
};

static void begin(struct catalogue *catalogue, struct rig *rig)
{
    rig_init(rig, PARTITIONS);
    *catalogue = (struct catalogue){.rig = rig, .schemas = schema_cache_new()};
    catalogue->items = codec_new(&item_contract, catalogue->schemas);
    catalogue->rows = codec_new(&content_vectors_contract, catalogue->schemas);
    catalogue->arena = arena_new(1 << 16);
    buf_init(&catalogue->message, 1 << 20);
}

static void end(struct catalogue *catalogue)
{
    rig_release(catalogue->rig);
    codec_free(catalogue->items);
    codec_free(catalogue->rows);
    schema_cache_free(catalogue->schemas);
    arena_free(catalogue->arena);
    buf_release(&catalogue->message);
}

static int32_t partition_of(const char *id)
{
    return (int32_t)((unsigned char)id[strlen(id) - 1] % PARTITIONS);
}

static void put(struct catalogue *catalogue, const char *id, const char *title, const char *text,
                struct floats given)
{
    struct item item = {0};
    codec_defaults(catalogue->items, &item);
    item.item_id = slice_str(id);
    item.title = slice_str(title);
    item.text = slice_str(text);
    item.vector = given;
    buf_clear(&catalogue->message);
    assert_int_equal(codec_encode(catalogue->items, &item, &catalogue->message), 0);
    memlog_append(catalogue->rig->log, "items", partition_of(id), slice_str(id),
                  buf_slice(&catalogue->message), RIG_WALL_MS);
}

static void drop(struct catalogue *catalogue, const char *id)
{
    memlog_append(catalogue->rig->log, "items", partition_of(id), slice_str(id),
                  (struct slice){0}, RIG_WALL_MS);
}

static void put_many(struct catalogue *catalogue, int from, int to)
{
    for (int n = from; n < to; n++) {
        char id[16], title[64];
        (void)snprintf(id, sizeof(id), "i%d", n);
        (void)snprintf(title, sizeof(title), "film %d of the %s", n, n % 3 ? "sea" : "moon");
        put(catalogue, id, title, n % 2 ? "a long story" : "", (struct floats){0});
    }
}

/* Reads the row of an item; false: it has none. */
static bool row_of(struct catalogue *catalogue, const struct fold *fold, const char *id,
                   struct content_vectors *ret_row)
{
    for (size_t i = 0; i < fold->count; i++) {
        if (!slice_equal(fold->at[i].key, slice_str(id)) || !fold->at[i].value.data) { continue; }
        assert_int_equal(codec_decode(catalogue->rows, fold->at[i].value, catalogue->arena,
                                      ret_row, NULL), 0);
        assert_true(content_vectors_agree(ret_row));
        assert_int_equal(fold->at[i].partition, partition_of(id));
        return true;
    }
    return false;
}

static double counted(const struct copy *copy, const char *name)
{
    return metric_value(metrics_counter(copy->metrics, name, "", ""));
}

static void assert_vector(const struct content_vector *found, const char *text)
{
    struct sentence_model *model = NULL;
    struct reason reason;
    float vector[NUMBERS_MAX];
    const struct slice one = slice_str(text);
    assert_int_equal(sentence_model_open(MODEL, 64, &model, &reason), 0);
    assert_true(found->width <= NUMBERS_MAX && found->width == sentence_model_numbers(model));
    sentence_model_run(model, &one, 1, vector);
    for (size_t i = 0; i < found->width; i++) {
        float number = (float)found->numbers[i] * found->scale;
        assert_true(fabsf(number - vector[i]) <= found->scale * 0.51F);
    }
    sentence_model_free(model);
}

static void test_rows_are_those_of_the_library(void **state)
{
    float numbers[] = {0.5F, -0.25F, 1.0F};
    struct rig rig;
    struct catalogue catalogue;
    struct content_vectors row;
    struct content_vector vector;
    begin(&catalogue, &rig);
    put(&catalogue, "a", "A film", "of the sea", (struct floats){numbers, 3});
    put(&catalogue, "b", "", "of the moon", (struct floats){0});
    put(&catalogue, "c", "", "", (struct floats){numbers, 3});
    put(&catalogue, "d", "", "", (struct floats){0});
    put_many(&catalogue, 0, ITEMS);
    struct copy *copy = rig_start(&rig, &embed_worker, 0, pairs);
    rig_until_idle(&rig);
    struct fold *fold = rig_fold(&rig, "content-vectors");
    assert_int_equal(fold->count, ITEMS + 4);
    assert_true(row_of(&catalogue, fold, "a", &row));
    assert_int_equal(row.names.count, 2);
    assert_true(content_vectors_find(&row, slice_str(CONTENT_VECTOR_TEXT), &vector));
    assert_vector(&vector, "A film. of the sea");
    assert_true(content_vectors_find(&row, slice_str(CONTENT_VECTOR_GIVEN), &vector));
    assert_int_equal(vector.numbers[2], 127);
    assert_true(row_of(&catalogue, fold, "b", &row));
    assert_true(content_vectors_find(&row, slice_str(CONTENT_VECTOR_TEXT), &vector));
    assert_vector(&vector, "of the moon");
    assert_true(row_of(&catalogue, fold, "c", &row));
    assert_false(content_vectors_find(&row, slice_str(CONTENT_VECTOR_TEXT), &vector));
    assert_true(row_of(&catalogue, fold, "d", &row)); /* it is in the catalogue */
    assert_int_equal(row.names.count, 0);
    assert_int_equal(counted(copy, "freshet_embed_texts_total"), ITEMS + 2);
    free(fold);
    end(&catalogue);
}

static void put_named(struct catalogue *catalogue, const char *id, struct slices names,
                      struct ints widths, struct floats numbers)
{
    struct item item = {0};
    codec_defaults(catalogue->items, &item);
    item.item_id = slice_str(id);
    item.title = slice_str("A film");
    item.vector_names = names;
    item.vector_widths = widths;
    item.vector_numbers = numbers;
    buf_clear(&catalogue->message);
    assert_int_equal(codec_encode(catalogue->items, &item, &catalogue->message), 0);
    memlog_append(catalogue->rig->log, "items", partition_of(id), slice_str(id),
                  buf_slice(&catalogue->message), RIG_WALL_MS);
}

/* Vectors by name pass through, each by itself; one that has changed changes the row, and columns
 * that do not agree are refused. */
static void test_vectors_by_name(void **state)
{
    float numbers[] = {0.5F, -1.0F, 0.25F, 2.0F, 4.0F}, other[] = {0.5F, -1.0F, 0.25F, 4.0F, 2.0F};
    struct slice names[] = {slice_str("image"), slice_str("clip-2")};
    struct slice wrong[] = {slice_str("image"), slice_str("given")};
    int32_t widths[] = {3, 2};
    struct rig rig;
    struct catalogue catalogue;
    struct content_vectors row;
    struct content_vector vector;
    begin(&catalogue, &rig);
    put_named(&catalogue, "a", (struct slices){names, 2}, (struct ints){widths, 2},
              (struct floats){numbers, 5});
    put_named(&catalogue, "b", (struct slices){wrong, 2}, (struct ints){widths, 2},
              (struct floats){numbers, 5});
    put_named(&catalogue, "c", (struct slices){names, 2}, (struct ints){widths, 2},
              (struct floats){numbers, 4});
    put(&catalogue, "d", "A film", "", (struct floats){0});
    struct copy *copy = rig_start(&rig, &embed_worker, 0, pairs);
    rig_until_idle(&rig);
    struct fold *fold = rig_fold(&rig, "content-vectors");
    assert_int_equal(fold->count, 2);
    assert_true(row_of(&catalogue, fold, "a", &row));
    assert_int_equal(row.names.count, 3);
    assert_true(content_vectors_find(&row, slice_str("image"), &vector));
    assert_int_equal(vector.width, 3);
    assert_int_equal(vector.numbers[1], -127);
    assert_true(content_vectors_find(&row, slice_str("clip-2"), &vector));
    assert_int_equal(vector.numbers[1], 127);
    _cleanup_(xfreep) char *content = xprintf("%.*s", SLICE_ARGS(row.content));
    free(fold);
    put_named(&catalogue, "a", (struct slices){names, 2}, (struct ints){widths, 2},
              (struct floats){other, 5});
    rig_until_idle(&rig);
    fold = rig_fold(&rig, "content-vectors");
    assert_true(row_of(&catalogue, fold, "a", &row));
    assert_false(slice_equal(row.content, slice_str(content)));
    assert_true(content_vectors_find(&row, slice_str("clip-2"), &vector));
    assert_int_equal(vector.numbers[0], 127);
    assert_int_equal(counted(copy, "freshet_embed_texts_total"), 3);
    free(fold);
    fold = rig_fold(&rig, "dead-letters");
    assert_int_equal(fold->count, 2);
    free(fold);
    end(&catalogue);
}

static void test_rows_stand_change_and_go(void **state)
{
    struct rig rig;
    struct catalogue catalogue;
    struct content_vectors row;
    begin(&catalogue, &rig);
    put_many(&catalogue, 0, 10);
    struct copy *copy = rig_start(&rig, &embed_worker, 0, pairs);
    rig_until_idle(&rig);
    put_many(&catalogue, 0, 10);
    rig_until_idle(&rig);
    assert_int_equal(counted(copy, "freshet_embed_texts_total"), 10);
    assert_int_equal(counted(copy, "freshet_embed_unchanged_total"), 10);
    put(&catalogue, "i1", "another title", "", (struct floats){0});
    put(&catalogue, "i2", "another title", "", (struct floats){0});
    drop(&catalogue, "i2");
    drop(&catalogue, "i3");
    drop(&catalogue, "never");
    put(&catalogue, "i4", "", "", (struct floats){0});
    rig_until_idle(&rig);
    struct fold *fold = rig_fold(&rig, "content-vectors");
    assert_true(row_of(&catalogue, fold, "i1", &row));
    assert_false(row_of(&catalogue, fold, "i2", &row));
    assert_false(row_of(&catalogue, fold, "i3", &row));
    assert_true(row_of(&catalogue, fold, "i4", &row));
    assert_int_equal(row.names.count, 0);
    assert_false(row_of(&catalogue, fold, "never", &row));
    free(fold);
    end(&catalogue);
}

/* Feeds, and at each turn kills the copy, with its local state or without. */
static void run_with_kills(struct catalogue *catalogue, int kills)
{
    struct rig *rig = catalogue->rig;
    struct copy *copy = rig_start(rig, &embed_worker, 0, pairs);
    for (int turn = 0; turn < 10; turn++) {
        put_many(catalogue, turn * 9, turn * 9 + 9);
        put_many(catalogue, turn * 4, turn * 4 + 2);
        char id[16];
        (void)snprintf(id, sizeof(id), "i%d", turn * 5);
        drop(catalogue, id);
        for (int k = 0; k < kills; k++) {
            for (int n = 0; n < turn + 3 * k; n++) { rig_round(rig, false); }
            rig_kill(rig, copy);
            if (k) { rig_empty(copy); }
            assert_true(rig_launch(rig, copy));
        }
        if (!kills) { rig_until_idle(rig); }
    }
    rig_until_idle(rig);
}

static void test_kills_change_nothing(void **state)
{
    struct rig rigs[2];
    struct catalogue catalogues[2];
    struct fold *folds[2];
    for (int i = 0; i < 2; i++) {
        begin(&catalogues[i], &rigs[i]);
        run_with_kills(&catalogues[i], i * 2);
        folds[i] = rig_fold(&rigs[i], "content-vectors");
    }
    assert_true(folds[0]->count >= ITEMS - 10);
    size_t compared = 0;
    for (size_t i = 0, k = 0; i < folds[0]->count; i++) {
        const struct folded *a = &folds[0]->at[i];
        while (k < folds[1]->count && slice_compare(folds[1]->at[k].key, a->key) < 0) { k++; }
        bool found = k < folds[1]->count && slice_equal(folds[1]->at[k].key, a->key);
        assert_true(found || !a->value.data);
        if (!found) { continue; }
        assert_int_equal(a->value.data == NULL, folds[1]->at[k].value.data == NULL);
        assert_true(slice_equal(a->value, folds[1]->at[k].value));
        compared++;
    }
    assert_true(compared >= ITEMS - 10);
    for (int i = 0; i < 2; i++) {
        free(folds[i]);
        end(&catalogues[i]);
    }
}

/* A start with another model encodes the catalogue again, and what is gone stays gone. */
static void test_another_model(void **state)
{
    static const char *const shorter[] = {"model.path=" MODEL, "pieces.max=5",
                                          "poll.records.max=40", NULL};
    struct rig rig;
    struct catalogue catalogue;
    struct content_vectors row;
    struct sentence_model *model = NULL;
    struct reason reason;
    begin(&catalogue, &rig);
    put_many(&catalogue, 0, ITEMS);
    drop(&catalogue, "i7");
    struct copy *first = rig_start(&rig, &embed_worker, 0, pairs);
    rig_until_idle(&rig);
    rig_finish(first);
    struct copy *second = rig_add(&rig, &embed_worker, 0, shorter);
    assert_true(rig_launch(&rig, second));
    rig_until_quiet(&rig);
    assert_int_equal(sentence_model_open(MODEL, 5, &model, &reason), 0);
    struct fold *fold = rig_fold(&rig, "content-vectors");
    assert_false(row_of(&catalogue, fold, "i7", &row));
    for (int n = 0; n < ITEMS; n++) {
        char id[16];
        (void)snprintf(id, sizeof(id), "i%d", n);
        if (n == 7) { continue; }
        assert_true(row_of(&catalogue, fold, id, &row));
        assert_true(slice_equal(row.model, slice_str(sentence_model_version(model))));
    }
    free(fold);
    sentence_model_free(model);
    end(&catalogue);
}

/* A broker loses the newest rows: a start makes them again. So it does when the topic is empty. */
static void test_rows_that_a_broker_lost(void **state)
{
    for (int empty = 0; empty < 2; empty++) {
        struct rig rig;
        struct catalogue catalogue;
        begin(&catalogue, &rig);
        put_many(&catalogue, 0, ITEMS);
        struct copy *copy = rig_start(&rig, &embed_worker, 0, pairs);
        rig_until_idle(&rig);
        struct fold *before = rig_fold(&rig, "content-vectors");
        rig_finish(copy);
        if (empty) {
            memlog_remake(rig.log, "content-vectors", rig.partitions);
            rig_empty(copy);
        }
        for (int32_t p = 0; p < rig.partitions && !empty; p++) {
            memlog_cut(rig.log, "content-vectors", p, 3);
        }
        assert_true(rig_launch(&rig, copy));
        rig_until_quiet(&rig);
        struct fold *after = rig_fold(&rig, "content-vectors");
        assert_int_equal(after->count, before->count);
        for (size_t i = 0; i < before->count; i++) {
            assert_int_equal(after->at[i].value.size, before->at[i].value.size); /* it has gone */
        }
        free(before);
        free(after);
        end(&catalogue);
    }
}

static void test_starts_that_are_refused(void **state)
{
    static const char *const nothing[] = {NULL};
    static const char *const nowhere[] = {"model.path=/nowhere", NULL};
    struct rig rig;
    struct catalogue catalogue;
    begin(&catalogue, &rig);
    struct copy *copy = rig_add(&rig, &embed_worker, 0, nothing);
    assert_false(rig_launch(&rig, copy));
    assert_non_null(strstr(copy->why, "model.path is not set"));
    copy = rig_add(&rig, &embed_worker, 0, nowhere);
    assert_false(rig_launch(&rig, copy));
    assert_non_null(strstr(copy->why, "/nowhere/config.json"));
    end(&catalogue);
}

/* Writes the model with each number of its weights replaced by one that is none. */
static void damage(const char *directory)
{
    static const char *const names[] = {"config.json", "vocab.txt", "model.safetensors"};
    for (size_t i = 0; i < ARRAY_COUNT(names); i++) {
        _cleanup_(xfreep) char *from = xprintf(MODEL "/%s", names[i]);
        _cleanup_(xfreep) char *to = xprintf("%s/%s", directory, names[i]);
        rig_copy_file(from, to);
    }
    _cleanup_(xfreep) char *path = xprintf("%s/model.safetensors", directory);
    FILE *file = fopen(path, "r+b");
    uint64_t header;
    struct stat found;
    assert_non_null(file);
    assert_int_equal(stat(path, &found), 0);
    assert_int_equal(fread(&header, sizeof(header), 1, file), 1);
    assert_int_equal(fseek(file, (long)(sizeof(header) + header), SEEK_SET), 0);
    for (uint64_t at = sizeof(header) + header; at < (uint64_t)found.st_size; at++) {
        assert_int_equal(fputc(0xFF, file), 0xFF);
    }
    assert_int_equal(fclose(file), 0);
}

static void test_weights_that_are_no_numbers(void **state)
{
    struct rig rig;
    struct catalogue catalogue;
    begin(&catalogue, &rig);
    _cleanup_(xfreep) char *path = xprintf("%s/damaged", rig.dir);
    _cleanup_(xfreep) char *setting = xprintf("model.path=%s", path);
    const char *const damaged[] = {setting, NULL};
    assert_int_equal(mkdir(path, 0777), 0);
    damage(path);
    struct copy *copy = rig_add(&rig, &embed_worker, 0, damaged);
    assert_false(rig_launch(&rig, copy));
    assert_non_null(strstr(copy->why, "makes no vector of a plain text"));
    end(&catalogue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_rows_are_those_of_the_library),
        cmocka_unit_test(test_vectors_by_name),
        cmocka_unit_test(test_rows_stand_change_and_go),
        cmocka_unit_test(test_kills_change_nothing),
        cmocka_unit_test(test_another_model),
        cmocka_unit_test(test_rows_that_a_broker_lost),
        cmocka_unit_test(test_starts_that_are_refused),
        cmocka_unit_test(test_weights_that_are_no_numbers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
