/* Text words: the words of a text as BERT's uncased tokenizer sees them before it cuts them into
 * pieces: lower case, without accents; blanks and punctuation divide them, and a Han character is a
 * word of its own. Pure.
 */
#ifndef FRESHET_EMBED_TEXT_TEXT_WORDS_H
#define FRESHET_EMBED_TEXT_TEXT_WORDS_H

#include "base/base.h"
#include "base/slice.h"

enum { TEXT_WORD_BYTES_MAX = 64 };

/* Gives each word of a text, in its order, borrowed for the call; a longer word counts by its first
 * TEXT_WORD_BYTES_MAX bytes, up to a whole character. */
void text_words_each(struct slice text, void (*take)(void *arg, struct slice word), void *arg);

#endif
