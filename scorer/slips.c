#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/slips.h"

void slips_init(struct slips *slips, size_t bytes_max)
{
    slips->count = MAX_OF(bytes_max / sizeof(struct slip), (size_t)1);
    slips->at = xcalloc(slips->count, sizeof(*slips->at));
}

void slips_release(struct slips *slips)
{
    free(slips->at);
    *slips = (struct slips){0};
}

void slips_put(struct slips *slips, const struct slip *slip)
{
    slips->at[slip->user % slips->count] = *slip;
}

const struct slip *slips_find(const struct slips *slips, uint64_t user, int32_t partition,
                              int64_t offset)
{
    const struct slip *slip = &slips->at[user % slips->count];
    bool same = slip->count && slip->user == user && slip->partition == partition &&
                slip->offset == offset;
    return same ? slip : NULL;
}

void slip_teach(const struct slip *slip, struct mixture *mixture, int32_t item)
{
    static _Thread_local struct mixture_candidates candidates;
    int target = -1;
    candidates.count = slip->count;
    for (size_t k = 0; k < slip->count; k++) {
        for (size_t m = 0; m < MIXTURE_MEMBERS; m++) { candidates.z[m][k] = slip->z[m][k]; }
        if (slip->items[k] == item) { target = (int)k; }
    }
    mixture_learn(mixture, (enum mixture_segment)slip->segment, &candidates, target);
}

