/* What a refusal says beyond the rule: the value that was found, or the path that fits. */
#ifndef FRESHET_INGEST_MAPPING_REFUSAL_TEXT_H
#define FRESHET_INGEST_MAPPING_REFUSAL_TEXT_H

#include "ingest/mapping/field_choice.h"
#include "syntax/timestamp.h"

/* Appends "; found ..." for a value (NULL: there was none), or "; did you mean ...?" when a path
 * like the first one of the choice finds something in the document (may be NULL). told: the
 * record's own values and keys may be told. */
void refusal_text(const struct field_choice *choice, json_t *document, json_t *value, bool told,
                  struct buf *out);

/* Appends "; did you mean time.format=...?" for a number that is a time of this century in another
 * unit than the configured one. */
void refusal_time_unit(json_t *value, enum time_format format, struct buf *out);

#endif
