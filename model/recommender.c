#include "base/base.h"
#include "model/recommender.h"

const struct knob *recommender_knob(const struct recommender *recommender, const char *name)
{
    for (size_t at = 0; at < recommender->knobs_count; at++) {
        if (strcmp(recommender->knobs[at].name, name) == 0) { return &recommender->knobs[at]; }
    }
    return NULL;
}

int recommender_set(const struct recommender *recommender, void *settings, const char *name,
                    double value)
{
    const struct knob *knob = recommender_knob(recommender, name);
    if (!knob) { return -ENOENT; }
    if (!(value >= knob->min && value <= knob->max)) { return -ERANGE; }
    memcpy((char *)settings + knob->offset, &value, sizeof(value));
    return 0;
}
