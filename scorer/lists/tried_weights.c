#include "base/base.h"
#include "model/candidate_set.h"
#include "scorer/lists/tried_weights.h"

int tried_weights_leader(const struct tried_weights *tried)
{
    int leader = MEMBER_COUNTING, above = 0;
    for (int m = 0; m < MIXTURE_INPUTS; m++) {
        if (!(tried->inputs[m] > 0.0)) { continue; }
        leader = m;
        above++;
    }
    return above > 1 || leader >= MIXTURE_MEMBERS ? MIXTURE_MEMBERS : leader;
}

void tried_weights_mixture(const struct tried_weights *tried, struct mixture *ret_mixture)
{
    mixture_init(ret_mixture);
    for (size_t s = 0; s < MIXTURE_SEGMENTS; s++) {
        for (int m = 0; m < MIXTURE_INPUTS; m++) {
            ret_mixture->parts[s].weights[m] = (float)tried->inputs[m];
        }
    }
}

void tried_weights_of(const struct mixture *mixture, enum mixture_segment segment, int contender,
                      double *ret_inputs)
{
    for (int m = 0; m < MIXTURE_INPUTS; m++) {
        ret_inputs[m] = contender == MIXTURE_MEMBERS
                            ? (double)mixture->parts[segment].weights[m]
                            : (double)(m == contender);
    }
}
