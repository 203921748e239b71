/* Arbitrary records through real workers: an in-process log, RocksDB, four workers. Each record is
 * a byte that picks the topic, a byte that picks key and time, then the value as a piece. In any
 * order, no worker ends, everything is committed, and each source record becomes an event or a dead
 * letter.
 *
 * The workers serve many inputs, because making them costs more than running them; so state from
 * one input is there for the next. */
#include "base/base.h"
#include "features/features.h"
#include "ingest/ingest.h"
#include "schemas/forget_request.h"
#include "schemas/item.h"
#include "schemas/pair_deltas.h"
#include "schemas/user_event.h"
#include "schemas/user_history.h"
#include "scorer/scorer.h"
#include "tests/fuzz/crumbs.h"
#include "tests/topology/rig.h"
#include "trainer/similarity/trainer.h"

enum { RECORDS_PER_INPUT_MAX = 40, INPUTS_PER_RIG = 200, PARTITIONS = 2 };

static const int64_t now_ms = 1795424400000;

static const struct {
    const char *topic;
    const struct contract *contract; /* NULL: bytes */
    size_t key_field;                /* the member that is a valid key */
} sources[] = {
    {"clicks", NULL, 0},
    {"events", &user_event_contract, offsetof(struct user_event, user_id)},
    {"events", &forget_request_contract, offsetof(struct forget_request, user_id)},
    {"items", &item_contract, offsetof(struct item, item_id)},
    {"pair-deltas", &pair_deltas_contract, 0},
    {"histories", &user_history_contract, offsetof(struct user_history, user_id)},
};

static const int64_t times_ms[] = {
    now_ms, -1, 0, 1, INT64_MAX, INT64_MAX - 1000, now_ms - INT64_C(86400000) * 9000, now_ms + 1,
};

static struct rig rig;
static int inputs;

static void set_up(void)
{
    static const char *const ingest[] = {"action.a=LIKE:2", "source.record.bytes.max=2k",
                                         "commit.interval.ms=20ms", NULL};
    static const char *const features[] = {"decay.half.life=30d", "history.actions.max=40",
                                           "pairs.window=10", "transitions.window=5",
                                           "history.length=10", "record.bytes.max=32k",
                                           "commit.interval.ms=20ms", NULL};
    static const char *const trainer[] = {"neighbours.max=20", "commit.interval.ms=20ms", NULL};
    static const char *const scorer[] = {"items.max=200", "list.length=10",
                                         "commit.interval.ms=20ms", NULL};
    (void)setenv("TMPDIR", "/dev/shm", /* overwrite= */ 0); /* commits wait for the disk */
    rig_init(&rig, PARTITIONS);
    rig_start(&rig, &ingest_worker, 0, ingest);
    rig_start(&rig, &features_worker, 0, features);
    rig_start(&rig, &trainer_worker, 0, trainer);
    rig_start(&rig, &scorer_worker, 0, scorer);
}

static void tear_down(void)
{
    for (size_t i = 0; i < rig.copies_count; i++) { rig_finish(&rig.copies[i]); }
    rig_release(&rig);
    inputs = 0;
}

/* RocksDB's own statics may be gone by then: the last rig is not released, only its files are
 * deleted. */
static void delete_files(void)
{
    rig_delete(rig.dir);
}

/* The codec of a source, made once. */
static struct codec *codec_of(size_t source)
{
    static struct schema_cache *schemas;
    static struct codec *codecs[ARRAY_COUNT(sources)];
    if (!schemas) { schemas = schema_cache_new(); }
    if (!codecs[source]) { codecs[source] = codec_new(sources[source].contract, schemas); }
    return codecs[source];
}

/* The key that the value requires, if it can be decoded. */
static struct slice good_key(size_t source, struct slice message, struct arena *arena)
{
    _Alignas(max_align_t) char object[1024];
    const struct contract *contract = sources[source].contract;
    struct slice key = {0};
    if (!contract || contract == &pair_deltas_contract) { return key; }
    if (codec_decode(codec_of(source), message, arena, object, NULL) == 0) {
        memcpy(&key, object + sources[source].key_field, sizeof(key));
    }
    return key;
}

static void feed(struct crumbs *crumbs)
{
    size_t source = crumbs_byte(crumbs) % ARRAY_COUNT(sources);
    uint8_t manner = crumbs_byte(crumbs);
    struct slice piece = crumbs_piece(crumbs);
    struct slice value = sources[source].contract ? crumbs_framed(sources[source].contract, piece)
                                                  : slice_of(crumbs_alone(piece), piece.size);
    struct arena *arena = arena_new(4096);
    struct slice key = good_key(source, value, arena);
    if (manner & 0x40) { key = slice_of(NULL, 0); }
    if (manner & 0x80) { key = slice_of("other", 5); }
    struct slice sent = manner & 0x20 ? slice_of(NULL, 0) : value;
    memlog_append(rig.log, sources[source].topic, (manner >> 3) % PARTITIONS, key, sent,
                  times_ms[manner % ARRAY_COUNT(times_ms)]);
    arena_free(arena);
    free((void *)value.data);
}

static int64_t count(const char *topic)
{
    return memlog_count(rig.log, topic, MEMLOG_ALL);
}

/* Each click is a dead letter of ingest or an event; dead letters of other workers and events of
 * the input only add to their number. */
static void check(void)
{
    assert(count("events") + count("dead-letters") >= count("clicks"));
    for (size_t i = 0; i < rig.copies_count; i++) { assert(run_healthy(rig.copies[i].run)); }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct crumbs crumbs = {data, size};
    if (inputs == 0) {
        set_up();
        static bool registered;
        if (!registered) { registered = atexit(delete_files) == 0; }
    }
    for (int i = 0; i < RECORDS_PER_INPUT_MAX && crumbs.left; i++) { feed(&crumbs); }
    rig_until_idle(&rig);
    check();
    if (++inputs == INPUTS_PER_RIG) { tear_down(); }
    return 0;
}
