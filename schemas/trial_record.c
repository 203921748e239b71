#include "base/base.h"
#include "schemas/trial_record.h"

static const char schema[] =
#include "trial_record.avsc.inc"
    ;

static const struct contract_field fields[] = {
    CONTRACT_FIELD(trial_record, FIELD_ENUM, kind, 0),
    CONTRACT_FIELD(trial_record, FIELD_LONG, trial, 0),
    CONTRACT_FIELD(trial_record, FIELD_STRING, generation, STEP_TEXT_BYTES_MAX),
    CONTRACT_FIELD(trial_record, FIELD_STRING, live, STEP_TEXT_BYTES_MAX),
    CONTRACT_FIELD(trial_record, FIELD_LONG, epoch, 0),
    CONTRACT_FIELD(trial_record, FIELD_INT, share, 0),
    CONTRACT_FIELD(trial_record, FIELD_ENUM, metric, 0),
    CONTRACT_FIELD(trial_record, FIELD_BOOL, guarded, 0),
    CONTRACT_FIELD(trial_record, FIELD_DOUBLE, margin, 0),
    CONTRACT_FIELD(trial_record, FIELD_LONG, time_ms, 0),
    CONTRACT_FIELD(trial_record, FIELD_ENUM, ending, 0),
    CONTRACT_FIELD(trial_record, FIELD_INT, partition, 0),
    CONTRACT_FIELD(trial_record, FIELD_LONG, to_offset, 0),
    CONTRACT_FIELD(trial_record, FIELD_LONGS, judged, TRIAL_BUCKETS),
    CONTRACT_FIELD(trial_record, FIELD_LONGS, hits, TRIAL_BUCKETS),
    CONTRACT_FIELD(trial_record, FIELD_DOUBLES, ndcg, TRIAL_BUCKETS),
    CONTRACT_FIELD(trial_record, FIELD_ENUM, verdict, 0),
    CONTRACT_FIELD(trial_record, FIELD_DOUBLE, difference, 0),
    CONTRACT_FIELD(trial_record, FIELD_DOUBLE, lower, 0),
    CONTRACT_FIELD(trial_record, FIELD_DOUBLE, upper, 0),
};

const struct contract trial_record_contract = {
    .name = "freshet.TrialRecord",
    .schema = schema,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct trial_record),
};

const char *trial_record_key(const struct trial_record *rec, char key[TRIAL_KEY_BYTES_MAX])
{
    static const char *const verbs[] = {
        [TRIAL_OTHER] = "other",     [TRIAL_STARTED] = "started",   [TRIAL_ENDED] = "ended",
        [TRIAL_COUNTED] = "counted", [TRIAL_RETURNED] = "returned", [TRIAL_RESULT] = "result",
    };
    assert(rec->kind >= 0 && (size_t)rec->kind < ARRAY_COUNT(verbs));
    assert(rec->generation.size <= STEP_NAME_BYTES_MAX);
    int size = snprintf(key, TRIAL_KEY_BYTES_MAX, "%" PRId64 "/%s", rec->trial, verbs[rec->kind]);
    char *end = key + size;
    size_t room = TRIAL_KEY_BYTES_MAX - (size_t)size;
    if (rec->kind == TRIAL_COUNTED) {
        (void)snprintf(end, room, "/%.*s/%d", SLICE_ARGS(rec->generation), rec->partition);
    } else if (rec->kind == TRIAL_RETURNED) {
        (void)snprintf(end, room, "/%d", rec->partition);
    }
    return key;
}
