/* Numbers of several releases are read: of three members; of four; with the sums of searches behind
 * these; and with weights and squares of aspects behind those. What has learned nothing of searches
 * or aspects is written as the earlier releases read it.
 */
#include "base/base.h"
#include "model/ids.h"
#include "model/ranking_metrics.h"
#include "model/mixture.h"

enum { FORMER_MEMBERS = 3, FORMER_NUMBERS = 132 };
enum { NEW_ACTIONS = 2, SHORT_ACTIONS = 20, MIX = MIXTURE_MEMBERS };

#define RATE 0.05F
#define SQUARES_FIRST 1e-2F
#define WEIGHT_FIRST 0.2F
/* Decay of an example's weight with each later one: about the last two thousand count. */
#define KEPT 0.9995
/* Examples before another contender may become the leader. */
#define ASKED_LEAST 100.0
/* Examples before searches may stop making lists. */
#define SEARCHES_LEAST 30.0

void mixture_init(struct mixture *mixture)
{
    *mixture = (struct mixture){0};
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        struct mixture_part *part = &mixture->parts[s];
        for (size_t m = 0; m < MIXTURE_INPUTS; m++) { part->squares[m] = SQUARES_FIRST; }
        part->weights[0] = WEIGHT_FIRST;
    }
}

enum mixture_segment mixture_segment(int64_t actions)
{
    if (actions <= NEW_ACTIONS) { return SEGMENT_NEW; }
    return actions < SHORT_ACTIONS ? SEGMENT_SHORT : SEGMENT_LONG;
}

int mixture_leader(const struct mixture *mixture, enum mixture_segment segment)
{
    return mixture->parts[segment].leader;
}

void mixture_score(const struct mixture *mixture, enum mixture_segment segment, int contender,
                   const struct mixture_candidates *candidates, float *ret_scores)
{
    assert(contender >= 0 && contender < MIXTURE_CONTENDERS);
    const float *weights = mixture->parts[segment].weights;
    memset(ret_scores, 0, candidates->count * sizeof(*ret_scores));
    for (int m = 0; m < MIXTURE_INPUTS; m++) {
        float weight = contender == MIX ? weights[m] : (float)(m == contender);
        if (!(weight > 0.0F)) { continue; }
        for (size_t k = 0; k < candidates->count; k++) {
            ret_scores[k] += weight * candidates->z[m][k];
        }
    }
}

/* Says whether a contender has scores; without scores its objective is 0. */
static bool has_scores(const float *scores, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        if (scores[k] != 0.0F) { return true; }
    }
    return false;
}

/* HR@10 + NDCG@10 of the target among these scores. */
static double objective(const float *scores, size_t count, int target, double *ret_hit)
{
    struct ranking_metrics hits = {0};
    if (target >= 0 && has_scores(scores, count)) {
        ranking_metrics_count(&hits, ranking_metrics_rank(scores, (int32_t)count, target));
    }
    *ret_hit = hits.hr10;
    return hits.hr10 + hits.ndcg10;
}

static void compare(struct mixture_part *part, const double *objectives)
{
    for (size_t a = 0; a < MIXTURE_CONTENDERS; a++) {
        for (size_t b = 0; b < MIXTURE_CONTENDERS; b++) {
            double ahead = objectives[a] - objectives[b];
            part->ahead[a][b] = KEPT * part->ahead[a][b] + ahead;
            part->spread[a][b] = KEPT * part->spread[a][b] + ahead * ahead;
        }
    }
}

/* Makes the contender that is furthest ahead the leader, if the difference is significant. */
static void choose_leader(struct mixture_part *part)
{
    if (part->asked < ASKED_LEAST) { return; }
    int best = part->leader;
    for (int c = 0; c < MIXTURE_CONTENDERS; c++) {
        double ahead = part->ahead[c][part->leader], spread = part->spread[c][part->leader];
        bool proved = ahead > 0.0 && ahead * ahead > MIXTURE_SIGMAS * MIXTURE_SIGMAS * spread;
        if (proved && part->ahead[c][part->leader] > part->ahead[best][part->leader]) { best = c; }
    }
    part->leader = best;
}

/* Replaces scores by their softmax. */
static void soften(float *scores, size_t count)
{
    float most = scores[0], sum = 0.0F;
    for (size_t k = 1; k < count; k++) { most = MAX_OF(most, scores[k]); }
    for (size_t k = 0; k < count; k++) {
        scores[k] = expf(scores[k] - most);
        sum += scores[k];
    }
    for (size_t k = 0; k < count; k++) { scores[k] /= sum; }
}

static void move_weights(struct mixture_part *part, const struct mixture_candidates *candidates,
                         const float *p, int target)
{
    for (size_t m = 0; m < MIXTURE_INPUTS; m++) {
        const float *z = candidates->z[m];
        float mean = 0.0F;
        for (size_t k = 0; k < candidates->count; k++) { mean += p[k] * z[k]; }
        float gradient = z[target] - mean;
        part->squares[m] = (float)KEPT * part->squares[m] + gradient * gradient;
        part->squares[m] = MAX_OF(part->squares[m], SQUARES_FIRST);
        part->weights[m] += RATE * gradient / sqrtf(part->squares[m]);
        part->weights[m] = MAX_OF(part->weights[m], 0.0F);
    }
}

void mixture_learn(struct mixture *mixture, enum mixture_segment segment,
                   const struct mixture_candidates *candidates, int target)
{
    struct mixture_part *part = &mixture->parts[segment];
    float scores[MIXTURE_CANDIDATES_MAX];
    double objectives[MIXTURE_CONTENDERS];
    assert(candidates->count <= MIXTURE_CANDIDATES_MAX && target < (int)candidates->count);
    part->asked = KEPT * part->asked + 1.0;
    for (int c = 0; c < MIXTURE_CONTENDERS; c++) {
        double hit;
        mixture_score(mixture, segment, c, candidates, scores);
        objectives[c] = objective(scores, candidates->count, target, &hit);
        part->hits[c] = KEPT * part->hits[c] + hit;
    }
    compare(part, objectives);
    choose_leader(part);
    mixture->version[0] = '\0';
    if (target < 0) { return; }
    mixture_score(mixture, segment, MIX, candidates, scores);
    soften(scores, candidates->count);
    move_weights(part, candidates, scores, target);
}

bool mixture_learned_of(const struct mixture_part *part, int input)
{
    return part->weights[input] > 0.0F || part->squares[input] > SQUARES_FIRST;
}

/* ---- Searches ---- */

static double objective_at(int place)
{
    struct ranking_metrics hits = {0};
    if (place >= 0) { ranking_metrics_count(&hits, place); }
    return hits.hr10 + hits.ndcg10;
}

void mixture_learn_search(struct mixture *mixture, int with, int without)
{
    double ahead = objective_at(with) - objective_at(without);
    mixture->search_ahead = KEPT * mixture->search_ahead + ahead;
    mixture->search_spread = KEPT * mixture->search_spread + ahead * ahead;
    mixture->search_asked = KEPT * mixture->search_asked + 1.0;
    mixture->version[0] = '\0';
}

bool mixture_search_counts(const struct mixture *mixture)
{
    double ahead = mixture->search_ahead;
    return mixture->search_asked < SEARCHES_LEAST || ahead >= 0.0 ||
           ahead * ahead <= mixture->search_spread;
}

/* ---- Numbers ---- */

static size_t save_part(const struct mixture_part *part, float *to)
{
    size_t n = 0;
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) { to[n++] = part->weights[m]; }
    for (size_t m = 0; m < MIXTURE_MEMBERS; m++) { to[n++] = part->squares[m]; }
    for (size_t a = 0; a < MIXTURE_CONTENDERS; a++) {
        for (size_t b = 0; b < MIXTURE_CONTENDERS; b++) {
            to[n++] = (float)part->ahead[a][b];
            to[n++] = (float)part->spread[a][b];
        }
    }
    for (size_t c = 0; c < MIXTURE_CONTENDERS; c++) { to[n++] = (float)part->hits[c]; }
    to[n++] = (float)part->asked;
    to[n++] = (float)part->leader;
    return n;
}

static bool aspects_learned(const struct mixture *mixture)
{
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        for (size_t a = MIXTURE_MEMBERS; a < MIXTURE_INPUTS; a++) {
            if (mixture_learned_of(&mixture->parts[s], (int)a)) { return true; }
        }
    }
    return false;
}

size_t mixture_save(const struct mixture *mixture, float ret_numbers[static MIXTURE_NUMBERS_MAX])
{
    size_t n = 0;
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        n += save_part(&mixture->parts[s], ret_numbers + n);
    }
    assert(n == MIXTURE_NUMBERS);
    bool aspects = aspects_learned(mixture);
    if (!(mixture->search_asked > 0.0) && !aspects) { return n; }
    ret_numbers[n++] = (float)mixture->search_ahead;
    ret_numbers[n++] = (float)mixture->search_spread;
    ret_numbers[n++] = (float)mixture->search_asked;
    for (size_t s = 0; s < MIXTURE_SEGMENTS && aspects; s++) {
        const struct mixture_part *part = &mixture->parts[s];
        for (size_t a = MIXTURE_MEMBERS; a < MIXTURE_INPUTS; a++) {
            ret_numbers[n++] = part->weights[a];
            ret_numbers[n++] = part->squares[a];
        }
    }
    return n;
}

/* Returns the contender at a place among those of so many members and their mixture. */
static int contender_at(size_t place, size_t members)
{
    return place == members ? MIX : (int)place;
}

static size_t load_part(struct mixture_part *part, const float *from, size_t members)
{
    size_t n = 0, contenders = members + 1;
    for (size_t m = 0; m < members; m++) { part->weights[m] = from[n++]; }
    for (size_t m = 0; m < members; m++) { part->squares[m] = from[n++]; }
    for (size_t p = 0; p < contenders; p++) {
        for (size_t q = 0; q < contenders; q++) {
            int a = contender_at(p, members), b = contender_at(q, members);
            part->ahead[a][b] = (double)from[n++];
            part->spread[a][b] = (double)from[n++];
        }
    }
    for (size_t p = 0; p < contenders; p++) {
        part->hits[contender_at(p, members)] = (double)from[n++];
    }
    part->asked = (double)from[n++];
    float leader = from[n++];
    bool known = leader >= 0.0F && leader < (float)contenders;
    part->leader = known ? contender_at((size_t)leader, members) : 0;
    return n;
}

/* Lets the members be compared from the beginning, by the weights that they have. */
static void compare_anew(struct mixture_part *part)
{
    memset(part->hits, 0, sizeof(part->hits));
    part->asked = 0.0;
}

static void load_searches(struct mixture *mixture, const float *from)
{
    mixture->search_ahead = (double)from[0];
    mixture->search_spread = (double)from[1];
    mixture->search_asked = (double)from[2];
}

static void load_aspects(struct mixture *mixture, const float *from)
{
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        for (size_t a = MIXTURE_MEMBERS; a < MIXTURE_INPUTS; a++) {
            mixture->parts[s].weights[a] = *from++;
            mixture->parts[s].squares[a] = *from++;
        }
    }
}

bool mixture_load(struct mixture *mixture, const float *numbers, size_t count)
{
    bool former = count == FORMER_NUMBERS, aspects = count == MIXTURE_NUMBERS_MAX;
    bool searches = count == MIXTURE_NUMBERS_SEARCHES || aspects;
    if (count != MIXTURE_NUMBERS && !former && !searches) { return false; }
    for (size_t n = 0; n < count; n++) {
        if (!isfinite(numbers[n])) { return false; }
    }
    mixture_init(mixture);
    for (size_t s = 0, n = 0; s < MIXTURE_SEGMENTS; s++) {
        n += load_part(&mixture->parts[s], numbers + n, former ? FORMER_MEMBERS : MIXTURE_MEMBERS);
        if (former) { compare_anew(&mixture->parts[s]); }
    }
    if (searches) { load_searches(mixture, numbers + MIXTURE_NUMBERS); }
    if (aspects) { load_aspects(mixture, numbers + MIXTURE_NUMBERS_SEARCHES); }
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        struct mixture_part *part = &mixture->parts[s];
        for (size_t m = 0; m < MIXTURE_INPUTS; m++) {
            part->weights[m] = MAX_OF(part->weights[m], 0.0F);
            part->squares[m] = MAX_OF(part->squares[m], SQUARES_FIRST);
        }
    }
    const struct slice bytes = slice_of((const char *)numbers, count * sizeof(*numbers));
    (void)snprintf(mixture->version, sizeof(mixture->version), "%016" PRIx64,
                   ids_fingerprint(bytes));
    return true;
}
