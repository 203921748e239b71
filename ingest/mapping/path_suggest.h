/* The path that fits a document, where a configured one finds nothing in it. */
#ifndef FRESHET_INGEST_MAPPING_PATH_SUGGEST_H
#define FRESHET_INGEST_MAPPING_PATH_SUGGEST_H

#include "base/buf.h"

#include <jansson.h>

/* Appends a path like this one that finds a value in the document: with a [*] where an array is, a
 * key spelt as the document has it, or the object in which the path's last key is. Nothing is
 * appended when there is none, or when the path itself finds a value. `names`: keys of the document
 * may be told; otherwise only a [*] is added. The work is bounded, whatever the document is. */
void path_suggest(const char *path, json_t *document, bool names, struct buf *out);

#endif
