#include "base/base.h"
#include "scorer/lists/leader.h"

#include <float.h>

int leader_choose(const struct list_settings *settings, const struct mixture *mixture,
                  enum mixture_segment segment)
{
    switch ((enum leader_choice)settings->blend_leader) {
    case LEADER_COUNTING: return MEMBER_COUNTING;
    case LEADER_SEQUENCE: return MEMBER_SEQUENCE;
    case LEADER_MIXTURE: return MIXTURE_MEMBERS;
    case LEADER_PROVED: break;
    }
    return mixture_leader(mixture, segment);
}

int leader_behind(int leader, const struct mixture *mixture, enum mixture_segment segment,
                  const struct candidate_set *candidates, size_t candidate)
{
    if (leader != MIXTURE_MEMBERS) { return leader; }
    const float *weights = mixture->parts[segment].weights;
    int behind = MEMBER_COUNTING;
    float most = -FLT_MAX;
    for (int m = 0; m < MIXTURE_MEMBERS; m++) {
        float part = weights[m] * candidates->zscores.z[m][candidate];
        for (int a = MIXTURE_MEMBERS; m == MEMBER_CONTENT && a < MIXTURE_INPUTS; a++) {
            part += weights[a] * candidates->zscores.z[a][candidate];
        }
        if (part > most) { behind = m; }
        most = MAX_OF(most, part);
    }
    return behind;
}

const char *leader_name(int contender)
{
    static const char *const names[MIXTURE_CONTENDERS] = {
        [MEMBER_COUNTING] = "counting",
        [MEMBER_SEQUENCE] = "sequence",
        [MEMBER_CONTENT] = "content",
        [MEMBER_USERS] = "users",
        [MIXTURE_MEMBERS] = "mixture",
    };
    assert(contender >= 0 && contender < MIXTURE_CONTENDERS);
    return names[contender];
}
