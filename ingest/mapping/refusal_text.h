/* What a refusal says beyond the rule: the value that was found, or the path that fits. */
#ifndef FRESHET_INGEST_MAPPING_REFUSAL_TEXT_H
#define FRESHET_INGEST_MAPPING_REFUSAL_TEXT_H

#include "ingest/mapping/field_choice.h"

/* Appends "; found ..." for a value (NULL: there was none), or "; did you mean ...?" when a path
 * like the first one of the choice finds something in the document (may be NULL). told: the
 * record's own values and keys may be told. */
void refusal_text(const struct field_choice *choice, json_t *document, json_t *value, bool told,
                  struct buf *out);

#endif
