/* Characters as BERT's uncased tokenizer sees them: lower case, without accents, controls dropped.
 *
 * The tables agree with the Python original on every code point. A mark that changes the canonical
 * order of two others makes no difference here, because marks are dropped.
 */
#ifndef FRESHET_EMBED_TEXT_CHARACTERS_H
#define FRESHET_EMBED_TEXT_CHARACTERS_H

#include "base/base.h"
#include "base/slice.h"

enum { CHARACTER_BECOMES_MAX = 3, CHARACTER_BYTES_MAX = 4, CHARACTER_INVALID = 0xFFFD };

/* Reads the character at a position below text.size and returns its bytes; bytes that are not UTF-8
 * are CHARACTER_INVALID, one by one. */
size_t character_read(struct slice text, size_t at, uint32_t *ret_code);
/* Writes a character as UTF-8; returns its bytes. */
size_t character_write(uint32_t code, char to[CHARACTER_BYTES_MAX]);
/* Returns how many characters one becomes, and which: none when it is dropped, ' ' for every
 * blank. */
size_t character_become(uint32_t code, uint32_t to[CHARACTER_BECOMES_MAX]);
/* Says whether a character is a word of its own: a Han character, as it was read. */
bool character_is_han(uint32_t code);
/* Says the same of punctuation, as it was made. */
bool character_is_punctuation(uint32_t code);

#endif
