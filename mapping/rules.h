/* The table of named rules: what a source record must be to become an event.
 *
 * A rule has a name, which is the reason in the dead letter and in the metrics, a hint for the
 * person who reads it there, and a predicate over the *candidate*: all that is known about the
 * record so far. The rules stand in stages, in the order in which a record becomes known: its
 * bytes, the Avro message, the JSON document, the mapped fields, the finished event. The first
 * broken rule of the first stage that has one is the answer, so a rule may rely on all before it.
 */
#ifndef FRESHET_MAPPING_RULES_H
#define FRESHET_MAPPING_RULES_H

#include "mapping/json_text.h"
#include "schemas/user_event.h"

/* What the configured paths lead to. */
enum mapped {
    MAPPED_USER,
    MAPPED_ITEM,
    MAPPED_ACTION,
    MAPPED_TIME,
    MAPPED_WEIGHT,
    MAPPED_ID,
    MAPPED_SEQUENCE,
    MAPPED_COUNT, /* as a fault's field: the record as a whole */
};

enum value_state {
    VALUE_ABSENT,
    VALUE_FOUND,
    VALUE_WRONG_TYPE,
};

enum rule_stage {
    STAGE_BYTES,  /* of the candidate are set: bytes, and the limits */
    STAGE_AVRO,   /* and: avro_fault (Avro source only) */
    STAGE_JSON,   /* and: json_fault, is_object */
    STAGE_FIELDS, /* and: states, action_known, time_readable */
    STAGE_EVENT,  /* and: event */
};

/* Limits that rules hold a record against; from the configuration. */
struct rule_limits {
    size_t record_bytes_max;
    size_t id_bytes_max;
    double weight_max;
    int64_t time_earliest_ms;
    int64_t time_ahead_max_ms;
};

/* A record on its way to becoming an event; plain data, filled stage by stage. */
struct candidate {
    const struct rule_limits *limits;
    struct slice bytes;
    const char *avro_fault; /* the codec's reason; NULL: decoded */
    enum json_fault json_fault;
    bool is_object;
    bool action_known;
    bool time_readable;
    enum value_state states[MAPPED_COUNT];
    struct user_event event;
};

struct rule {
    const char *name;
    enum rule_stage stage;
    /* Says whether the candidate breaks the rule, and by which field; ret_field is left alone when
     * it is the whole record. */
    bool (*broken)(const struct rule *rule, const struct candidate *candidate,
                   enum mapped *ret_field);
    const char *hint;
};

extern const struct rule rules[];
extern const size_t rules_count;

/* Finds the first rule of a stage that the candidate breaks, NULL when it breaks none. ret_field:
 * the field at fault, or MAPPED_COUNT. */
const struct rule *rules_check(enum rule_stage stage, const struct candidate *candidate,
                               enum mapped *ret_field);

#endif
