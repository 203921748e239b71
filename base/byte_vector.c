#include "base/base.h"
#include "base/byte_vector.h"

#define STEPS 127.0F

float byte_vector_make(const float *numbers, size_t width, int8_t *to)
{
    float most = 0.0F;
    for (size_t i = 0; i < width; i++) {
        if (!isfinite(numbers[i])) { return 0.0F; }
        most = MAX_OF(most, fabsf(numbers[i]));
    }
    float scale = most / STEPS;
    if (!isnormal(scale)) { return 0.0F; }
    for (size_t i = 0; i < width; i++) { to[i] = (int8_t)lrintf(numbers[i] / scale); }
    return scale;
}
