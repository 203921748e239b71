/* Conditions of rules: what must hold of an item, its user and the request.
 *
 *     price < 20 and (brand = 'Acme' or tags has 'sale') and not category has 'Adult'
 *
 *     condition  = comparison | "not" condition | condition "and" condition
 *                | condition "or" condition | "(" condition ")"
 *     comparison = NAME ("=" | "!=" | "<" | "<=" | ">" | ">=") VALUE
 *                | NAME "in" "(" VALUE {"," VALUE} ")" | NAME "has" TEXT
 *                | NAME "is" ("known" | "unknown")
 *
 * "not" binds more than "and", "and" more than "or". A value is a number (20, 0.5), a period (90s,
 * 15m, 36h, 14d, 2w) or a text in quotes of either kind. A comparison with what is not known does
 * not hold.
 *
 * | name | type | of |
 * | price, stock | number | item |
 * | age | period since the item was created | item |
 * | id, brand, kind, group | text | item |
 * | tags, category | texts ("has"); a category has all levels of its path | item |
 * | user.actions | number of actions, ever | user |
 * | user.idle | period since the newest action | user |
 * | user.bucket | 0 to 99, by a hash of the user's id | user |
 * | user.country | text | user's profile |
 * | user.tags | texts ("has") | user's profile |
 * | user.born | year | user's profile |
 * | device, channel, country | text | request |
 * | hour | 0 to 23; the request's, else UTC, of the list's as_of_ms | request |
 * | weekday | 1 (Monday) to 7; as hour | request |
 *
 * A text is checked when it is parsed, and compiled: texts become numbers of the columns. A
 * condition is evaluated for many items at a time, one comparison after the other.
 */
#ifndef FRESHET_RULES_CONDITION_H
#define FRESHET_RULES_CONDITION_H

#include "base/buf.h"
#include "rules/item_columns.h"
#include "rules/rule_text.h"

enum {
    CONDITION_NODES_MAX = 64,  /* comparisons and operators */
    CONDITION_DEPTH_MAX = 16,  /* columns that are needed at a time */
    CONDITION_VALUES_MAX = 64, /* of one "in" */
};

struct condition;

/* What a request says of itself. A list that stands is made without. */
struct request_context {
    struct slice device, channel, country; /* empty: not known */
    int32_t hour;                          /* below 0: not known */
    int32_t weekday;                       /* 1 (Monday) to 7; 0: not known */
    struct slice region, geohash;          /* no condition reads these */
};

/* What the platform knows of a user. */
struct user_attributes {
    struct slice country; /* empty: not known */
    struct slices tags;
    int32_t born; /* year; 0: not known */
};

/* What conditions are evaluated on. */
struct condition_view {
    const struct item_columns *columns; /* they reach all of `items` */
    const struct ids *ids;              /* of the items */
    const int32_t *items;
    size_t count;
    int64_t as_of_ms;
    int64_t user_actions;
    int64_t user_newest_ms; /* 0: not known */
    uint64_t user_hash;
    const struct user_attributes *user;    /* NULL: nothing is known */
    const struct request_context *context; /* NULL: there is none */
};

/* Parses a condition from the text, which goes on behind it. NULL: the fault is in the text's
 * reason. Free with condition_free(). */
struct condition *condition_parse(struct rule_text *text, struct item_columns *columns);
/* Frees it; takes NULL; returns NULL. */
struct condition *condition_free(struct condition *condition);
/* Evaluates: ret_holds has 1 or 0 for each item. `scratch` has CONDITION_DEPTH_MAX times as many
 * bytes as there are items. */
void condition_evaluate(const struct condition *condition, const struct condition_view *view,
                        uint8_t *scratch, uint8_t *ret_holds);
/* Says whether a condition reads something of the request that this context has. */
bool condition_sees(const struct condition *condition, const struct request_context *context);
/* Says whether a condition reads something of the user's profile. */
bool condition_sees_profile(const struct condition *condition);
/* Returns the fingerprints of the ids that the condition names, for rules that bring items. */
const uint64_t *condition_ids(const struct condition *condition, size_t *ret_count);

#endif
