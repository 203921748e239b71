#include "base/base.h"
#include "base/xalloc.h"
#include "stream/kafka/member_name.h"

#include <xxhash.h>

enum { HASH_DIGITS = 8 };

char *member_name(const char *copy, const char *const *topics, const int32_t *partitions,
                  size_t count)
{
    uint64_t sum = 0;
    for (size_t i = 0; i < count; i++) {
        sum += XXH64(topics[i], strlen(topics[i]), (uint64_t)count << 32 | (uint32_t)partitions[i]);
    }
    return xprintf("%s-%0*" PRIx32, copy, HASH_DIGITS, (uint32_t)(sum ^ sum >> 32));
}

bool member_name_is_of(const char *name, const char *copy)
{
    size_t size = strlen(copy);
    if (strncmp(name, copy, size) != 0) { return false; }
    const char *rest = name + size;
    return !rest[0] || (rest[0] == '-' && strlen(rest + 1) == HASH_DIGITS &&
                        strspn(rest + 1, "0123456789abcdef") == HASH_DIGITS);
}
