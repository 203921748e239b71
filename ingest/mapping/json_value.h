/* Converts one JSON value to the type of a field. If the value is absent, of the wrong type or
 * unreadable, the state says so, ret_ is unchanged, and the rules decide.
 *
 * Texts are copied into the arena, because they outlive the document.
 */
#ifndef FRESHET_INGEST_MAPPING_JSON_VALUE_H
#define FRESHET_INGEST_MAPPING_JSON_VALUE_H

#include "base/arena.h"
#include "ingest/mapping/rules.h"
#include "ingest/mapping/path_format.h"

#include <jansson.h>

/* Says whether a value stands for none: a text of the list (a,b,...), a number, boolean, empty
 * object or empty array that is written so, or what Debezium puts in the place of a column that it
 * was not sent. texts_only: numbers and booleans do not count. */
bool json_value_is_listed(json_t *value, const char *list, bool texts_only);
/* Says whether a value is a text of blanks, or an empty one. */
bool json_value_is_blank(const json_t *value);
/* Reads a text; or a number as its digits, if it is whole. A wrapped value (wrapped_value.h) is
 * read as what is inside. A format of decimals reads a text as such. trims: without the blanks
 * around it. */
enum value_state json_value_text(json_t *value, const struct path_format *format, bool trims,
                                 struct arena *arena, struct slice *ret_text);
/* Reads a number; as_text: also one in quotes. "NaN" and "Infinity", which some writers use because
 * JSON has no such numbers, are read as such. */
enum value_state json_value_number(json_t *value, const struct path_format *format, bool as_text,
                                   double *ret_number);
/* Reads an integer; as_text: also one in quotes. */
enum value_state json_value_integer(json_t *value, bool as_text, int64_t *ret_integer);
/* Reads a time of the first of these formats in which it can be read. Times that say themselves how
 * they are written (wrapped_value.h) are read in any. */
enum value_state json_value_time(json_t *value, const struct time_layouts *layouts, bool as_text,
                                 int64_t *ret_ms);

/* Texts that mean yes and no, a,b,... in any case. `no` NULL: any other text. */
struct flag_texts {
    const char *yes;
    const char *no;
};

/* Reads yes or no: true or false, a number (above 0), also in quotes, or a text; with a format a
 * text is a decimal. */
enum value_state json_value_flag(json_t *value, const struct path_format *format,
                                 const struct flag_texts *texts, bool *ret_flag);
/* Reads a year: an integer, or a text that begins with four digits. */
enum value_state json_value_year(json_t *value, int32_t *ret_year);
/* Reads an array of numbers; of more than max elements only max + 1, so that a rule sees it. */
enum value_state json_value_floats(json_t *value, size_t max, struct arena *arena,
                                   struct floats *ret_floats);
/* Reads an object of arrays of numbers, as columns: their names, widths, and all numbers end to
 * end; of more than most_each in one, or most of them, only one more, so that a rule sees it. */
enum value_state json_value_named_floats(json_t *value, size_t most, size_t most_each,
                                         struct arena *arena, struct slices *ret_names,
                                         struct ints *ret_widths, struct floats *ret_numbers);

#endif
