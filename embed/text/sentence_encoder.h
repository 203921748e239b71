/* Sentence encoder: BERT's forward pass, from word pieces to one vector a text.
 *
 *   x = LN(E[piece] + P[position] + S[0]);   in each layer
 *   x = LN(x + attention(x) Wo + bo);   x = LN(x + gelu(x W1 + b1) W2 + b2);
 *   vector = the mean of x over the text's pieces, divided by its length
 *
 * (Devlin et al. 2019; Reimers and Gurevych 2019.) Texts are computed some hundred pieces at a
 * time. A text has the same vector, bit for bit, whatever it is computed with: products have a
 * number of rows that OpenBLAS takes in whole tiles, and a text begins where its kernels begin
 * anew, so a row is summed in the same order wherever it stands.
 *
 * One thread at a time.
 */
#ifndef FRESHET_EMBED_TEXT_SENTENCE_ENCODER_H
#define FRESHET_EMBED_TEXT_SENTENCE_ENCODER_H

#include "embed/text/safetensors.h"

enum {
    SENTENCE_LAYERS_MAX = 48,
    SENTENCE_NUMBERS_MAX = 4096,   /* of a vector */
    SENTENCE_INNER_MAX = 16384,
    SENTENCE_POSITIONS_MAX = 8192,
};

struct sentence_shape {
    size_t layers, heads;
    size_t numbers; /* of a vector */
    size_t inner;   /* of the forward layers */
    size_t positions;
    size_t pieces; /* of the vocabulary */
    float epsilon; /* of the norms */
};

/* The pieces of a text. */
struct sentence {
    const int32_t *pieces; /* each below shape.pieces */
    size_t count;          /* 1 to shape.positions */
};

struct sentence_encoder;

/* Makes an encoder of a model's tensors, which are borrowed; 0, or -1 with the reason. Free with
 * sentence_encoder_free(). */
int sentence_encoder_new(const struct safetensors *tensors, const struct sentence_shape *shape,
                         struct sentence_encoder **ret_encoder, struct reason *reason);
/* Frees it; takes NULL; returns NULL. */
struct sentence_encoder *sentence_encoder_free(struct sentence_encoder *encoder);
/* Computes the vectors of `count` sentences: count x shape.numbers. */
void sentence_encoder_run(struct sentence_encoder *encoder, const struct sentence *sentences,
                          size_t count, float *ret_vectors);

#endif
