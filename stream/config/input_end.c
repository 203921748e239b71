#include "base/base.h"
#include "base/number.h"
#include "stream/config/input_end.h"

/* Reads one pair and moves *text past it and its comma; false when there is none. */
static bool read_pair(const char **text, int64_t *ret_partition, int64_t *ret_offset)
{
    const char *at = *text;
    for (int i = 0; i < 2; i++) {
        int64_t number;
        if (*at == '-' || !number_read(&at, &number)) { return false; }
        if (i == 0 && (*at != ':' || number > INT32_MAX)) { return false; }
        *(i == 0 ? ret_partition : ret_offset) = number;
        at += i == 0;
    }
    if (*at == ',' && at[1]) { at++; }
    *text = at;
    return true;
}

bool input_end_valid(const char *text)
{
    int64_t partition, offset;
    while (*text) {
        const char *before = text;
        if (!read_pair(&text, &partition, &offset)) { return false; }
        if (*text && text[-1] != ',') { return false; }
        assert(text > before);
    }
    return true;
}

int64_t input_end_of(const char *text, int32_t partition)
{
    int64_t named, offset;
    while (*text && read_pair(&text, &named, &offset)) {
        if (named == partition) { return offset; }
    }
    return INT64_MAX;
}
