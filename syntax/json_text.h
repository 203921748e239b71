/* Parses a JSON text from outside into a jansson document, or reports its fault.
 *
 * The parser is our own, because a foreign one refuses a whole record for what a source's mapping
 * never looks at: half of a surrogate pair in a title, a key that is there twice, NaN, a number of
 * 20 digits. Here such a value becomes a *flaw*: a value of its own that counts as JSON's null for
 * jansson. A path that leads to a flaw refuses the record; elsewhere it does no harm. With `strict`
 * every flaw refuses the record, as RFC 8259 and RFC 7493 ask for.
 *
 * Integers beyond 64 bits become texts of their digits, so that they can be ids. A number whose
 * fraction is all zeros (12583.0) becomes an integer. The work is bounded: nesting and the number
 * of values (each costs up to some hundred bytes of memory). NUL characters inside strings are
 * kept; a rule checks them.
 */
#ifndef FRESHET_SYNTAX_JSON_TEXT_H
#define FRESHET_SYNTAX_JSON_TEXT_H

#include "base/slice.h"

#include <jansson.h>

enum {
    JSON_DEPTH_MAX = 64,
    JSON_VALUES_MAX = 10000, /* by default */
};

enum json_fault {
    JSON_FINE,
    JSON_NOT_UTF8,
    JSON_TOO_DEEP,
    JSON_TOO_MANY_VALUES,
    JSON_DUPLICATE_KEY,
    JSON_NUMBER_TOO_LARGE,
    JSON_BAD_SYNTAX,
};

/* What is wrong with a value that only a path may not lead to. */
enum json_flaw {
    FLAW_NONE,
    FLAW_TWICE,      /* the key is there twice, with different values */
    FLAW_SURROGATE,  /* a string with half of a surrogate pair */
    FLAW_RANGE,      /* a number that no double holds */
    FLAW_NOT_FINITE, /* NaN, Infinity, -Infinity */
    FLAWS_COUNT,
};

struct json_rules {
    size_t values_max; /* objects and arrays that are empty count twice */
    bool strict;       /* a flaw refuses the text */
};

/* Parses the text. JSON_FINE: ret_document is set; the caller frees it with json_decref(). Else
 * `where` gets the byte offset and a message (never a piece of the text). */
enum json_fault json_text_parse(struct slice text, const struct json_rules *rules,
                                json_t **ret_document, char *where, size_t where_size);
/* Returns what is wrong with a value; NULL has no flaw. */
enum json_flaw json_flaw_of(const json_t *value);
/* Returns the value that stands for a flaw; it need not be freed. */
json_t *json_flawed(enum json_flaw flaw);
/* Names a flaw, for a message. */
const char *json_flaw_text(enum json_flaw flaw);
/* What came of reading a value. */
enum value_state {
    VALUE_ABSENT,
    VALUE_FOUND,
    VALUE_WRONG_TYPE,
    VALUE_UNREADABLE, /* of the right type, but it cannot be read */
    VALUE_FLAWED,     /* see json_flaw_of() */
};

/* Parses a text that looks like a JSON object or array (`{...}`, `[...]`); NULL when it does not.
 * The result is new; null when it cannot be parsed. */
json_t *json_text_within(const json_t *text);
/* The same for a text that holds it in Base64. */
json_t *json_text_within_base64(const json_t *text);

#endif
