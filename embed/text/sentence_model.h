/* Sentence model: a directory with config.json, vocab.txt and model.safetensors, as BERT's
 * sentence encoders are published, and what it makes of texts.
 *
 * One thread at a time.
 */
#ifndef FRESHET_EMBED_TEXT_SENTENCE_MODEL_H
#define FRESHET_EMBED_TEXT_SENTENCE_MODEL_H

#include "base/base.h"
#include "base/reason.h"
#include "base/slice.h"

enum { SENTENCE_PIECES_MAX = 512, SENTENCE_VERSION_BYTES = 17 };

struct sentence_model;

/* Reads a model; of a text, the first pieces_max (3 to SENTENCE_PIECES_MAX) pieces are used. 0, or
 * -1 with the reason. Free with sentence_model_free(). */
int sentence_model_open(const char *directory, size_t pieces_max,
                        struct sentence_model **ret_model, struct reason *reason);
/* Frees it; takes NULL; returns NULL. */
struct sentence_model *sentence_model_free(struct sentence_model *model);
/* Returns how many numbers a vector has. */
size_t sentence_model_numbers(const struct sentence_model *model);
/* Returns a name that differs between models that make different vectors: 16 hex digits. */
const char *sentence_model_version(const struct sentence_model *model);
/* Computes the vectors of texts, each of length 1: count x numbers. */
void sentence_model_run(struct sentence_model *model, const struct slice *texts, size_t count,
                        float *ret_vectors);
/* Writes a text's pieces, at most max (2 to pieces_max of the model); returns how many. */
size_t sentence_model_pieces(const struct sentence_model *model, struct slice text,
                             int32_t *ret_pieces, size_t max);

#endif
