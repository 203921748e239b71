/* The documents of one record: the JSON values that its texts hold.
 *
 * A text that holds a JSON text in quotes (encoded twice) is read as what is inside. An array is
 * several documents, unless the mapping's paths lead into the array themselves.
 */
#ifndef FRESHET_INGEST_MAPPING_DOCUMENTS_H
#define FRESHET_INGEST_MAPPING_DOCUMENTS_H

#include "syntax/json_text.h"

enum { DOCUMENTS_ENCODINGS_MAX = 4 }; /* times that one text may stand in another */

struct documents {
    const struct json_rules *rules; /* borrowed */
    struct slices texts;
    bool whole_arrays;
    size_t text;     /* index of the next one */
    json_t *root;    /* of the text read last; owned */
    size_t element;  /* index of the next one, where the root is an array */
    bool many;       /* the record holds more than one document */
};

/* Begins with the first text. whole_arrays: an array is one document. The texts and
 * rules are borrowed. Free with documents_release(). */
void documents_init(struct documents *documents, const struct json_rules *rules,
                    struct slices texts, bool whole_arrays);
/* Frees the document read last. */
void documents_release(struct documents *documents);
/* Reads the next document, borrowed until the next call; NULL: there is none. Else as
 * json_text_parse(). */
enum json_fault documents_next(struct documents *documents, json_t **ret_document, char *where,
                               size_t where_size);

#endif
