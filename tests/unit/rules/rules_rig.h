/* A few items with attributes, for tests of rules. */
#ifndef FRESHET_TESTS_UNIT_RULES_RULES_RIG_H
#define FRESHET_TESTS_UNIT_RULES_RULES_RIG_H

#include "base/base.h"
#include "rules/list_cut.h"

#include <setjmp.h>
#include <cmocka.h>

struct rules_rig {
    struct item_columns columns;
    struct ids *ids;
};

static inline void rules_rig_init(struct rules_rig *rig)
{
    item_columns_init(&rig->columns);
    rig->ids = ids_new(100000);
}

static inline void rules_rig_clear(struct rules_rig *rig)
{
    item_columns_release(&rig->columns);
    ids_free(rig->ids);
}

/* Adds an item; tags and category are words with blanks between them. Returns its number. */
static inline int32_t rules_rig_item(struct rules_rig *rig, const char *id, struct item values,
                                     const char *tags, const char *category)
{
    struct slice words[2][32];
    const char *texts[2] = {tags, category};
    size_t counts[2] = {0};
    for (int t = 0; t < 2; t++) {
        for (const char *at = texts[t]; at && *at; counts[t]++) {
            size_t size = strcspn(at, " ");
            words[t][counts[t]] = slice_of(at, size);
            at += size + (at[size] == ' ');
        }
    }
    int32_t number = ids_put(rig->ids, slice_str(id));
    values.tags = (struct slices){words[0], counts[0]};
    values.category = (struct slices){words[1], counts[1]};
    item_columns_put(&rig->columns, number, &values);
    return number;
}

/* Parses rules that have no fault. */
static inline struct rule_set *rules_rig_parse(struct rules_rig *rig, const char *text)
{
    struct buf faults;
    buf_init(&faults, 1 << 16);
    struct rule_set *rules = rule_set_parse(slice_str(text), &rig->columns, 10, &faults);
    if (!rules) { fail_msg("%.*s", SLICE_ARGS(buf_slice(&faults))); }
    buf_release(&faults);
    return rules;
}

#endif
