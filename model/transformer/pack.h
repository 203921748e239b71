/* A pack: sequences laid end to end as one run of tokens, without padding.
 *
 * Linear layers treat the tokens as one matrix; attention works sequence by sequence. The pack also
 * lists the tokens that predict an item, and the items that they should predict. A token is an
 * item, or a search, which predicts and is not predicted. The owner clears and fills it again for
 * every batch; it allocates memory only once.
 */
#ifndef FRESHET_MODEL_TRANSFORMER_PACK_H
#define FRESHET_MODEL_TRANSFORMER_PACK_H

#include "base/base.h"

enum {
    PACK_MASK = -1,   /* in place of an item that is to be predicted */
    PACK_SEARCH = -2, /* the first search; the next one is -3, and so on */
};

/* Returns what stands for a search in a sequence, by its number from 0; and back. */
static inline int32_t pack_of_search(size_t search)
{
    return PACK_SEARCH - (int32_t)search;
}

static inline size_t pack_search(int32_t token)
{
    return (size_t)(PACK_SEARCH - token);
}

/* One user's actions, oldest first; borrowed. The weights say how much each action counts when it
 * is to be predicted, above 0; NULL: all 1. Those of searches do not count. */
struct sequence {
    const int32_t *items; /* or pack_of_search() */
    size_t count;
    const float *weights;
};

struct pack {
    size_t tokens_max;
    size_t tokens;
    size_t sequences;
    size_t *starts;     /* sequences + 1: the first token of each */
    int32_t *items;     /* a token's item, PACK_MASK or pack_of_search() */
    int32_t *positions; /* counted from the sequence's start */
    size_t rows;
    int32_t *asked;  /* tokens whose hidden vectors predict an item */
    int32_t *wanted; /* the items that they should predict */
    float *weights;  /* how much each of these predictions counts */
};

/* Returns how many tokens pack_add_causal() appends; and the sum of the weights of their
 * predictions. */
size_t sequence_causal_tokens(const struct sequence *sequence, size_t length);
double sequence_causal_weight(const struct sequence *sequence, size_t length);
/* The same for pack_add_masked(), as if all items were masked. */
size_t sequence_masked_tokens(const struct sequence *sequence, size_t length);
double sequence_masked_weight(const struct sequence *sequence, size_t length);

/* Makes room for tokens_max tokens. */
void pack_init(struct pack *pack, size_t tokens_max);
/* Frees the memory. */
void pack_release(struct pack *pack);
/* Empties the pack. */
void pack_clear(struct pack *pack);

/* Each of the following appends a sequence's last actions, as many as `length` tokens hold, and
 * returns false, changing nothing, if the pack has no room. The sequence is not empty. */

/* For learning the next item: every action and search predicts the next action. What comes after
 * the last action is left out; a sequence of one action adds nothing. */
bool pack_add_causal(struct pack *pack, const struct sequence *sequence, size_t length);
/* For learning masked items (Sun et al., "BERT4Rec", CIKM 2019): a share of the items is masked
 * and predicted, at least one. Searches alone add nothing. */
bool pack_add_masked(struct pack *pack, const struct sequence *sequence, size_t length, float share,
                     uint64_t key);
/* For prediction: the last action predicts the next item; if `masked`, an appended masked action
 * does. */
bool pack_add_history(struct pack *pack, const struct sequence *sequence, size_t length,
                      bool masked);

#endif
