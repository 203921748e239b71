/* Any bytes through the mapping: the first byte picks a configuration, the rest is the record;
 * where the configuration is of headers, they come first. What is accepted must be what the
 * contract promises, and must survive the codec. */
#include "base/base.h"
#include "base/buf.h"
#include "tests/fuzz/crumbs.h"
#include "tests/mapping_rig.h"

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
/* Of the headers a to d. */
static const char *const headed[] = {
    "map.user=$header.a|u", "map.item=$header[\"b\"]|i", "map.id=$header.c",   "map.time=$header.d",
    "map.weight=$header.a", "map.action=$header.b|=VIEW", "map.kind=$header.c|=x", "kind.y=ignore",
    "time.format=iso8601",  "numbers.as.text=true",       "absent.values=-",
};
static const char *const headed_item[] = {
    "becomes=Item",        "map.item=$header.a",          "map.title=$header.b", "tags.separator=,",
    "map.tags=x=$header.c,$header.d", "map.available=$header.d", "map.created=$header.c",
    "numbers.as.text=true",
};

/* Arrays of every kind, joined ids, times in several formats, what is ignored or clamped. */
static const char *const arrays[] = {
    "map.item=o[*].l[*].i|m[*][*]|p[*]|i", "map.weight=o[*].w|q[*]:decimal(2)",
    "map.user=o[*].u+\"/\"+u|$key|u",      "map.id=o[*].l[*].e|e",
    "map.sequence=s",                      "map.time=t:us|t:%d.%m.%Y %H:%M|$timestamp",
    "time.format=auto|%Y-%j|s",            "map.action==VIEW",
    "weight.negative=ignore",              "weight.above=clamp",
    "absent.values=0,false,{},",           "map.kind=k|=x",
    "kind.a.map.item=a[*].i:decimal",      "kind.f=forget",
    "source.record.elements.max=20",       "source.record.values.max=200",
};
static const char *const gone[] = {
    "becomes=UserProfile", "map.user=u[*].i|u", "kind.f=forget", "map.kind=k|=take",
    "tombstones=forget",   "map.tags=t[*].n[*],u[*].t", "key.format=int64",
};
static const struct {
    const char *const *pairs;
    size_t count;
    bool headed;
} configurations[] = {
    {plain, ARRAY_COUNT(plain), false},
    {nested, ARRAY_COUNT(nested), false},
    {seconds, ARRAY_COUNT(seconds), false},
    {avro, ARRAY_COUNT(avro), false},
    {spread, ARRAY_COUNT(spread), false},
    {item, ARRAY_COUNT(item), false},
    {profile, ARRAY_COUNT(profile), false},
    {headed, ARRAY_COUNT(headed), true},
    {headed_item, ARRAY_COUNT(headed_item), true},
    {arrays, ARRAY_COUNT(arrays), false},
    {gone, ARRAY_COUNT(gone), false},
};

static struct rig rigs[ARRAY_COUNT(configurations)];
static struct codec *codec;
static struct codec *codecs[TARGETS_COUNT];
static struct buf message;
static struct arena *arena;

static void set_up(void)
{
    struct schema_cache *schemas = schema_cache_new();
    codec = codec_new(&user_event_contract, schemas);
    for (size_t i = 0; i < TARGETS_COUNT; i++) {
        codecs[i] = codec_new(target_contract((enum target)i), schemas);
    }
    arena = arena_new(4096);
    buf_init(&message, 1 << 20);
    for (size_t i = 0; i < ARRAY_COUNT(configurations); i++) {
        int rc = rig_init(&rigs[i], configurations[i].pairs, configurations[i].count, schemas);
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
        if (!becoming->object || becoming->request) { continue; }
        if (outcome->target == TARGET_EVENT) { check_event(rig, becoming->object); }
        buf_clear(&message);
        arena_reset(arena);
        assert(codec_encode(codecs[outcome->target], becoming->object, &message) == 0);
        assert(codec_decode(codecs[outcome->target], buf_slice(&message), arena, &again, NULL) ==
               0);
    }
}

/* Takes headers: how many, and of each which name, and whether it is null, and its value. */
static struct header_list take_headers(struct crumbs *crumbs)
{
    static struct header headers[HEADERS_MAX + 1];
    static const char *const names[] = {"a", "b", "c", "d"};
    struct header_list list = {.at = headers};
    list.count = crumbs_byte(crumbs) % ARRAY_COUNT(headers);
    for (size_t i = 0; i < list.count; i++) {
        uint8_t byte = crumbs_byte(crumbs);
        headers[i].name = names[byte % ARRAY_COUNT(names)];
        headers[i].value = byte & 0x80 ? (struct slice){0} : crumbs_piece(crumbs);
    }
    return list;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (!codec) { set_up(); }
    if (size == 0) { return 0; }
    size_t which = data[0] % ARRAY_COUNT(rigs);
    struct rig *rig = &rigs[which];
    struct crumbs crumbs = {data + 1, size - 1};
    struct header_list headers = {0};
    if (configurations[which].headed) { headers = take_headers(&crumbs); }
    struct slice value = slice_of((const char *)crumbs.at, crumbs.left);
    struct record rec = {.topic = "clicks", .partition = 3, .offset = 42, .time_ms = RIG_TIME_MS};
    rec.headers = &listed_headers;
    rec.message = &headers;
    rec.value = value;
    /* An even byte gives the record a key that is like its value. */
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
