/* Word pieces: a text as numbers of a vocabulary, as BERT's uncased tokenizer makes them.
 *
 * Blanks and punctuation divide a text into words; a Han character is a word of its own. A word is
 * divided into the longest pieces that the vocabulary has, from the left; pieces behind the first
 * begin with ##. A word that cannot be divided, or of more than 100 characters, is [UNK]. A name of
 * a special piece in the text, such as [SEP], is that piece, as in the original.
 *
 * The vocabulary is BERT's vocab.txt: a piece a line. One thread at a time.
 */
#ifndef FRESHET_EMBED_TEXT_WORD_PIECES_H
#define FRESHET_EMBED_TEXT_WORD_PIECES_H

#include "base/base.h"
#include "base/reason.h"
#include "base/slice.h"

enum { WORD_CHARACTERS_MAX = 100, PIECES_COUNT_MAX = 1 << 20, PIECE_BYTES_MAX = 1024 };

struct word_pieces;

/* Reads a vocabulary, whose text is copied; 0, or -1 with the reason. Free with
 * word_pieces_free(). */
int word_pieces_new(struct slice vocabulary, struct word_pieces **ret_pieces,
                    struct reason *reason);
/* Frees it; takes NULL; returns NULL. */
struct word_pieces *word_pieces_free(struct word_pieces *pieces);
/* Returns how many pieces the vocabulary has. */
size_t word_pieces_count(const struct word_pieces *pieces);
/* Writes the numbers of a text's pieces, [CLS] before and [SEP] behind them, at most `max` (at
 * least 2) in all; returns how many. */
size_t word_pieces_of(const struct word_pieces *pieces, struct slice text, int32_t *ret_numbers,
                      size_t max);

#endif
