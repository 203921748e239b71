/* The circumstances that a list names as a reason (CONTEXT: day=evening, device=mobile), in words
 * for people: in the evening, on mobile. */
#ifndef FRESHET_SCHEMAS_CONTEXT_WORDS_H
#define FRESHET_SCHEMAS_CONTEXT_WORDS_H

#include "base/slice.h"

enum { CONTEXT_WORDS_BYTES = 160 };

/* Writes the words, in English or Chinese; what is none of ours stays as it is. Returns `into`. */
const char *context_words(struct slice because, bool chinese,
                          char into[static CONTEXT_WORDS_BYTES]);

#endif
