/* The settings that every worker has, and the table of options for them ("runtime"). */
#ifndef FRESHET_STREAM_RUN_SETTINGS_H
#define FRESHET_STREAM_RUN_SETTINGS_H

#include "base/base.h"
#include "base/buf.h"
#include "stream/config/options.h"
#include "stream/registry/registry.h"

/* The option `delivery`: how additive outputs and the changelog are sent. Replaceable outputs are
 * always sent at once. */
enum {
    EXACTLY_ONCE,  /* one transaction with the input offsets */
    AT_LEAST_ONCE, /* acknowledged, one kind after the other, then the offsets (stream/commit.c) */
};

enum schema_framing { SCHEMA_FRAMING_AUTO, SCHEMA_FRAMING_SINGLE, SCHEMA_FRAMING_CONFLUENT };

struct worker;

struct run_settings {
    const char *bootstrap_servers;
    const char *topic_prefix;
    const char *group_prefix;
    const char *generation; /* empty: the base */
    const char *input_end;  /* input_end.h */
    const char *state_dir;
    int64_t slot; /* SLOT_AUTO: the first free one on this machine */
    const char *instance;
    bool static_member;
    int32_t delivery;
    int64_t memory_max;
    int64_t commit_interval_ms;
    int64_t batch_records_max;
    int64_t batch_bytes_max;
    int64_t poll_records_max;
    int64_t record_bytes_max;
    int64_t fetch_bytes_max;
    int64_t store_write_buffer_bytes;
    int64_t store_block_cache_bytes;
    int64_t restore_timeout_ms;
    int64_t restore_bytes_max;
    int64_t standby_copies;
    int64_t state_cleanup_delay_ms;
    int32_t state_unknown_schema; /* enum unknown_schema */
    int64_t commit_timeout_ms;
    int64_t connect_timeout_ms;
    const char *schemas_path;
    int32_t schema_framing; /* enum schema_framing */
    const char *metrics_address;
    int64_t metrics_port; /* 0: any free one; METRICS_PORT_NONE */
    int32_t log_level;
    int32_t log_format; /* enum log_format */
    struct properties topics; /* topic.<name>=... */
    struct properties kafka;  /* kafka.* */
    struct registry_settings registry; /* the table registry_options */
};

enum unknown_schema { UNKNOWN_SCHEMA_END, UNKNOWN_SCHEMA_SKIP };

enum { SLOTS_MAX = 256, SLOT_AUTO = -1, METRICS_PORT_NONE = -1 };

/* The table of the above. */
extern const struct option run_options[];
extern const size_t run_options_count;

#define RUN_TOPIC_TEXT_RULE "a topic's name has letters, digits, ., _ and -, at most 249"
/* Says whether a topic's name, or a part of it, is as Kafka wants it (RUN_TOPIC_TEXT_RULE). */
bool run_topic_text_valid(const char *text);
/* Returns what is wrong with the settings beyond what the table checks; NULL: nothing. The caller
 * frees. */
char *run_settings_fault(const struct run_settings *settings);
/* Appends a line for each setting that may be a slip, or that is taken as something. */
void run_settings_notes(const struct run_settings *settings, const struct worker *worker,
                        const void *worker_settings, struct buf *notes);

#endif
