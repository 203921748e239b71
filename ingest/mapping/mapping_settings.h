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

/* Choice of `created.format`, before those of `time.format`. */
enum { CREATED_AS_TIME };

/* What the table mapping_options fills. */
struct mapping_settings {
    int32_t source_format;  /* enum payload_format */
    int32_t source_frame;   /* enum frame_style */
    const char *source_schema;
    const char *source_message;
    const char *source_columns;
    const char *source_separator;
    int32_t target;         /* enum target */
    int32_t time_format;    /* enum time_format */
    int32_t created_format; /* CREATED_AS_TIME, or 1 + enum time_format */
    bool numbers_as_text;
    const char *absent_values;
    int64_t record_bytes_max;
    int64_t elements_max;
    int64_t values_max;
    bool json_strict;
    const char *paths[MAPPED_COUNT];
    const char *tags_separator;
    const char *available_values;
    struct properties kinds;
    const char *kind_fallback;
    struct properties actions;
    const char *action_fallback;
    double weight_max;
    int64_t time_earliest_ms;
    int64_t time_ahead_max_ms;
    int64_t id_bytes_max;
    const char *source_names;   /* `sources` */
    struct properties named;    /* `source.` */
    const char *pseudonym_keys; /* a file; empty: none */
    int32_t dead_letter_bytes;  /* enum dead_letter_bytes */
};

enum { MAPPING_OPTIONS_COUNT = 45 };
extern const struct option mapping_options[];

/* Returns the option of a path ("map.user"). */
const char *mapping_path_key(enum mapped field);

#endif
