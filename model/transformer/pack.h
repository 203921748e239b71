/* A pack: sequences laid end to end as one run of tokens, without padding.
 *
 * Linear layers treat the tokens as one matrix; attention works sequence by sequence. The pack also
 * lists the tokens that predict an item, and the items that they should predict. The owner clears
 * and fills it again for every batch; it allocates memory only once.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_PACK_H
#define FRESHET_MODEL_TRANSFORMER_PACK_H

#include "base/base.h"

enum { PACK_MASK = -1 }; /* in place of an item that is to be predicted */

/* One user's actions, oldest first; borrowed. The weights say how much each action counts when it
 * is to be predicted, above 0; NULL: all 1. */
struct sequence {
    const int32_t *items;
    size_t count;
    const float *weights;
};

struct pack {
    size_t tokens_max;
    size_t tokens;
    size_t sequences;
    size_t *starts;     /* sequences + 1: the first token of each */
    int32_t *items;     /* a token's item, or PACK_MASK */
    int32_t *positions; /* counted from the sequence's start */
    size_t rows;
    int32_t *asked;  /* tokens whose hidden vectors predict an item */
    int32_t *wanted; /* the items that they should predict */
    float *weights;  /* how much each of these predictions counts */
};

/* Sums the weights of a sequence's last actions. */
double sequence_weight(const struct sequence *sequence, size_t last);

/* Makes room for tokens_max tokens. */
void pack_init(struct pack *pack, size_t tokens_max);
/* Frees the memory. */
void pack_release(struct pack *pack);
/* Empties the pack. */
void pack_clear(struct pack *pack);

/* Each of the following appends a sequence's last actions, as many as `length` tokens hold, and
 * returns false, changing nothing, if the pack has no room. The sequence is not empty. */

/* For learning the next item: every action but the last predicts its successor. A sequence of one
 * action adds nothing. */
bool pack_add_causal(struct pack *pack, const struct sequence *sequence, size_t length);
/* For learning masked items (Sun et al., "BERT4Rec", CIKM 2019): a share of the items is masked
 * and predicted, at least one. */
bool pack_add_masked(struct pack *pack, const struct sequence *sequence, size_t length, float share,
                     uint64_t key);
/* For prediction: the last action predicts the next item; if `masked`, an appended masked action
 * does. */
bool pack_add_history(struct pack *pack, const struct sequence *sequence, size_t length,
                      bool masked);

#endif
