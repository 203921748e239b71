#include "base/base.h"
#include "scorer/lists/had_items.h"

#include <endian.h>

static uint64_t fingerprint_at(struct slice seen, size_t at)
{
    uint64_t fingerprint;
    memcpy(&fingerprint, seen.data + at * HISTORY_SEEN_BYTES, sizeof(fingerprint));
    return le64toh(fingerprint);
}

size_t had_items_number(struct ids *ids, const struct user_history *history, int32_t *ret_numbers,
                        size_t max)
{
    size_t count = 0;
    for (size_t i = 0; i < history->seen.size / HISTORY_SEEN_BYTES && count < max; i++) {
        int32_t number = ids_find_hash(ids, fingerprint_at(history->seen, i));
        if (number != ID_NONE) { ret_numbers[count++] = number; }
    }
    struct prefix_reader reader = {.bytes = history->had_prefixes};
    uint32_t prefix;
    while (prefix_set_next(&reader, &prefix) > 0) {
        int32_t prefixed[IDS_PREFIXED_MAX];
        size_t found = ids_find_prefix(ids, prefix, prefixed);
        for (size_t k = 0; k < found && count < max; k++) { ret_numbers[count++] = prefixed[k]; }
    }
    return count;
}

bool had_items_has(const struct user_history *history, struct slice item)
{
    uint64_t fingerprint = ids_fingerprint(item);
    for (size_t i = 0; i < history->seen.size / HISTORY_SEEN_BYTES; i++) {
        if (fingerprint_at(history->seen, i) == fingerprint) { return true; }
    }
    struct prefix_reader reader = {.bytes = history->had_prefixes};
    uint32_t prefix;
    while (prefix_set_next(&reader, &prefix) > 0) {
        if (prefix == ids_prefix(fingerprint)) { return true; }
    }
    return false;
}
