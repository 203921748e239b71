/* The options of a mapping: the table that ingest and `freshet map` share.
 *
 * The keys hold for every source; `source.NAME.KEY` overrides one for a source that `sources`
 * names (ingest/mapping/sources.h).
 */
#ifndef FRESHET_INGEST_MAPPING_MAPPING_SETTINGS_H
#define FRESHET_INGEST_MAPPING_MAPPING_SETTINGS_H

#include "ingest/mapping/rules.h"
#include "ingest/payload/payload.h"
#include "stream/config/options.h"

/* Order of the choices of the option `dead.letters.bytes`. */
enum dead_letter_bytes { DEAD_LETTERS_AUTO, DEAD_LETTERS_KEEP, DEAD_LETTERS_DROP };

/* The value of `created.format` that means `time.format`. */
#define TIME_FORMAT_SAME "time.format"

/* Values of `available.values` and `unavailable.values` by default. */
#define AVAILABLE_TEXTS "true,yes,y,t,on"
#define UNAVAILABLE_TEXTS "false,no,n,f,off"

/* Orders of the choices of the options of these names. */
enum elements_without_id { WITHOUT_ID_SKIP, WITHOUT_ID_REFUSE };
enum weight_negative { NEGATIVE_REFUSE, NEGATIVE_IGNORE, NEGATIVE_CLAMP };
enum weight_above { ABOVE_REFUSE, ABOVE_CLAMP };
enum align { ALIGN_AUTO, ALIGN_ALWAYS, ALIGN_NEVER };
enum tombstones {
    TOMBSTONES_AUTO, /* delete, of events refuse, or ignore when kind.default=ignore */
    TOMBSTONES_DELETE,
    TOMBSTONES_IGNORE,
    TOMBSTONES_REFUSE,
    TOMBSTONES_FORGET,
};

/* What the table mapping_options fills. */
struct mapping_settings {
    int32_t source_format;  /* enum payload_format */
    int32_t source_frame;   /* enum frame_style */
    const char *source_schema;
    const char *source_message;
    const char *source_columns;
    const char *source_separator;
    int32_t key_format;     /* enum key_format */
    int32_t target;         /* enum target */
    const char *time_format;    /* time_layouts_parse() */
    const char *created_format; /* the same, or TIME_FORMAT_SAME */
    bool numbers_as_text;
    bool trims;
    int32_t elements_without_id; /* enum elements_without_id */
    int32_t weight_negative;     /* enum weight_negative */
    int32_t weight_above;        /* enum weight_above */
    int32_t tombstones;          /* enum tombstones */
    bool ids_shared;
    const char *absent_values;
    int64_t record_bytes_max;
    int64_t elements_max;
    int64_t values_max;
    bool json_strict;
    const char *paths[MAPPED_COUNT];
    const char *tags_separator;
    const char *category_separator;
    const char *time_zone; /* of events that name none; empty: it is not known */
    const char *available_values;
    const char *unavailable_values; /* empty: see the option */
    struct properties kinds;
    const char *kind_fallback;
    struct properties actions;
    const char *action_fallback;
    double weight_max;
    int64_t time_earliest_ms;
    int64_t time_ahead_max_ms;
    int64_t id_bytes_max;
    int32_t partitions_align; /* enum align */
    int64_t partitions_ahead_max_ms;
    int64_t partitions_wait_max_ms;
    const char *source_names;   /* `sources` */
    struct properties named;    /* `source.` */
    const char *pseudonym_keys; /* a file; empty: none */
    int32_t dead_letter_bytes;  /* enum dead_letter_bytes */
};

enum { MAPPING_OPTIONS_COUNT = 82 };
extern const struct option mapping_options[];

/* Says whether dead letters do not keep a record's bytes, because they may name a user. */
bool mapping_drops_bytes(const struct mapping_settings *settings);
/* Returns the option of a path ("map.user"). */
const char *mapping_path_key(enum mapped field);

#endif
