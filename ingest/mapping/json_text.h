/* Parses a JSON text from outside into a jansson document, or reports its fault.
 *
 * Before the parser runs, one pass limits its work: nesting depth, number of values (each costs the
 * parser up to some hundred bytes of memory) and UTF-8. Duplicate keys are refused, because either
 * value could be the intended one. NUL characters inside strings are kept; a rule checks them.
 */
#ifndef FRESHET_INGEST_MAPPING_JSON_TEXT_H
#define FRESHET_INGEST_MAPPING_JSON_TEXT_H

#include "base/slice.h"

#include <jansson.h>

enum {
    JSON_DEPTH_MAX = 64,
    JSON_VALUES_MAX = 10000,
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

/* Parses the text. JSON_FINE: ret_document is set; the caller frees it with json_decref(). Else
 * `where` gets the parser's message and the byte offset (never a piece of the text). */
enum json_fault json_text_parse(struct slice text, json_t **ret_document, char *where,
                                size_t where_size);
/* Parses a text that looks like a JSON object or array (`{...}`, `[...]`); NULL when it does not.
 * The result is new; null when it cannot be parsed. */
json_t *json_text_within(const json_t *text);

#endif
