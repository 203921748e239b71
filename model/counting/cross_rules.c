#include "base/base.h"
#include "model/counting/cross_rules.h"

enum { MARK_BYTES = 2 };

/* ---- Rules ---- */

static bool has_pair(const struct cross_rules *rules, int32_t from, int32_t to)
{
    for (int32_t p = 0; p < rules->count; p++) {
        if (rules->pairs[p].from == from && rules->pairs[p].to == to) { return true; }
    }
    return false;
}

static const char *read_pair(struct slice word, int32_t (*kind)(struct slice name),
                             struct cross_rules *rules)
{
    const char *sign = word.size ? memchr(word.data, '>', word.size) : NULL;
    if (!sign) { return "want KIND>KIND, as in VIEW>PURCHASE"; }
    size_t size = (size_t)(sign - word.data);
    int32_t from = kind(slice_of(word.data, size));
    int32_t to = kind(slice_of(sign + 1, word.size - size - 1));
    if (from < 0 || to < 0 || from >= CROSS_KINDS || to >= CROSS_KINDS) {
        return "want kinds of actions: VIEW, CLICK, LIKE, CART, PURCHASE, RATING, OTHER";
    }
    if (has_pair(rules, from, to)) { return "a pair is there twice"; }
    if (rules->count == CROSS_PAIRS_MAX) { return "at most 4 pairs"; }
    rules->pairs[rules->count].from = from;
    rules->pairs[rules->count++].to = to;
    return NULL;
}

const char *cross_rules_read(struct slice text, int32_t (*kind)(struct slice name),
                             struct cross_rules *ret_rules)
{
    const char *fault = NULL;
    *ret_rules = (struct cross_rules){.count = 0};
    while (text.size && !fault) {
        const char *comma = memchr(text.data, ',', text.size);
        size_t size = comma ? (size_t)(comma - text.data) : text.size;
        fault = read_pair(slice_of(text.data, size), kind, ret_rules);
        bool last = comma && size + 1 == text.size;
        if (last && !fault) { fault = "a pair is missing behind the last comma"; }
        text = slice_of(text.data + size + (comma != NULL), text.size - size - (comma != NULL));
    }
    return fault;
}

/* ---- Ids ---- */

struct slice cross_id_write(int32_t kind, struct slice item, char into[static CROSS_ID_BYTES_MAX])
{
    assert(kind >= 0 && kind < CROSS_KINDS);
    if (item.size == 0 || item.size > CROSS_ID_BYTES_MAX - MARK_BYTES) { return slice_of(into, 0); }
    into[0] = CROSS_MARK;
    into[1] = (char)('0' + kind);
    memcpy(into + MARK_BYTES, item.data, item.size);
    return slice_of(into, item.size + MARK_BYTES);
}

bool cross_id_is(struct slice id)
{
    return id.size && id.data[0] == CROSS_MARK;
}

bool cross_id_read(struct slice id, int32_t *ret_kind, struct slice *ret_item)
{
    if (!cross_id_is(id) || id.size <= MARK_BYTES) { return false; }
    int32_t kind = id.data[1] - '0';
    if (kind < 0 || kind >= CROSS_KINDS) { return false; }
    *ret_kind = kind;
    *ret_item = slice_of(id.data + MARK_BYTES, id.size - MARK_BYTES);
    return true;
}
