#include "base/base.h"
#include "schemas/user_archive.h"

static const char schema[] =
#include "user_archive.avsc.inc"
    ;

static const char *const older[] = {
#include "versions/user_archive.1.avsc.inc"
    ,
#include "versions/user_archive.2.avsc.inc"
    ,
    NULL,
};

static const struct contract_field fields[] = {
    CONTRACT_FIELD(user_archive, FIELD_STRINGS, items, ARCHIVE_SEGMENT_MAX),
    CONTRACT_FIELD(user_archive, FIELD_DOUBLES, weights, ARCHIVE_SEGMENT_MAX),
    CONTRACT_FIELD(user_archive, FIELD_LONGS, time_steps_ms, ARCHIVE_SEGMENT_MAX),
    CONTRACT_FIELD(user_archive, FIELD_INTS, actions, ARCHIVE_SEGMENT_MAX),
    CONTRACT_FIELD(user_archive, FIELD_LONGS, sequences, ARCHIVE_SEGMENT_MAX),
    CONTRACT_FIELD(user_archive, FIELD_LONGS, event_ids, ARCHIVE_SEGMENT_MAX),
    CONTRACT_FIELD(user_archive, FIELD_LONGS, offset_steps, ARCHIVE_SEGMENT_MAX),
    CONTRACT_FIELD(user_archive, FIELD_STRINGS, contexts, ARCHIVE_SEGMENT_MAX),
    CONTRACT_FIELD(user_archive, FIELD_INTS, context_numbers, ARCHIVE_SEGMENT_MAX),
};

const struct contract user_archive_contract = {
    .name = "freshet.UserArchive",
    .schema = schema,
    .older = older,
    .fields = fields,
    .fields_count = ARRAY_COUNT(fields),
    .size = sizeof(struct user_archive),
};
