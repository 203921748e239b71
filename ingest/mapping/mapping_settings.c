#include "base/base.h"
#include "ingest/mapping/mapping_settings.h"

static const char *const path_keys[MAPPED_COUNT] = {
    [MAPPED_USER] = "map.user",
    [MAPPED_ITEM] = "map.item",
    [MAPPED_ACTION] = "map.action",
    [MAPPED_TIME] = "map.time",
    [MAPPED_WEIGHT] = "map.weight",
    [MAPPED_ID] = "map.id",
    [MAPPED_SEQUENCE] = "map.sequence",
    [MAPPED_KIND] = "map.kind",
    [MAPPED_TITLE] = "map.title",
    [MAPPED_TAGS] = "map.tags",
    [MAPPED_TEXT] = "map.text",
    [MAPPED_VECTOR] = "map.vector",
    [MAPPED_AVAILABLE] = "map.available",
    [MAPPED_CREATED] = "map.created",
    [MAPPED_BIRTH_YEAR] = "map.birth.year",
    [MAPPED_COUNTRY] = "map.country",
};

#define MEMBER(member) offsetof(struct mapping_settings, member)
#define PATH_OPTION(key, field, fallback, help)                                                    \
    {                                                                                              \
        key, OPTION_STRING, MEMBER(paths) + (field) * sizeof(const char *), fallback, 0, 0, NULL,  \
            help                                                                                   \
    }
#define TEXT_OPTION(key, member, fallback, help)                                                   \
    {                                                                                              \
        key, OPTION_STRING, MEMBER(member), fallback, 0, 0, NULL, help                             \
    }

const struct option mapping_options[] = {
    TEXT_OPTION("sources", source_names, "",
                "Names of several sources, a,b,...; each has source.NAME.topic and, as "
                "source.NAME.KEY, what differs from the keys without a name. Empty: one source, "
                "the topic clicks"),
    {"source.", OPTION_PREFIX, MEMBER(named), NULL, 0, 0, NULL,
     "A key of one source, as source.NAME.topic=shop.orders, source.NAME.map.user=buyer.id"},
    {"source.format", OPTION_CHOICE, MEMBER(source_format), "json", 0, 0, "json|avro",
     "Format of the source topic: JSON objects, or Avro messages whose schema is known"},
    {"source.record.bytes.max", OPTION_BYTES, MEMBER(record_bytes_max), "1m", 64, 64 << 20, NULL,
     "Largest source record; a larger one goes to dead letters"},
    {"becomes", OPTION_CHOICE, MEMBER(target), "UserEvent", 0, 0, "UserEvent|Item|UserProfile",
     "What a source record becomes: an action (events), catalogue (items) or profile (users)"},
    PATH_OPTION("map.user", MAPPED_USER, "user_id",
                "Where the user id is: a path (a.b[2].c), several with | between them (the first "
                "that is there), $key or $key.a.b for the record's key, $header.NAME for a header, "
                "or =VALUE"),
    PATH_OPTION("map.item", MAPPED_ITEM, "item_id",
                "Where the item id is; [*] in a path (lines[*].sku) makes one event of each "
                "element"),
    PATH_OPTION("map.action", MAPPED_ACTION, "action", "Where the action's name is"),
    PATH_OPTION("map.time", MAPPED_TIME, "event_time_ms",
                "Where the time of the action is; $timestamp: the record's own"),
    PATH_OPTION("map.weight", MAPPED_WEIGHT, "weight",
                "Where the weight is; where a record has none, its action's weight holds"),
    PATH_OPTION("map.id", MAPPED_ID, "event_id",
                "Where the event id is; where a record has none, it is made of its origin"),
    PATH_OPTION("map.sequence", MAPPED_SEQUENCE, "sequence",
                "Where the order among a user's events of the same millisecond is"),
    PATH_OPTION("map.title", MAPPED_TITLE, "title", "Where an item's title is"),
    PATH_OPTION("map.tags", MAPPED_TAGS, "tags",
                "Where tags of an item or a user are: paths with commas between them, each "
                "optionally NAME=PATH for tags that read NAME=VALUE; lists give several tags"),
    PATH_OPTION("map.text", MAPPED_TEXT, "text", "Where an item's longer description is"),
    PATH_OPTION("map.vector", MAPPED_VECTOR, "vector", "Where an item's given embedding is"),
    PATH_OPTION("map.available", MAPPED_AVAILABLE, "available",
                "Where it says that an item may be recommended: true or false, a number (more "
                "than 0), or a text of available.values"),
    PATH_OPTION("map.created", MAPPED_CREATED, "created_ms", "Where an item's first time is"),
    PATH_OPTION("map.birth.year", MAPPED_BIRTH_YEAR, "birth_year",
                "Where a user's year of birth is: a number, or a text that begins with it"),
    PATH_OPTION("map.country", MAPPED_COUNTRY, "country", "Where a user's country is"),
    PATH_OPTION("map.kind", MAPPED_KIND, "",
                "Where it says what sort of record this is, for kind.VALUE; empty: all are taken"),
    {"kind.", OPTION_PREFIX, MEMBER(kinds), NULL, 0, 0, NULL,
     "What to do with a sort of record, as kind.VALUE=take, delete (the item or profile goes), "
     "ignore or refuse"},
    TEXT_OPTION("kind.default", kind_fallback, "take", "The same for sorts that are not listed"),
    {"time.format", OPTION_CHOICE, MEMBER(time_format), "ms", 0, 0, "ms|s|us|iso8601|ns|days|avro",
     "Unit of numeric times since 1970; iso8601 for text (UTC where it names no zone); avro: as "
     "the logical type in the writer's schema says"},
    {"created.format", OPTION_CHOICE, MEMBER(created_format), "time.format", 0, 0,
     "time.format|ms|s|us|iso8601|ns|days|avro", "The same for map.created, where it differs"},
    {"numbers.as.text", OPTION_BOOL, MEMBER(numbers_as_text), "false", 0, 0, NULL,
     "Take times, weights and sequences that are numbers in quotes (\"1700000000\")"},
    TEXT_OPTION("absent.values", absent_values, "",
                "Texts that mean that there is nothing, a,b,... ((not set),null): the next path "
                "counts then, or the field is missing"),
    TEXT_OPTION("tags.separator", tags_separator, "",
                "Text between several tags in one value (red|blue)"),
    TEXT_OPTION("available.values", available_values, "true,1",
                "Texts of map.available that mean yes, a,b,...; any other means no"),
    TEXT_OPTION("action.default", action_fallback, "refuse",
                "What an unlisted or missing action becomes: refuse, ignore, or KIND:WEIGHT"),
    {"action.", OPTION_PREFIX, MEMBER(actions), NULL, 0, 0, NULL,
     "Meaning of an action's name, as action.NAME=KIND:WEIGHT (action.buy=PURCHASE:5), ignore or "
     "refuse"},
    {"weight.max", OPTION_DOUBLE, MEMBER(weight_max), "1000", 0, 1e9, NULL,
     "Largest weight of an event"},
    {"time.earliest", OPTION_LONG, MEMBER(time_earliest_ms), "631152000000", -62167219200000.0,
     253402300799999.0, NULL, "Earliest believable time of an event, in ms since 1970"},
    {"time.ahead.max", OPTION_DURATION, MEMBER(time_ahead_max_ms), "1d", 0, 3650 * 86400e3, NULL,
     "How far an event may lie after the Kafka timestamp of its own record"},
    {"id.bytes.max", OPTION_BYTES, MEMBER(id_bytes_max), "256", 1, ID_BYTES_MAX, NULL,
     "Longest user, item or event id, in bytes"},
    TEXT_OPTION("pseudonym.keys", pseudonym_keys, "",
                "File with keys: user ids become pseudonyms (HMAC-SHA256) before anything is "
                "stored; empty: they stay"),
    {"dead.letters.bytes", OPTION_CHOICE, MEMBER(dead_letter_bytes), "auto", 0, 0, "auto|keep|drop",
     "Whether a dead letter holds the record's bytes and headers; auto: unless there are "
     "pseudonym.keys, since they may name a user"},
};
_Static_assert(ARRAY_COUNT(mapping_options) == MAPPING_OPTIONS_COUNT, "the header says how many");

const char *mapping_path_key(enum mapped field)
{
    assert(field < MAPPED_COUNT);
    return path_keys[field];
}
