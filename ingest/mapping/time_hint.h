/* What a wrong time.format was probably meant to be. */
#ifndef FRESHET_INGEST_MAPPING_TIME_HINT_H
#define FRESHET_INGEST_MAPPING_TIME_HINT_H

#include "base/buf.h"

/* Appends "; did you mean ...?": a name in other words (iso, millis, unix), or a pattern of Java's
 * (yyyy-MM-dd HH:mm:ss) as it is written here. Nothing when neither fits. */
void time_hint(const char *text, struct buf *out);

#endif
