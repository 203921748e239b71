/* Mixture: which of several models, or what sum of them, ranks a user's candidates; learned online.
 *
 * Members score a few candidates each (their first ten and more), as z-scores over all items; the
 * mixture's score is the sum of weight times z-score. Test, then train: when the user's next action
 * is known, weights follow the gradient of the log-likelihood of its item among the candidates,
 * with the softmax of the mixture's scores as probability:
 *
 *   w += rate / sqrt(sum of squared gradients) * (z_target - mean of z under the softmax)
 *
 * (multinomial logit; steps by AdaGrad: Duchi, Hazan, Singer, JMLR 12, 2011; but with sums that
 * forget, as members change with each generation), and stay at least 0.
 *
 * Who answers is decided by paired tests. Of each answered question every contender (the members,
 * then the mixture) has the objective HR@10 + NDCG@10; sums of differences and their squares are
 * kept for each pair, a little less of them with each question. A contender takes the lead when it
 * is ahead of the leader by MIXTURE_SIGMAS standard deviations. The first member leads at the
 * start, so that nothing answers before it has proved itself, and what is worse beyond noise is
 * replaced. All this apart for each segment: how much is known of the user.
 *
 * Plain data; no memory of its own.
 */
#ifndef FRESHET_MODEL_MIXTURE_H
#define FRESHET_MODEL_MIXTURE_H

#include "base/base.h"

enum {
    MIXTURE_MEMBERS = 3,
    MIXTURE_CONTENDERS = MIXTURE_MEMBERS + 1,
    MIXTURE_SEGMENTS = 3,
    MIXTURE_CANDIDATES_MAX = 512,
};

#define MIXTURE_SIGMAS 2.0

/* How much is known of a user. */
enum mixture_segment {
    SEGMENT_NEW,   /* at most two actions */
    SEGMENT_SHORT, /* fewer than twenty */
    SEGMENT_LONG,
};

struct mixture_part {
    float weights[MIXTURE_MEMBERS];
    float squares[MIXTURE_MEMBERS];
    /* [a][b]: objective of a less that of b. */
    double ahead[MIXTURE_CONTENDERS][MIXTURE_CONTENDERS];
    double spread[MIXTURE_CONTENDERS][MIXTURE_CONTENDERS];
    double hits[MIXTURE_CONTENDERS]; /* running HR@10, and how many questions it is of */
    double asked;
    int leader;
};

struct mixture {
    struct mixture_part parts[MIXTURE_SEGMENTS];
};

/* A question's candidates: z[m][k] is member m's z-score of the candidate k. A member that said
 * nothing has 0 everywhere. */
struct mixture_candidates {
    size_t count;
    float z[MIXTURE_MEMBERS][MIXTURE_CANDIDATES_MAX];
};

/* Prepares a mixture that has learned nothing. */
void mixture_init(struct mixture *mixture);
/* Says to which segment a user belongs who has had so many actions. */
enum mixture_segment mixture_segment(int64_t actions);
/* Tells who answers: a member, or MIXTURE_MEMBERS: the mixture. */
int mixture_leader(const struct mixture *mixture, enum mixture_segment segment);
/* Scores the candidates as a contender does. */
void mixture_score(const struct mixture *mixture, enum mixture_segment segment, int contender,
                   const struct mixture_candidates *candidates, float *ret_scores);
/* Learns that the candidate at `target` came next; below 0: none of them did. */
void mixture_learn(struct mixture *mixture, enum mixture_segment segment,
                   const struct mixture_candidates *candidates, int target);

/* The mixture as a column of numbers, and back; false: they are not one. */
enum {
    MIXTURE_NUMBERS = MIXTURE_SEGMENTS * (2 * MIXTURE_MEMBERS +
                                          2 * MIXTURE_CONTENDERS * MIXTURE_CONTENDERS +
                                          MIXTURE_CONTENDERS + 2),
};
void mixture_save(const struct mixture *mixture, float *ret_numbers);
bool mixture_load(struct mixture *mixture, const float *numbers, size_t count);

#endif
