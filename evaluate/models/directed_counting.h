/* Directed counting: lists from directed counts, recency and content. No worker runs it. It keeps
 * all counts of each preset's own window, sums over the whole history and adds content; the workers
 * keep bounded rows of one window and blend content in (counting_recommender.h). Evaluating both
 * shows what these bounds cost.
 *
 *   K[j][i] = ((C^2 / (C + s)) n_j^-ns n_i^-nt)^kp            C, n: transitions.h
 *   A_i     = sum over the history, r = 1 the newest, of
 *             r^-g h^(r-1) (K[j_r][i] + x sum of S[j_r][j']^q K[j'][i]),
 *             j' the 10 most like j_r
 *   B_i     = sum of hc^(r-1) S[j_r][i]^q (n_i + 1)^cp over the 200 most like j_r
 *   score_i = A_i / max A + kc B_i / max B + pe sqrt(n_i)      maxima over what is not in the
 *                                                              history
 *
 * S is the cosine of content.h; without content the terms with S are 0. The formula is our own,
 * found by ablation on public data; docs/quality.md has its figures.
 *
 * Presets: `dense` for data where every item has hundreds of actions; `sparse` for short histories
 * over many items; `ordered` for the same where the order of actions predicts more; `even` for data
 * between these; `even-content` as `even`, with content. The preset is chosen by hit rates
 * (tuning.h, blend.h).
 */
#ifndef FRESHET_EVALUATE_MODELS_DIRECTED_COUNTING_H
#define FRESHET_EVALUATE_MODELS_DIRECTED_COUNTING_H

#include "base/base.h"
#include "evaluate/models/recommender.h"

struct directed_counting_settings {
    double window;                 /* w */
    double distance_power;         /* a */
    double backward;               /* b */
    double shrink;                 /* s */
    double source_power;           /* ns */
    double target_power;           /* nt */
    double kernel_power;           /* kp */
    double recency_decay;          /* h */
    double recency_power;          /* g */
    double popularity;             /* pe */
    double content;                /* kc; 0 here and in expansion: no content at all */
    double content_power;          /* q */
    double content_decay;          /* hc */
    double content_popularity;     /* cp */
    double expansion;              /* x */
};

/* Its settings are struct directed_counting_settings. */
extern const struct recommender directed_counting_recommender;

#endif
