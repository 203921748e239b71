/* Converts one JSON value to the type of a field. If the value is absent, of the wrong type or
 * unreadable, the state says so, ret_ is unchanged, and the rules decide.
 *
 * Texts are copied into the arena, because they outlive the document.
 */
#ifndef FRESHET_INGEST_MAPPING_JSON_VALUE_H
#define FRESHET_INGEST_MAPPING_JSON_VALUE_H

#include "base/arena.h"
#include "ingest/mapping/rules.h"
#include "ingest/mapping/timestamp.h"

#include <jansson.h>

/* Says whether a value is one of these texts (a,b,...). */
bool json_value_is_listed(json_t *value, const char *texts);
/* Reads a text, or an integer as its digits. */
enum value_state json_value_text(json_t *value, struct arena *arena, struct slice *ret_text);
/* Reads a number; as_text: also one in quotes. "NaN" and "Infinity", which some writers use because
 * JSON has no such numbers, are read as such. */
enum value_state json_value_number(json_t *value, bool as_text, double *ret_number);
/* Reads an integer; as_text: also one in quotes. */
enum value_state json_value_integer(json_t *value, bool as_text, int64_t *ret_integer);
/* Reads a time of that format. */
enum value_state json_value_time(json_t *value, enum time_format format, bool as_text,
                                 int64_t *ret_ms);
/* Reads yes or no: true or false, a number (above 0), or a text (one of yes_texts, a,b,...). */
enum value_state json_value_flag(json_t *value, const char *yes_texts, bool *ret_flag);
/* Reads a year: an integer, or a text that begins with four digits. */
enum value_state json_value_year(json_t *value, int32_t *ret_year);
/* Reads an array of numbers; of more than max elements only max + 1, so that a rule sees it. */
enum value_state json_value_floats(json_t *value, size_t max, struct arena *arena,
                                   struct floats *ret_floats);

#endif
