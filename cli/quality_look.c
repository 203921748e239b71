#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/quality_look.h"
#include "cli/scan.h"
#include "cli/screen.h"
#include "model/ids.h"
#include "schemas/list_quality.h"

enum { QUALITY_ARENA_BLOCK = 1 << 16, HOUR_MS = 3600000, RANGES_MAX = 10000000 };

static const int64_t COUNTER_MAX = 1000000000000000; /* of one counter, and of their sum */

struct figures {
    int64_t judged, hits, repeats;
};

/* Records with the same key replace each other, so they are kept until all are read. */
struct range {
    struct figures all, kinds[ACTIONS_COUNT];
};

struct quality_reading {
    struct codec *codec;
    struct arena *arena;
    struct ids *keys;
    struct range *ranges; /* by the key's number */
    size_t capacity;
    int64_t unreadable;
};

static struct range *range_of(struct quality_reading *reading, struct slice key)
{
    int32_t number = key.data ? ids_put(reading->keys, key) : ID_NONE;
    if (number == ID_NONE) { return NULL; }
    if ((size_t)number >= reading->capacity) {
        reading->capacity = MAX_OF(reading->capacity * 2, (size_t)256);
        reading->ranges =
            xreallocarray(reading->ranges, reading->capacity, sizeof(*reading->ranges));
    }
    return &reading->ranges[number];
}

static bool take(void *arg, const struct record *rec)
{
    struct quality_reading *reading = arg;
    struct list_quality quality;
    struct codec_error error;
    arena_reset(reading->arena);
    if (!rec->value.data) { return true; }
    if (codec_decode(reading->codec, rec->value, reading->arena, &quality, &error) < 0) {
        reading->unreadable++;
        return true;
    }
    size_t kinds = MIN_OF(MIN_OF(quality.kinds.count, quality.judged_by_kind.count),
                          MIN_OF(quality.hits_by_kind.count, quality.repeats_by_kind.count));
    struct range *range = range_of(reading, rec->key);
    if (!range) { return true; }
    *range = (struct range){.all = {quality.judged, quality.hits_at_10, quality.repeats}};
    for (size_t k = 0; k < kinds; k++) {
        int32_t kind = quality.kinds.at[k];
        if (kind < 0 || kind >= ACTIONS_COUNT) { continue; }
        range->kinds[kind] = (struct figures){quality.judged_by_kind.at[k],
                                              quality.hits_by_kind.at[k],
                                              quality.repeats_by_kind.at[k]};
    }
    return true;
}

/* A row that somebody else has written may hold any numbers. */
static int64_t sum_of_two(int64_t sum, int64_t counter)
{
    return MIN_OF(sum + MIN_OF(MAX_OF(counter, (int64_t)0), COUNTER_MAX), COUNTER_MAX);
}

static void add(struct figures *sum, const struct figures *one)
{
    sum->judged = sum_of_two(sum->judged, one->judged);
    sum->hits = sum_of_two(sum->hits, one->hits);
    sum->repeats = sum_of_two(sum->repeats, one->repeats);
}

static struct range sum_of(const struct quality_reading *reading)
{
    struct range sum = {0};
    for (int32_t i = 0; i < ids_count(reading->keys); i++) {
        add(&sum.all, &reading->ranges[i].all);
        for (int kind = 0; kind < ACTIONS_COUNT; kind++) {
            add(&sum.kinds[kind], &reading->ranges[i].kinds[kind]);
        }
    }
    return sum;
}

static json_t *figures_json(const struct figures *figures)
{
    json_t *json = json_object();
    json_object_set_new(json, "judged", json_integer(figures->judged));
    json_object_set_new(json, "hits", json_integer(figures->hits));
    json_object_set_new(json, "repeats", json_integer(figures->repeats));
    json_object_set_new(json, "misses",
                        json_integer(figures->judged - figures->hits - figures->repeats));
    return json;
}

static json_t *look_of(const struct range *sum)
{
    static const char *const names[ACTIONS_COUNT] = {
        [ACTION_OTHER] = "other",   [ACTION_VIEW] = "view", [ACTION_CLICK] = "click",
        [ACTION_LIKE] = "like",     [ACTION_CART] = "cart", [ACTION_PURCHASE] = "purchase",
        [ACTION_RATING] = "rating", [ACTION_DISLIKE] = "dislike",
    };
    json_t *look = figures_json(&sum->all), *kinds = json_array();
    json_object_set_new(look, "hour", json_integer(HOUR_MS / 1000));
    for (int kind = 0; kind < ACTIONS_COUNT; kind++) {
        if (!sum->kinds[kind].judged) { continue; }
        json_t *one = figures_json(&sum->kinds[kind]);
        json_object_set_new(one, "kind", json_string(names[kind]));
        json_array_append_new(kinds, one);
    }
    json_object_set_new(look, "kinds", kinds);
    return look;
}

json_t *quality_look(const struct client *client, struct wire *wire)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "quality");
    struct schema_cache *schemas = client_schemas(client);
    struct quality_reading reading = {.codec = codec_new(&list_quality_contract, schemas),
                                   .arena = arena_new(QUALITY_ARENA_BLOCK),
                                   .keys = ids_new(RANGES_MAX)};
    int result = scan_since(wire, topic, clock_wall_ms() - HOUR_MS, take, &reading);
    if (reading.unreadable) {
        screen_line(stderr, "freshet: %" PRId64 " records of %s cannot be read",
                    reading.unreadable, topic);
    }
    const struct range sum = sum_of(&reading);
    free(reading.ranges);
    ids_free(reading.keys);
    arena_free(reading.arena);
    codec_free(reading.codec);
    schema_cache_free(schemas);
    return result == 0 && sum.all.judged > 0 ? look_of(&sum) : json_null();
}

static long long of(const json_t *figures, const char *name)
{
    return (long long)json_integer_value(json_object_get(figures, name));
}

static void print_figures(const json_t *figures, FILE *out)
{
    fprintf(out, "%lld hits, %lld had before, %lld misses\n", of(figures, "hits"),
            of(figures, "repeats"), of(figures, "misses"));
}

void quality_look_print(const json_t *look, FILE *out)
{
    size_t index;
    json_t *one;
    if (!json_is_object(look)) { return; }
    fprintf(out, "lists that an action followed in the last hour: %lld\n  ", of(look, "judged"));
    print_figures(look, out);
    json_array_foreach(json_object_get(look, "kinds"), index, one)
    {
        fprintf(out, "  %s: ", json_string_value(json_object_get(one, "kind")));
        print_figures(one, out);
    }
}
