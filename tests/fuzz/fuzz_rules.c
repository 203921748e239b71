/* Rules of placements: any text is refused with a reason or makes cuts that keep their bounds. */
#include "base/base.h"
#include "rules/list_cut.h"
#include "tests/fuzz/crumbs.h"

enum { ITEMS = 12, FAULTS_MAX = 1 << 16 };

static void fill(struct item_columns *columns, struct ids *ids, struct cut_candidate *candidates)
{
    static const char *const words[] = {"a", "b", "c"};
    for (int k = 0; k < ITEMS; k++) {
        char id[8];
        struct slice tags[2] = {slice_str(words[k % 3]), slice_str(words[k % 2])};
        (void)snprintf(id, sizeof(id), "i%d", k);
        const struct item item = {
            .price = k - 1, .stock = k % 4 - 1, .created_ms = k * INT64_C(100000000),
            .brand = slice_str(words[k % 3]), .group_id = slice_str(k % 5 ? "" : "g"),
            .kind = slice_str(""), .tags = {tags, (size_t)k % 3},
            .category = {tags, (size_t)k % 2}};
        int32_t number = ids_put(ids, slice_str(id));
        item_columns_put(columns, number, &item);
        candidates[k] = (struct cut_candidate){
            .item = number, .score = (float)(ITEMS - k), .origin = (enum cut_origin)(k % 5)};
    }
}

static void check(const struct placement *placement, const struct cut_result *result)
{
    char name[2 * RULE_NAME_BYTES_MAX + 2];
    assert(result->count <= placement->length && result->count <= ITEMS);
    for (size_t k = 0; k < result->count; k++) {
        assert(result->places[k].item >= 0 && result->places[k].item < ITEMS);
        assert(!isnan(result->places[k].relevance));
        (void)list_cut_rule_name(placement, result->places[k].rule, name, sizeof(name));
        for (size_t other = 0; other < k; other++) {
            assert(result->places[other].item != result->places[k].item);
        }
    }
    for (size_t k = 0; k < result->removals_count; k++) {
        assert(*list_cut_rule_name(placement, result->removals[k].rule, name, sizeof(name)));
    }
}

static void cut_all(const struct rule_set *rules, const struct item_columns *columns,
                    const struct ids *ids, const struct cut_request *request)
{
    struct list_cut *cut = list_cut_new(columns, ids);
    struct cut_result result;
    list_cut_begin(cut, request);
    for (size_t p = 0; p < rules->count; p++) {
        list_cut_make(cut, &rules->placements[p], &result);
        check(&rules->placements[p], &result);
    }
    list_cut_free(cut);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const int32_t items[] = {0, 3, 5, 5, ID_NONE};
    static const int32_t actions[] = {ACTION_VIEW, ACTION_PURCHASE, ACTION_VIEW, ACTION_LIKE, 0};
    static const int64_t times_ms[] = {0, 1796225400000, 1, INT64_MAX, INT64_MIN};
    struct item_columns columns;
    struct cut_candidate candidates[ITEMS];
    struct buf faults;
    struct ids *ids = ids_new(ITEMS);
    item_columns_init(&columns);
    fill(&columns, ids, candidates);
    buf_init(&faults, FAULTS_MAX);
    char *text = crumbs_alone(slice_of(data, size));
    struct rule_set *rules = rule_set_parse(slice_of(text, size), &columns, 10, &faults);
    assert(!rules == (faults.size > 0));
    if (rules) {
        const struct cut_request request = {
            .candidates = candidates, .count = ITEMS, .as_of_ms = 1796225400000,
            .user = {.items = items,
                     .actions = actions,
                     .times_ms = times_ms,
                     .count = ARRAY_COUNT(items),
                     .shown_items = items,
                     .shown_times_ms = times_ms,
                     .shown_count = ARRAY_COUNT(items),
                     .hash = 7,
                     .actions_total = 3,
                     .newest_ms = 1}};
        (void)rule_set_next_ms(rules, 0);
        cut_all(rules, &columns, ids, &request);
    }
    rule_set_free(rules);
    buf_release(&faults);
    item_columns_release(&columns);
    ids_free(ids);
    free(text);
    return 0;
}
