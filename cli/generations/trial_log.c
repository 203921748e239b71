#include "base/base.h"
#include "base/xalloc.h"
#include "cli/client_schemas.h"
#include "cli/generations/trial_log.h"
#include "cli/scan.h"
#include "stream/generation.h"

enum { TRIAL_ARENA_BYTES = 1 << 13 };

struct trial_reading {
    struct codec *codec;
    struct arena *arena;
    struct trials *trials;
};

static bool take(void *arg, const struct record *rec)
{
    struct trial_reading *reading = arg;
    struct trial_record record;
    struct codec_error error;
    arena_reset(reading->arena);
    if (rec->value.data &&
        codec_decode(reading->codec, rec->value, reading->arena, &record, &error) == 0) {
        trials_apply(reading->trials, &record);
    }
    return true;
}

int trial_log_read(const struct client *client, struct wire *wire, struct trials *ret_trials)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "trials");
    struct schema_cache *schemas = client_schemas(client);
    struct trial_reading reading = {.codec = codec_new(&trial_record_contract, schemas),
                                    .arena = arena_new(TRIAL_ARENA_BYTES),
                                    .trials = ret_trials};
    trials_init(ret_trials);
    int result = scan_topic(wire, topic, -1, /* follow= */ false, take, &reading);
    codec_free(reading.codec);
    schema_cache_free(schemas);
    arena_free(reading.arena);
    if (result == 0) { return 0; }
    trials_release(ret_trials);
    return client_fail_topic(client, wire, topic, "trials");
}

int trial_log_write(const struct client *client, struct wire *wire,
                    const struct trial_record *rec)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "trials");
    struct schema_cache *schemas = client_schemas(client);
    struct codec *codec =
        client_schemas_writer(client, schemas, topic, &trial_record_contract, /* first= */ true);
    if (!codec) {
        schema_cache_free(schemas);
        return EXIT_FAILURE;
    }
    char key[TRIAL_KEY_BYTES_MAX];
    struct buf value;
    buf_init(&value, TRIAL_RECORD_BYTES_MAX);
    int result = codec_encode(codec, rec, &value);
    assert(result == 0);
    const struct message message = {.topic = topic,
                                    .partition = 0,
                                    .key = slice_str(trial_record_key(rec, key)),
                                    .value = buf_slice(&value)};
    if (wire_produce(wire, &message, 1) < 0) {
        result = client_fail("%s", wire_why(wire));
    } else {
        result = client_flush(wire);
    }
    buf_release(&value);
    codec_free(codec);
    schema_cache_free(schemas);
    return result;
}

int32_t trial_log_owed(const struct trials *trials, const struct generations *generations,
                       int32_t partitions)
{
    int32_t owed = 0;
    for (int32_t p = 0; p < partitions; p++) { owed += trials_owe(trials, generations, p); }
    return owed;
}

int trial_log_check_over(const struct client *client, struct wire *wire,
                         const struct generations *generations, const char *generation)
{
    struct trials trials;
    if (trial_log_read(client, wire, &trials) != 0) { return EXIT_FAILURE; }
    int result = 0;
    bool meant = !generation || trials_arm(&trials, generation) != TRIAL_ARMS;
    if (meant && trials_run(&trials, generations)) {
        result = client_fail("trial %" PRId64 " of %s against %s runs; hint: freshet trial stop",
                             trials.number, generation_label(trials.generation),
                             generation_label(trials.live));
    }
    trials_release(&trials);
    return result;
}
