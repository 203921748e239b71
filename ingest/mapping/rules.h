/* The table of rules that a source record must meet to become an event, an item or a profile.
 *
 * A rule has a name (the reason in the dead letter and in the metrics), a hint for the operator,
 * and a predicate over the *candidate*: all that is known about the record so far. Rules are
 * checked in stages, in the order in which the record is read: its bytes, its headers, its payload
 * (gzip, frame, Avro), the JSON document, its kind, the mapped fields, the finished object. The
 * first broken rule refuses the record, so a rule may rely on all rules before it.
 */
#ifndef FRESHET_INGEST_MAPPING_RULES_H
#define FRESHET_INGEST_MAPPING_RULES_H

#include "syntax/json_text.h"
#include "schemas/item.h"
#include "schemas/user_event.h"
#include "schemas/user_profile.h"

/* What a record becomes; order of the choices of the option `becomes`. */
enum target {
    TARGET_EVENT,   /* struct user_event */
    TARGET_ITEM,    /* struct item */
    TARGET_PROFILE, /* struct user_profile */
    TARGETS_COUNT,
};

/* What the configured paths lead to. */
enum mapped {
    MAPPED_USER,
    MAPPED_ITEM,
    MAPPED_ACTION,
    MAPPED_TIME,
    MAPPED_WEIGHT,
    MAPPED_ID,
    MAPPED_SEQUENCE,
    MAPPED_LIST,
    MAPPED_PLACE,
    MAPPED_RULE,
    MAPPED_VALUE,
    MAPPED_TAKEN_BACK,
    MAPPED_ANONYMOUS,
    MAPPED_QUERY,
    MAPPED_KIND,
    MAPPED_TITLE,
    MAPPED_TAGS,
    MAPPED_TEXT,
    MAPPED_VECTOR,
    MAPPED_VECTORS,
    MAPPED_AVAILABLE,
    MAPPED_CREATED,
    MAPPED_PRICE,
    MAPPED_STOCK,
    MAPPED_BRAND,
    MAPPED_CATEGORY,
    MAPPED_GROUP,
    MAPPED_ITEM_KIND,
    MAPPED_AVAILABLE_FROM,
    MAPPED_AVAILABLE_UNTIL,
    MAPPED_IMAGE,
    MAPPED_BIRTH_YEAR,
    MAPPED_COUNTRY,
    MAPPED_DEVICE,
    MAPPED_CHANNEL,
    MAPPED_REGION,
    MAPPED_GEOHASH,
    MAPPED_LATITUDE,
    MAPPED_LONGITUDE,
    MAPPED_TIME_ZONE,
    MAPPED_COUNT, /* as a fault's field: the record as a whole */
};

enum headers_fault {
    HEADERS_FINE,
    HEADERS_TOO_LARGE,
    HEADERS_NOT_UTF8, /* one that the mapping names */
};

enum rule_stage {
    STAGE_BYTES,  /* of the candidate are set: bytes, and the limits */
    STAGE_HEADERS, /* and: headers_fault */
    STAGE_PAYLOAD, /* and: payload_fault */
    STAGE_JSON,   /* and: json_fault, is_object */
    STAGE_KIND,   /* and: the state of MAPPED_KIND, kind_refused */
    STAGE_ELEMENTS, /* and: elements_count */
    STAGE_FIELDS, /* and: all states, action_known */
    /* and: event, item or profile, whichever the target is; user ids are still the sender's own */
    STAGE_OBJECT,
};

/* Limits that the rules check; from the configuration. */
struct rule_limits {
    size_t record_bytes_max;
    size_t id_bytes_max;
    double weight_max;
    int64_t time_earliest_ms;
    int64_t time_ahead_max_ms;
    int64_t now_ms; /* the present; 0: not known */
};

/* A record that is being mapped to an object or a deletion; plain data, filled stage by stage. */
struct candidate {
    const struct rule_limits *limits;
    enum target target;
    bool deletes; /* only its id matters */
    struct slice bytes;
    enum headers_fault headers_fault;
    const char *payload_fault; /* the payload's or the codec's reason; NULL: decoded */
    enum json_fault json_fault;
    bool is_object;
    bool kind_refused;
    size_t elements_count; /* of the array that spreads the record, when there are too many */
    bool action_known;
    enum value_state states[MAPPED_COUNT];
    struct user_event event;
    struct slice anonymous; /* of an IDENTIFY event: who the user was so far */
    struct item item;
    struct user_profile profile;
};

struct rule {
    const char *name;
    enum rule_stage stage;
    /* Says whether the candidate breaks the rule, and by which field; ret_field is unchanged when
     * the fault is the whole record. */
    bool (*broken)(const struct rule *rule, const struct candidate *candidate,
                   enum mapped *ret_field);
    const char *hint;
};

/* Returns the hint of a rule that is broken by this field, or MAPPED_COUNT. */
const char *rule_hint(const struct rule *rule, enum mapped field);

extern const struct rule rules[];
extern const size_t rules_count;

/* Returns the rule of that name. */
const struct rule *rules_find(const char *name);
/* Finds the first rule of a stage that the candidate breaks, NULL when it breaks none. ret_field:
 * the field at fault, or MAPPED_COUNT. */
const struct rule *rules_check(enum rule_stage stage, const struct candidate *candidate,
                               enum mapped *ret_field);

#endif
