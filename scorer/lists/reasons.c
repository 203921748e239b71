#include "base/base.h"
#include "model/lanes.h"
#include "scorer/lists/reasons.h"

static const float *vector_of(const struct served *served, int32_t item)
{
    int32_t row = served_row(served, item);
    size_t d = transformer_inference_width(served->inference);
    return row < 0 ? NULL : served->table + (size_t)row * d;
}

static bool is_picked(const struct reasons *reasons, int32_t item)
{
    for (size_t k = 0; k < reasons->recent_count; k++) {
        if (reasons->recent[k] == item) { return true; }
    }
    return false;
}

static void fetch(const float *vector, size_t d)
{
    enum { LINE = 64 / sizeof(float) };
    for (size_t i = 0; i < d; i += LINE) { __builtin_prefetch(vector + i); }
}

/* Picks the newest items that the user liked and the model knows. */
static void pick(struct reasons *reasons)
{
    reasons->picked = true;
    reasons->recent_count = 0;
    for (size_t k = reasons->count; k-- > 0 && reasons->recent_count < REASON_RECENT_ITEMS;) {
        int32_t item = reasons->items[k];
        if (!(reasons->weights[k] > 0.0F) || is_picked(reasons, item)) { continue; }
        const float *vector = vector_of(reasons->served, item);
        if (!vector) { continue; }
        fetch(vector, transformer_inference_width(reasons->served->inference));
        reasons->vectors[reasons->recent_count] = vector;
        reasons->recent[reasons->recent_count++] = item;
    }
}

/* Multiplies an item's vector with those of the picked ones. */
LANED static void multiply(const struct reasons *reasons, const float *vector, size_t d,
                           float ret_parts[static REASON_RECENT_ITEMS])
{
    for (size_t k = 0; k < reasons->recent_count; k++) {
        ret_parts[k] = lanes_dot(vector, reasons->vectors[k], d);
    }
}

static bool find_by_vectors(struct reasons *reasons, struct ranked *ranked)
{
    const float *vector = reasons->served ? vector_of(reasons->served, ranked->item) : NULL;
    if (!vector) { return false; }
    if (!reasons->picked) { pick(reasons); }
    size_t d = transformer_inference_width(reasons->served->inference);
    float parts[REASON_RECENT_ITEMS], most = 0.0F, sum = 0.0F;
    int32_t because = ID_NONE;
    multiply(reasons, vector, d, parts);
    for (size_t k = 0; k < reasons->recent_count; k++) {
        float part = parts[k];
        if (!(part > 0.0F)) { continue; }
        sum += part;
        if (part <= most) { continue; }
        most = part;
        because = reasons->recent[k];
    }
    if (because == ID_NONE || !isfinite(sum)) { return false; }
    ranked->because = because;
    ranked->reason = RANKED_BECAUSE;
    ranked->share = most / sum;
    ranked->evidence = 0.0F;
    return true;
}

static bool find_by_content(const struct reasons *reasons, struct ranked *ranked)
{
    if (!reasons->content_scores) { return false; }
    int32_t because =
        content_scores_because(reasons->content_scores, ranked->item, &ranked->share);
    if (because == ID_NONE) { return false; }
    ranked->because = because;
    ranked->reason = RANKED_ALIKE;
    return true;
}

static bool find_by_users(const struct reasons *reasons, struct ranked *ranked)
{
    int32_t voices = reasons->alike ? alike_users_voices(reasons->alike, ranked->item) : 0;
    if (!voices) { return false; }
    ranked->reason = RANKED_USERS;
    ranked->evidence = (float)voices;
    return true;
}

static bool find(struct reasons *reasons, int member, const struct ranked *counted,
                 struct ranked *ranked)
{
    if (member == MEMBER_SEQUENCE) { return find_by_vectors(reasons, ranked); }
    if (member == MEMBER_CONTENT) { return find_by_content(reasons, ranked); }
    if (member == MEMBER_USERS) { return find_by_users(reasons, ranked); }
    if (counted) { *ranked = *counted; }
    return counted != NULL;
}

struct ranked reasons_find(struct reasons *reasons, int32_t item, int member,
                           const struct ranked *counted)
{
    struct ranked ranked = {.item = item, .because = ID_NONE};
    bool found = find(reasons, member, counted, &ranked);
    for (int m = 0; m < MIXTURE_MEMBERS && !found; m++) {
        found = m != member && find(reasons, m, counted, &ranked);
    }
    if (found && ranked.reason != RANKED_ALIKE) { return ranked; }
    double actions = item_table_actions(reasons->table, item);
    ranked.evidence = (float)actions;
    if (!found) { ranked.reason = actions > 0.0 ? RANKED_POPULAR : RANKED_NEW; }
    return ranked;
}
