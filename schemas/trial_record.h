/* A record of a trial of two generations: topic `trials`. See trial_record.avsc. */
#ifndef FRESHET_SCHEMAS_TRIAL_RECORD_H
#define FRESHET_SCHEMAS_TRIAL_RECORD_H

#include "stream/avro/codec.h"
#include "schemas/generation_step.h"

enum trial_record_kind {
    TRIAL_OTHER,
    TRIAL_STARTED,
    TRIAL_ENDED,
    TRIAL_COUNTED,
    TRIAL_RETURNED,
    TRIAL_RESULT,
};
enum trial_metric { TRIAL_METRIC_OTHER, TRIAL_HIT_AT_10, TRIAL_NDCG_AT_10 };
enum trial_ending { TRIAL_ENDING_OTHER, TRIAL_STOPPED, TRIAL_TAKEN_BACK, TRIAL_PROMOTED };
enum trial_verdict { TRIAL_VERDICT_OTHER, TRIAL_UNDECIDED, TRIAL_WORSE, TRIAL_BETTER };

enum {
    TRIAL_BUCKETS = 128, /* of users, in each arm */
    TRIAL_SHARES = 10000,
    TRIAL_KEY_BYTES_MAX = 96,
    TRIAL_RECORD_BYTES_MAX = 1 << 13, /* with room for full columns */
};

struct trial_record {
    int32_t kind; /* enum trial_record_kind */
    int64_t trial;
    struct slice generation;
    struct slice live;
    int64_t epoch;
    int32_t share;
    int32_t metric; /* enum trial_metric */
    bool guarded;
    double margin;
    int64_t time_ms;
    int32_t ending; /* enum trial_ending */
    int32_t partition;
    int64_t to_offset;
    struct longs judged;
    struct longs hits;
    struct doubles ndcg;
    int32_t verdict; /* enum trial_verdict */
    double difference;
    double lower;
    double upper;
};

extern const struct contract trial_record_contract;

/* Writes the record's key in `trials`; returns key. */
const char *trial_record_key(const struct trial_record *rec, char key[TRIAL_KEY_BYTES_MAX]);

#endif
