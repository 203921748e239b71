/* Scaled dot-product self-attention of one sequence, with several heads.
 *
 * Vaswani et al., "Attention is all you need", arXiv 1706.03762, section 3.2; causal as in SASRec
 * (Kang and McAuley, arXiv 1808.09781). Of n positions and width d, head h has the columns
 * h d/heads ... (h + 1) d/heads - 1 of all matrices:
 *
 *   P = softmax(Q K^T / sqrt(d / heads)),   row i over columns 0..i if causal, else over all
 *   out = dropout(P) V
 *
 * Rows are computed in blocks, so that a causal sequence costs little more than its triangle.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_ATTENTION_H
#define FRESHET_MODEL_TRANSFORMER_ATTENTION_H

#include "base/base.h"

enum { ATTENTION_BLOCK = 64 }; /* rows at a time */

struct attention {
    size_t d; /* a multiple of heads */
    size_t heads;
    bool causal;
    float dropout; /* rate for P; 0 when not training */
    uint64_t key;  /* of the dropout: the same in both passes */
};

/* Returns how many numbers of P are kept for n positions. */
static inline size_t attention_kept(const struct attention *attention, size_t n)
{
    return attention->heads * n * n;
}

/* Returns how many numbers of scratch memory n positions take. */
static inline size_t attention_scratch(size_t n)
{
    return 2 * ATTENTION_BLOCK * n;
}

/* Computes out (n x d) from queries q (n x d) and kv (n x 2d: a key, then a value). Keeps P for
 * attention_back(). */
void attention(const struct attention *attention, size_t n, const float *q, const float *kv,
               float *out, float *kept, float *scratch);
/* Computes the means of the inputs x (n x d) that positions attend to, weighted by the softmax of
 * their products with what each asks (n x d), divided by sqrt(d): out (n x d). One head, without
 * dropout. */
void attention_fused(const struct attention *attention, size_t n, const float *asked,
                     const float *x, float *out, float *scratch);
/* Computes the mean of the inputs x (n x d) that the last position attends to, weighted by the
 * softmax of their products with what it asks (d): out (d). Of inputs x, keys x K and values x V, a
 * query q asks for K q / sqrt(d / heads), and its output is this mean times V. */
void attention_last(size_t n, size_t d, const float *x, const float *asked, float *out,
                    float *scratch);
/* Writes the gradients dq (n x d) and dkv (n x 2d), given dout and the inputs and results of
 * attention(). */
void attention_back(const struct attention *attention, size_t n, const float *q, const float *kv,
                    const float *out, const float *kept, const float *dout, float *dq, float *dkv,
                    float *scratch);

#endif
