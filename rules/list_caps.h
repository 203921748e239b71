/* List caps: how many items of a brand, group, kind, category or tag a list may have.
 *
 * Counts only grow while a list is made, so an item that is over a cap stays over it. One thread.
 */
#ifndef FRESHET_RULES_LIST_CAPS_H
#define FRESHET_RULES_LIST_CAPS_H

#include "rules/rule_set.h"

enum { LIST_CAPS_MAX = PLACEMENT_RULES_MAX + 1, CAP_NONE = -1 };

/* A cap at work. */
struct list_cap {
    enum cap_by by;
    size_t number;
    int32_t rule;
    const uint8_t *holds; /* by candidate; NULL: for all */
    size_t total;         /* CAP_ALL */
    uint16_t *counts;     /* by symbol; all zero between lists */
    size_t counts_capacity;
};

struct list_caps {
    const struct item_columns *columns; /* borrowed */
    struct list_cap at[LIST_CAPS_MAX];
    size_t count;
};

/* Frees the memory; init with zeros and the columns. */
void list_caps_release(struct list_caps *caps);
/* Begins a list without caps. The places of the one before must have been taken back. */
void list_caps_begin(struct list_caps *caps);
/* Adds a cap; `holds` (NULL: for all) is borrowed. */
void list_caps_add(struct list_caps *caps, enum cap_by by, size_t number, int32_t rule,
                   const uint8_t *holds);
/* Returns the rule of the first cap that one more such candidate would exceed, or CAP_NONE. */
int32_t list_caps_over(const struct list_caps *caps, size_t candidate, int32_t item);
/* Says whether a rule is one of these caps. */
bool list_caps_has(const struct list_caps *caps, int32_t rule);
/* Counts a place. */
void list_caps_count(struct list_caps *caps, size_t candidate, int32_t item);
/* Takes back what was counted of an item, at the list's end. */
void list_caps_forget(struct list_caps *caps, int32_t item);

#endif
