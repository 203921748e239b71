#include "base/base.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "stream/kafka/topic_settings.h"

/* "For ever": ten years. */
#define REMOVALS_KEPT_MS INT64_C(315360000000)

static bool has_limit(const struct topic_settings *settings)
{
    return settings->retention_ms >= 0 || settings->retention_bytes >= 0;
}

char *topic_settings_fault(const struct topic_settings *settings, enum topic_cleanup cleanup,
                           const char *topic, const char *bootstrap_servers)
{
    const char *is, *why, *want;
    if (!settings->known || cleanup == CLEANUP_ANY) { return NULL; }
    bool is_table = cleanup == CLEANUP_TABLE || cleanup == CLEANUP_TABLE_AGAIN ||
                    cleanup == CLEANUP_TABLE_REMOVALS;
    if (is_table && settings->deletes && has_limit(settings)) {
        is = settings->compacts ? "compact,delete" : "delete";
        why = "it is a table, and its state is lost row by row when retention passes it";
        want = "compact";
    } else if (cleanup == CLEANUP_LOG && settings->compacts) {
        is = settings->deletes ? "compact,delete" : "compact";
        why = "it is a log, and only the newest record of each key would stay";
        want = "delete";
    } else {
        return NULL;
    }
    return xprintf("topic %s has cleanup.policy=%s: %s; nothing was read or written; hint: "
                   "kafka-configs.sh --bootstrap-server %s --alter --entity-type topics "
                   "--entity-name %s --add-config cleanup.policy=%s, or deploy/topics apply",
                   topic, is, why, bootstrap_servers, topic, want);
}

char *topic_settings_advice(const struct topic_settings *settings, enum topic_cleanup cleanup)
{
    bool matters = settings->known && cleanup == CLEANUP_TABLE_REMOVALS;
    if (!matters || settings->delete_retention_ms >= REMOVALS_KEPT_MS) { return NULL; }
    return xprintf("that a key was removed is forgotten after delete.retention.ms=%" PRId64
                   ": who starts later takes it for one that was never there",
                   settings->delete_retention_ms);
}

void topic_settings_take(struct topic_settings *settings, const char *name, const char *value)
{
    const struct {
        const char *name;
        int64_t *to;
    } numbers[] = {
        {"retention.ms", &settings->retention_ms},
        {"retention.bytes", &settings->retention_bytes},
        {"delete.retention.ms", &settings->delete_retention_ms},
    };
    if (strcmp(name, "cleanup.policy") == 0) {
        settings->compacts = strstr(value, "compact") != NULL;
        settings->deletes = strstr(value, "delete") != NULL;
    }
    for (size_t i = 0; i < ARRAY_COUNT(numbers); i++) {
        if (strcmp(name, numbers[i].name) != 0) { continue; }
        (void)number_parse(value, numbers[i].to);
    }
}
