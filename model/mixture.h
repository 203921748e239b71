/* Mixture: learns online how to combine several models (members), and which of them, or their
 * combination, makes the lists.
 *
 * Each member gives a few candidates (its first ten and more) z-scores over all items; the
 * mixture's score is the sum of weight times z-score. Beside the members, the aspects of content
 * (tags, price, text, ...; content_aspects.h) have z-scores of the candidates and weights, but no
 * candidates of their own; members and aspects are the mixture's inputs. Test, then train: when the
 * user's next action is known, the weights follow the gradient of the log-likelihood of its item
 * among the candidates, with the softmax of the mixture's scores as probability:
 *
 *   w += rate / sqrt(sum of squared gradients) * (z_target - mean of z under the softmax)
 *
 * (multinomial logit; AdaGrad steps: Duchi, Hazan, Singer, JMLR 12, 2011; but the sums of squares
 * decay, because the members change with each model version). Weights stay at least 0.
 *
 * Paired tests choose the leader, which makes the lists, among the contenders: the members, then
 * the mixture. On each training example a contender has the objective HR@10 + NDCG@10; for each
 * pair of contenders, decaying sums of the differences and of their squares are kept. A contender
 * becomes the leader when it is better than the leader by MIXTURE_SIGMAS standard deviations. The
 * first member leads at the start: another one must first show that it is better.
 *
 * Each segment of users (by number of actions) has its own weights and tests. Plain data; no memory
 * of its own.
 *
 * Beside that, the same paired test says whether a user's newest search makes lists better: it
 * counts until lists without it have been better by one standard deviation: what is of no use goes
 * soon, and what is of much use never comes near to that.
 */
#ifndef FRESHET_MODEL_MIXTURE_H
#define FRESHET_MODEL_MIXTURE_H

#include "base/base.h"

enum {
    MIXTURE_MEMBERS = 4,
    MIXTURE_CONTENDERS = MIXTURE_MEMBERS + 1,
    MIXTURE_ASPECTS = 12,
    MIXTURE_INPUTS = MIXTURE_MEMBERS + MIXTURE_ASPECTS,
    MIXTURE_SEGMENTS = 3,
    MIXTURE_CANDIDATES_MAX = 680,
};

#define MIXTURE_SIGMAS 2.0

/* Segments of users by their number of actions. */
enum mixture_segment {
    SEGMENT_NEW,   /* at most two actions */
    SEGMENT_SHORT, /* fewer than twenty */
    SEGMENT_LONG,
};

struct mixture_part {
    float weights[MIXTURE_INPUTS]; /* of the members, then of the aspects */
    float squares[MIXTURE_INPUTS];
    /* [a][b]: decaying sums of the objective of a minus that of b, and of its square. */
    double ahead[MIXTURE_CONTENDERS][MIXTURE_CONTENDERS];
    double spread[MIXTURE_CONTENDERS][MIXTURE_CONTENDERS];
    double hits[MIXTURE_CONTENDERS]; /* decaying sum of HR@10, */
    double asked;                    /* and of the examples */
    int leader;
};

enum { MIXTURE_VERSION_BYTES = 17 };

struct mixture {
    struct mixture_part parts[MIXTURE_SEGMENTS];
    /* Decaying sums of the objective of lists with a search minus that without it, of its square,
     * and of the examples. */
    double search_ahead, search_spread, search_asked;
    /* Of the numbers that it was loaded from: XXH3-64 in hexadecimal; empty: it never was, or has
     * learned since. */
    char version[MIXTURE_VERSION_BYTES];
};

/* The candidates of a training example: z[m][k] is input m's z-score of candidate k; all 0 for an
 * input without scores. */
struct mixture_candidates {
    size_t count;
    float z[MIXTURE_INPUTS][MIXTURE_CANDIDATES_MAX];
};

/* Prepares an untrained mixture. */
void mixture_init(struct mixture *mixture);
/* Returns the segment of a user with so many actions. */
enum mixture_segment mixture_segment(int64_t actions);
/* Returns the leader: a member, or MIXTURE_MEMBERS: the mixture. */
int mixture_leader(const struct mixture *mixture, enum mixture_segment segment);
/* Scores the candidates as a contender does. */
void mixture_score(const struct mixture *mixture, enum mixture_segment segment, int contender,
                   const struct mixture_candidates *candidates, float *ret_scores);
/* Learns that the candidate at `target` came next; below 0: none of them did. */
void mixture_learn(struct mixture *mixture, enum mixture_segment segment,
                   const struct mixture_candidates *candidates, int target);

/* Says whether anything has been learned of an input. */
bool mixture_learned_of(const struct mixture_part *part, int input);

/* Learns that the item of the next action was at these places of a list with the search and of the
 * same one without it; 0 the first, below 0: not among the first ten. */
void mixture_learn_search(struct mixture *mixture, int with, int without);
/* Says whether searches make lists. */
bool mixture_search_counts(const struct mixture *mixture);

/* Converts a mixture to a column of numbers, and back; false: the numbers are no mixture. Those of
 * the release before had no last member: it has no weight at first, and nobody takes the lead
 * before it has been compared. Those of searches and of aspects are there only where something has
 * been learned of them. */
enum {
    MIXTURE_NUMBERS = MIXTURE_SEGMENTS * (2 * MIXTURE_MEMBERS +
                                          2 * MIXTURE_CONTENDERS * MIXTURE_CONTENDERS +
                                          MIXTURE_CONTENDERS + 2),
    MIXTURE_NUMBERS_SEARCHES = MIXTURE_NUMBERS + 3,
    MIXTURE_NUMBERS_MAX = MIXTURE_NUMBERS_SEARCHES + MIXTURE_SEGMENTS * 2 * MIXTURE_ASPECTS,
};
/* Returns how many numbers there are. */
size_t mixture_save(const struct mixture *mixture, float ret_numbers[static MIXTURE_NUMBERS_MAX]);
bool mixture_load(struct mixture *mixture, const float *numbers, size_t count);

#endif
