#include "base/base.h"
#include "base/xalloc.h"
#include "scorer/lists/published_mixtures.h"

void published_mixtures_release(struct published_mixtures *mixtures)
{
    free(mixtures->at);
    *mixtures = (struct published_mixtures){0};
}

const char *published_mixtures_put(struct published_mixtures *mixtures,
                                   const struct model_weights *weights)
{
    int32_t partition = weights->part;
    struct mixture mixture;
    if (partition < 0 || partition >= MIXTURE_PARTITIONS_MAX) { return "bad_blend"; }
    if (!mixture_load(&mixture, weights->weights.at, weights->weights.count)) {
        return "bad_blend";
    }
    if (partition >= mixtures->count) {
        mixtures->at = xreallocarray(mixtures->at, (size_t)partition + 1, sizeof(*mixtures->at));
        while (mixtures->count <= partition) { mixture_init(&mixtures->at[mixtures->count++]); }
    }
    mixtures->at[partition] = mixture;
    return NULL;
}

void published_mixtures_remove(struct published_mixtures *mixtures, int32_t partition)
{
    if (partition >= 0 && partition < mixtures->count) { mixture_init(&mixtures->at[partition]); }
}

void published_mixtures_get(const struct published_mixtures *mixtures, int32_t partition,
                            struct mixture *ret_mixture)
{
    if (partition >= 0 && partition < mixtures->count) {
        *ret_mixture = mixtures->at[partition];
    } else {
        mixture_init(ret_mixture);
    }
}
