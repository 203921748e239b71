#include "base/base.h"
#include "ingest/mapping/mapping_settings.h"
#include "stream/config/option_table.h"

static const char *const path_keys[MAPPED_COUNT] = {
    [MAPPED_USER] = "map.user",
    [MAPPED_ITEM] = "map.item",
    [MAPPED_ACTION] = "map.action",
    [MAPPED_TIME] = "map.time",
    [MAPPED_WEIGHT] = "map.weight",
    [MAPPED_ID] = "map.id",
    [MAPPED_SEQUENCE] = "map.sequence",
    [MAPPED_LIST] = "map.list",
    [MAPPED_PLACE] = "map.place",
    [MAPPED_RULE] = "map.rule",
    [MAPPED_VALUE] = "map.value",
    [MAPPED_TAKEN_BACK] = "map.taken.back",
    [MAPPED_ANONYMOUS] = "map.anonymous",
    [MAPPED_QUERY] = "map.query",
    [MAPPED_KIND] = "map.kind",
    [MAPPED_TITLE] = "map.title",
    [MAPPED_TAGS] = "map.tags",
    [MAPPED_TEXT] = "map.text",
    [MAPPED_VECTOR] = "map.vector",
    [MAPPED_VECTORS] = "map.vectors",
    [MAPPED_AVAILABLE] = "map.available",
    [MAPPED_CREATED] = "map.created",
    [MAPPED_PRICE] = "map.price",
    [MAPPED_STOCK] = "map.stock",
    [MAPPED_BRAND] = "map.brand",
    [MAPPED_CATEGORY] = "map.category",
    [MAPPED_GROUP] = "map.group",
    [MAPPED_ITEM_KIND] = "map.item.kind",
    [MAPPED_AVAILABLE_FROM] = "map.available.from",
    [MAPPED_AVAILABLE_UNTIL] = "map.available.until",
    [MAPPED_IMAGE] = "map.image",
    [MAPPED_BIRTH_YEAR] = "map.birth.year",
    [MAPPED_COUNTRY] = "map.country",
    [MAPPED_DEVICE] = "map.device",
    [MAPPED_CHANNEL] = "map.channel",
    [MAPPED_REGION] = "map.region",
    [MAPPED_GEOHASH] = "map.geohash",
    [MAPPED_LATITUDE] = "map.latitude",
    [MAPPED_LONGITUDE] = "map.longitude",
    [MAPPED_TIME_ZONE] = "map.time.zone",
};

#define OPTION_SETTINGS struct mapping_settings

const struct option mapping_options[] = {
    OPTION("sources", STRING, source_names, "", OPTION_FREE,
           "Names of the sources, a,b,...; each has source.NAME.topic and, as source.NAME.KEY, the "
           "keys whose values differ from those without a name. Empty: one source, the topic "
           "clicks"),
    OPTION("source.", PREFIX, named, NULL, OPTION_FREE,
           "A key of one source: source.NAME.topic=shop.orders, source.NAME.map.user=buyer.id"),
    OPTION("source.format", CHOICE, source_format, "json",
           OPTION_ONE_OF("json|avro|protobuf|csv|tsv"),
           "Format of the source topic: JSON objects, messages of Avro or Protobuf whose schema is "
           "known, or rows of CSV or TSV (source.columns)"),
    OPTION("source.frame", CHOICE, source_frame, "auto",
           OPTION_ONE_OF("auto|confluent|apicurio|glue|header|none"),
           "Where a message names its schema: confluent (00 and an id of 4 bytes), apicurio (8 "
           "bytes), glue (AWS), header (Confluent's and Apicurio's), none; auto tells them apart"),
    OPTION("source.schema", STRING, source_schema, "", OPTION_FREE,
           "Schema of messages that name none, or none that is known: its id in the registry, or a "
           "file of schemas.path without its ending; for Protobuf a file: .proto, or a "
           "FileDescriptorSet"),
    OPTION("source.message", STRING, source_message, "", OPTION_FREE,
           "Full name of the Protobuf messages' type; empty: as their frames say"),
    OPTION("source.columns", STRING, source_columns, "", OPTION_FREE,
           "Names of the columns of CSV or TSV, a,b,...; header: each record's first row has them; "
           "snowplow: those of Snowplow's enriched events"),
    OPTION("source.separator", STRING, source_separator, ",", OPTION_FREE,
           "What stands between the fields of CSV: one character"),
    OPTION("source.record.bytes.max", BYTES, record_bytes_max, "1m", OPTION_RANGE(64, 64 << 20),
           "Largest source record; a larger one goes to dead letters"),
    OPTION("source.record.elements.max", LONG, elements_max, "1000", OPTION_RANGE(1, 100000),
           "Most events, items or profiles that a record becomes by [*]"),
    OPTION("source.record.values.max", LONG, values_max, "10000", OPTION_RANGE(1, 10000000),
           "Most values (objects, arrays, texts, numbers ...) in a record"),
    OPTION("key.format", CHOICE, key_format, "auto",
           OPTION_ONE_OF("auto|text|int32|int64|avro.string|avro.long"),
           "How keys are written, for $key. auto: a message in a frame where the value is one, "
           "JSON, or text; int32, int64: big endian, as Kafka's serializers write them; "
           "avro.string, avro.long: Avro without a frame"),
    OPTION("json.strict", BOOL, json_strict, "false", OPTION_FREE,
           "Refuse records in which any value has a key twice, half of a surrogate pair, NaN or a "
           "number that is too large; else only those where a path leads to such a value"),
    OPTION("becomes", CHOICE, target, "UserEvent", OPTION_ONE_OF("UserEvent|Item|UserProfile"),
           "Message that a source record becomes: an action (topic events), an item (items) or a "
           "profile (users)"),
    OPTION("map.user", STRING, paths[MAPPED_USER], "user_id", OPTION_FREE,
           "Where the user id is: a path (a.b[2].c), several paths with | between them (the first "
           "that exists is used), $key or $key.a.b for the record's key, $header.NAME for a "
           "header, or =VALUE for a constant"),
    OPTION("map.item", STRING, paths[MAPPED_ITEM], "item_id", OPTION_FREE,
           "Where the item id is; [*] in a path (lines[*].sku) makes one event of each element"),
    OPTION("map.action", STRING, paths[MAPPED_ACTION], "action", OPTION_FREE,
           "Where the action's name is"),
    OPTION("map.time", STRING, paths[MAPPED_TIME], "event_time_ms", OPTION_FREE,
           "Where the time of the action is; $timestamp: the timestamp of the record"),
    OPTION("map.weight", STRING, paths[MAPPED_WEIGHT], "weight", OPTION_FREE,
           "Where the weight is; a record without one gets the weight of its action"),
    OPTION("map.id", STRING, paths[MAPPED_ID], "event_id", OPTION_FREE,
           "Where the event id is; a record without one gets an id made of its origin"),
    OPTION("map.sequence", STRING, paths[MAPPED_SEQUENCE], "sequence", OPTION_FREE,
           "Where the number is that orders a user's events of one millisecond"),
    OPTION("map.list", STRING, paths[MAPPED_LIST], "", OPTION_FREE,
           "Where the id of the list is that the item was shown on or taken from; empty: not "
           "mapped"),
    OPTION("map.place", STRING, paths[MAPPED_PLACE], "", OPTION_FREE,
           "Where the item's place on that list is, from 1; empty: not mapped"),
    OPTION("map.rule", STRING, paths[MAPPED_RULE], "", OPTION_FREE,
           "Where the rule is that had brought it to this place; empty: not mapped"),
    OPTION("map.value", STRING, paths[MAPPED_VALUE], "", OPTION_FREE,
           "Where it is said what the action brought in; empty: not mapped"),
    OPTION("map.taken.back", STRING, paths[MAPPED_TAKEN_BACK], "", OPTION_FREE,
           "Where the id of the event is that an action of KIND:back takes back; empty: all of the "
           "user's actions of this kind on the item up to then"),
    OPTION("map.anonymous", STRING, paths[MAPPED_ANONYMOUS], "", OPTION_FREE,
           "Where the id is, of an action of IDENTIFY, under which the user has acted so far; "
           "empty: not mapped"),
    OPTION("map.query", STRING, paths[MAPPED_QUERY], "", OPTION_FREE,
           "Where the text is, of an action of SEARCH, that the user searched for; empty: not "
           "mapped"),
    OPTION("map.title", STRING, paths[MAPPED_TITLE], "title", OPTION_FREE,
           "Where an item's title is"),
    OPTION("map.tags", STRING, paths[MAPPED_TAGS], "tags", OPTION_FREE,
           "Where tags of an item or a user are: paths with commas between them; NAME=PATH makes "
           "tags of the form NAME=VALUE; a list gives several tags"),
    OPTION("map.text", STRING, paths[MAPPED_TEXT], "text", OPTION_FREE,
           "Where an item's longer description is"),
    OPTION("map.vector", STRING, paths[MAPPED_VECTOR], "vector", OPTION_FREE,
           "Where an item's embedding is, if you have one"),
    OPTION("map.vectors", STRING, paths[MAPPED_VECTORS], "", OPTION_FREE,
           "Where several embeddings of an item are, an object of lists by name ({\"image\": "
           "[...]}); empty: not mapped"),
    OPTION("map.available", STRING, paths[MAPPED_AVAILABLE], "available", OPTION_FREE,
           "Where it is said whether an item may be recommended: true or false, a number (more "
           "than 0: yes), or a text (available.values: yes)"),
    OPTION("map.created", STRING, paths[MAPPED_CREATED], "created_ms", OPTION_FREE,
           "Where the time is at which an item was created"),
    OPTION("map.price", STRING, paths[MAPPED_PRICE], "", OPTION_FREE,
           "Where an item's price is; empty: not mapped"),
    OPTION("map.stock", STRING, paths[MAPPED_STOCK], "", OPTION_FREE,
           "Where it is said how many pieces of an item there are; empty: not mapped"),
    OPTION("map.brand", STRING, paths[MAPPED_BRAND], "", OPTION_FREE,
           "Where an item's brand is; empty: not mapped"),
    OPTION("map.category", STRING, paths[MAPPED_CATEGORY], "", OPTION_FREE,
           "Where the path to an item's category is, from the top: a list of texts, or a text "
           "with category.separator between the levels; empty: not mapped"),
    OPTION("category.separator", STRING, category_separator, ">", OPTION_FREE,
           "Text between the levels of map.category (Shoes > Boots)"),
    OPTION("map.group", STRING, paths[MAPPED_GROUP], "", OPTION_FREE,
           "Where the id is that the variants of an item share; empty: not mapped"),
    OPTION("map.item.kind", STRING, paths[MAPPED_ITEM_KIND], "", OPTION_FREE,
           "Where it is said what an item is, if not all are products; empty: not mapped"),
    OPTION("map.available.from", STRING, paths[MAPPED_AVAILABLE_FROM], "", OPTION_FREE,
           "Where the time is from which an item may be recommended; empty: not mapped"),
    OPTION("map.available.until", STRING, paths[MAPPED_AVAILABLE_UNTIL], "", OPTION_FREE,
           "Where the time is from which it may not be recommended any more; empty: not mapped"),
    OPTION("map.image", STRING, paths[MAPPED_IMAGE], "", OPTION_FREE,
           "Where the address of an item's picture is, for the console; empty: not mapped"),
    OPTION("map.birth.year", STRING, paths[MAPPED_BIRTH_YEAR], "birth_year", OPTION_FREE,
           "Where a user's year of birth is: a number, or a text that begins with it"),
    OPTION("map.country", STRING, paths[MAPPED_COUNTRY], "country", OPTION_FREE,
           "Where a user's country is; of an event, where the user was"),
    OPTION("map.device", STRING, paths[MAPPED_DEVICE], "", OPTION_FREE,
           "Where it is said on which device the user acted (docs/context.md); empty: not mapped"),
    OPTION("map.channel", STRING, paths[MAPPED_CHANNEL], "", OPTION_FREE,
           "Where it is said by which channel the action came (web, app, mail); empty: not mapped"),
    OPTION("map.region", STRING, paths[MAPPED_REGION], "", OPTION_FREE,
           "Where the region is in which the user was, within map.country; empty: not mapped"),
    OPTION("map.geohash", STRING, paths[MAPPED_GEOHASH], "", OPTION_FREE,
           "Where the geohash of that place is; empty: not mapped"),
    OPTION("map.latitude", STRING, paths[MAPPED_LATITUDE], "", OPTION_FREE,
           "Where its latitude is, in degrees, for events without a geohash; empty: not mapped"),
    OPTION("map.longitude", STRING, paths[MAPPED_LONGITUDE], "", OPTION_FREE,
           "Where its longitude is; empty: not mapped"),
    OPTION("map.time.zone", STRING, paths[MAPPED_TIME_ZONE], "", OPTION_FREE,
           "Where the user's time zone is (Europe/Berlin, +02:00), for the part of day and week; "
           "empty: not mapped"),
    OPTION("time.zone", STRING, time_zone, "", OPTION_FREE,
           "Time zone of the users of events that name none, or one that is not known; empty: "
           "the part of day and week is not known"),
    OPTION("map.kind", STRING, paths[MAPPED_KIND], "", OPTION_FREE,
           "Where the kind of the record is, for kind.VALUE; empty: all records are taken"),
    OPTION("kind.", PREFIX, kinds, NULL, OPTION_FREE,
           "What to do with a kind of record: kind.VALUE=take, delete (the item or profile), "
           "ignore or refuse"),
    OPTION("kind.default", STRING, kind_fallback, "take", OPTION_FREE,
           "The same for kinds that are not listed"),
    OPTION("time.format", STRING, time_format, "ms", OPTION_FREE,
           "How times are written: ms, s, us, ns, days since 1970; iso8601: a text (UTC if it "
           "names no zone); a pattern (%d.%m.%Y %H:%M); auto: a text, or a number whose size tells "
           "its unit; avro: the logical type in the writer's schema. Several with | between them "
           "are tried in turn; a path may have its own behind a colon (ts_ms:ms)"),
    OPTION("created.format", STRING, created_format, TIME_FORMAT_SAME, OPTION_FREE,
           "The same for map.created, map.available.from and map.available.until; time.format: "
           "the same"),
    OPTION("numbers.as.text", BOOL, numbers_as_text, "false", OPTION_FREE,
           "Accept times, weights and sequences that are numbers in quotes (\"1700000000\")"),
    OPTION("trim", BOOL, trims, "true", OPTION_FREE,
           "Remove blanks and line breaks at both ends of ids, names and texts"),
    OPTION("absent.values", STRING, absent_values, "", OPTION_FREE,
           "Values that stand for none, a,b,... ((not set),null,0,false,{}): the next path is "
           "used, or the field is missing"),
    OPTION("elements.without.id", CHOICE, elements_without_id, "skip",
           OPTION_ONE_OF("skip|refuse"),
           "What to do with an element of an array ([*]) that has no id, such as a tip in an "
           "order: skip and count it, or refuse the record"),
    OPTION("tombstones", CHOICE, tombstones, "auto",
           OPTION_ONE_OF("auto|delete|ignore|refuse|forget"),
           "What to do with a record without a value. auto: delete the item or profile; of events, "
           "ignore it where kind.default=ignore, else refuse it. forget: as kind.VALUE=forget"),
    OPTION("ids.shared", BOOL, ids_shared, "false", OPTION_FREE,
           "Other sources have the same event ids for the same events: a repeat of one of theirs "
           "is dropped. false: the source's name is put before its ids, where `sources` names it"),
    OPTION("tags.separator", STRING, tags_separator, "", OPTION_FREE,
           "Text between several tags in one value (red|blue)"),
    OPTION("available.values", STRING, available_values, AVAILABLE_TEXTS, OPTION_FREE,
           "Texts of map.available that mean yes, a,b,..., in any case; a number in quotes is read "
           "as a number"),
    OPTION("unavailable.values", STRING, unavailable_values, "", OPTION_FREE,
           "Texts of map.available that mean no; others are refused. Empty: false,no,n,f,off; with "
           "available.values of your own, any other text"),
    OPTION("action.default", STRING, action_fallback, "refuse", OPTION_FREE,
           "What an unlisted or missing action becomes: refuse, ignore, or KIND:WEIGHT"),
    OPTION("action.", PREFIX, actions, NULL, OPTION_FREE,
           "Meaning of an action's name: action.NAME=KIND:WEIGHT (action.buy=PURCHASE:5), ignore "
           "or refuse"),
    OPTION("weight.max", DOUBLE, weight_max, "1000", OPTION_RANGE(0, 1e9),
           "Largest weight of an event"),
    OPTION("weight.above", CHOICE, weight_above, "refuse", OPTION_ONE_OF("refuse|clamp"),
           "What to do with a larger one: refuse the record, or write weight.max"),
    OPTION("weight.negative", CHOICE, weight_negative, "refuse",
           OPTION_ONE_OF("refuse|ignore|clamp"),
           "What to do with a weight below 0, such as the quantity of a return: refuse the record, "
           "ignore the event, or write 0"),
    OPTION("time.earliest", LONG, time_earliest_ms, "631152000000",
           OPTION_RANGE(-62167219200000.0, 253402300799999.0),
           "Earliest valid time of an event, in ms since 1970"),
    OPTION("time.ahead.max", DURATION, time_ahead_max_ms, "1d", OPTION_RANGE(0, 3650 * 86400e3),
           "How far an event's time may be ahead of the Kafka timestamp of its record"),
    OPTION("id.bytes.max", BYTES, id_bytes_max, "256", OPTION_RANGE(1, ID_BYTES_MAX),
           "Longest user, item or event id, in bytes"),
    OPTION("partitions.align", CHOICE, partitions_align, "auto",
           OPTION_ONE_OF("auto|always|never"),
           "Read the partitions of the source side by side by event time, so that in a backlog a "
           "user's events of several partitions come nearly in order; auto: when some user's "
           "events come by several partitions"),
    OPTION("partitions.ahead.max", DURATION, partitions_ahead_max_ms, "1h",
           OPTION_RANGE(0, 36500 * 86400e3),
           "Event time by which one partition may be ahead of the slowest that has a backlog"),
    OPTION("partitions.wait.max", DURATION, partitions_wait_max_ms, "30s",
           OPTION_RANGE(0, 86400e3),
           "How long a partition waits for a slower one that does not move"),
    OPTION("pseudonym.keys", STRING, pseudonym_keys, "", OPTION_FREE,
           "File with keys: user ids are replaced by pseudonyms (HMAC-SHA256) before anything is "
           "stored; empty: they are not replaced"),
    OPTION("dead.letters.bytes", CHOICE, dead_letter_bytes, "auto", OPTION_ONE_OF("auto|keep|drop"),
           "Whether a dead letter holds the record's bytes and headers; auto: only without "
           "pseudonym.keys, because they may contain a user id"),
};
_Static_assert(ARRAY_COUNT(mapping_options) == MAPPING_OPTIONS_COUNT, "the header says how many");

bool mapping_drops_bytes(const struct mapping_settings *settings)
{
    if (settings->dead_letter_bytes != DEAD_LETTERS_AUTO) {
        return settings->dead_letter_bytes == DEAD_LETTERS_DROP;
    }
    return settings->pseudonym_keys[0] != '\0';
}

const char *mapping_path_key(enum mapped field)
{
    assert(field < MAPPED_COUNT);
    return path_keys[field];
}
