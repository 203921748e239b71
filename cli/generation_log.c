#include "base/base.h"
#include "base/xalloc.h"
#include "cli/generation_log.h"
#include "cli/table_log.h"

static const struct table_log generation_log = {
    .name = "generations",
    .contract = &generation_step_contract,
    .record_bytes = sizeof(struct generation_step),
    .message_bytes_max = 512,
};

static void apply(void *generations, const void *step)
{
    (void)generations_apply(generations, step); /* the scorer refuses what makes no sense */
}

int generation_log_read(const struct client *client, struct wire *wire,
                        struct generations *ret_generations)
{
    generations_init(ret_generations);
    int result = table_log_read(&generation_log, client, wire, apply, ret_generations);
    if (result != 0) { generations_release(ret_generations); }
    return result;
}

int generation_log_write(const struct client *client, struct wire *wire,
                         const struct generation_step *step)
{
    char key[STEP_KEY_BYTES_MAX];
    return table_log_write(&generation_log, client, wire, generation_step_key(step, key), step);
}

int generation_log_partitions(const struct client *client, struct wire *wire, int32_t *ret_count)
{
    _cleanup_(xfreep) char *topic = client_topic(client, "recommendations");
    int result = client_partitions(wire, topic, ret_count);
    return result < 0 ? client_fail_topic(client, wire, topic, "recommendations") : 0;
}

bool generation_log_complete(const struct generations *generations, int32_t partitions)
{
    for (int32_t p = 0; p < partitions; p++) {
        if (generations_role(generations, generations->live, p) != ROLE_LIVE) { return false; }
    }
    return true;
}
