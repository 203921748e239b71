/* Any bytes through the mapping: the first byte picks a configuration, the rest is the record. What
 * is accepted must be what the contract promises, and must survive the codec. */
#include "base/base.h"
#include "base/buf.h"
#include "tests/mapping_rig.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char *const plain[] = {"source.format=json"};
static const char *const nested[] = {
    "map.user=a[0].u", "map.item=a[1]",    "map.action=t",           "map.time=at",
    "map.weight=w",    "map.sequence=n.s", "time.format=iso8601",    "id.bytes.max=8",
    "action.b=CART:2", "weight.max=10",    "action.default=OTHER:0", "source.record.bytes.max=4k",
};
static const char *const seconds[] = {"time.format=s", "time.earliest=0", "map.action==VIEW"};
static const char *const avro[] = {"source.format=avro"};
static const char *const spread[] = {
    "map.item=l[*].i|i", "map.weight=l[*].w", "map.user=$key.u|$key|u", "map.time=$timestamp",
    "map.action=l[*].a", "action.x=ignore",   "map.kind=k|=take",       "kind.no=ignore",
    "absent.values=,-",  "numbers.as.text=true",
};
static const char *const item[] = {
    "becomes=Item",   "map.item=i|$key.i",         "map.kind=k|=take", "kind.d=delete",
    "map.tags=t,n=l[*].t", "tags.separator=|", "created.format=days", "numbers.as.text=true",
};
static const char *const profile[] = {"becomes=UserProfile", "map.user=l[*].u|u", "map.tags=t"};

static const struct {
    const char *const *pairs;
    size_t count;
} configurations[] = {
    {plain, ARRAY_COUNT(plain)},
    {nested, ARRAY_COUNT(nested)},
    {seconds, ARRAY_COUNT(seconds)},
    {avro, ARRAY_COUNT(avro)},
    {spread, ARRAY_COUNT(spread)},
    {item, ARRAY_COUNT(item)},
    {profile, ARRAY_COUNT(profile)},
};

static struct rig rigs[ARRAY_COUNT(configurations)];
static struct codec *codec;
static struct codec *codecs[TARGETS_COUNT];
static struct buf message;
static struct arena *arena;

static void set_up(void)
{
    struct schema_book *book = schema_book_new();
    codec = codec_new(&user_event_contract, book);
    for (size_t i = 0; i < TARGETS_COUNT; i++) {
        codecs[i] = codec_new(target_contract((enum target)i), book);
    }
    arena = arena_new(4096);
    buf_init(&message, 1 << 20);
    for (size_t i = 0; i < ARRAY_COUNT(configurations); i++) {
        int rc = rig_init(&rigs[i], configurations[i].pairs, configurations[i].count, book);
        assert(rc == 0);
    }
}

static void check_id(struct slice id, size_t most)
{
    assert(id.data && id.size > 0 && id.size <= most);
    for (size_t i = 0; i < id.size; i++) { assert((unsigned char)id.data[i] >= 0x20); }
}

static void check_event(const struct rig *rig, const struct user_event *ev)
{
    check_id(ev->user_id, (size_t)rig->settings.id_bytes_max);
    check_id(ev->item_id, (size_t)rig->settings.id_bytes_max);
    check_id(ev->event_id, ID_BYTES_MAX);
    assert(ev->action >= 0 && ev->action < ACTIONS_COUNT);
    assert(ev->weight >= 0 && ev->weight <= rig->settings.weight_max);
    assert(ev->event_time_ms >= rig->settings.time_earliest_ms);
    assert(ev->event_time_ms <= RIG_TIME_MS + rig->settings.time_ahead_max_ms);

    struct user_event again;
    struct codec_error error;
    buf_clear(&message);
    arena_reset(arena);
    assert(codec_encode(codec, ev, &message) == 0);
    assert(codec_decode(codec, buf_slice(&message), arena, &again, &error) == 0);
    assert(slice_equal(again.user_id, ev->user_id) && slice_equal(again.item_id, ev->item_id));
    assert(slice_equal(again.event_id, ev->event_id) && again.weight == ev->weight);
    assert(again.event_time_ms == ev->event_time_ms && again.sequence == ev->sequence);
}

/* What is written can be written, and read again. */
static void check_outcome(const struct rig *rig)
{
    union {
        struct user_event ev;
        struct item item;
        struct user_profile profile;
    } again;
    const struct outcome *outcome = &rig->outcome;
    for (size_t i = 0; i < outcome->count; i++) {
        const struct becoming *becoming = &outcome->at[i];
        check_id(becoming->key, (size_t)rig->settings.id_bytes_max);
        if (!becoming->object) { continue; }
        if (outcome->target == TARGET_EVENT) { check_event(rig, becoming->object); }
        buf_clear(&message);
        arena_reset(arena);
        assert(codec_encode(codecs[outcome->target], becoming->object, &message) == 0);
        assert(codec_decode(codecs[outcome->target], buf_slice(&message), arena, &again, NULL) ==
               0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!codec) { set_up(); }
    if (size == 0) { return 0; }
    struct rig *rig = &rigs[data[0] % ARRAY_COUNT(rigs)];
    struct slice value = slice_of((const char *)data + 1, size - 1);
    /* An even byte gives the record a key that is like its value. */
    struct record rec = {.topic = "clicks", .partition = 3, .offset = 42, .time_ms = RIG_TIME_MS};
    rec.value = value;
    if (size > 1 && data[1] % 2 == 0) { rec.key = value; }
    const char *reason = rig_map(rig, &rec);
    if (!reason) {
        check_outcome(rig);
        return 0;
    }
    assert(strlen(rig->refusal.detail) > 0);
    for (size_t i = 0; i < rules_count; i++) {
        if (strcmp(rules[i].name, reason) == 0) { return 0; }
    }
    assert(!"the reason is a rule's name");
    return 0;
}
