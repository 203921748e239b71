/* Parsing is by recursive descent and writes nodes in postfix order, for condition_evaluate.c. */
#include "base/base.h"
#include "base/xalloc.h"
#include "rules/condition_internal.h"

enum attribute_type { TYPE_NUMBER, TYPE_PERIOD, TYPE_TEXT, TYPE_TEXTS };

static const struct {
    const char *name;
    enum attribute_type type;
} attributes[ATTRIBUTES_COUNT] = {
    [ATTRIBUTE_PRICE] = {"price", TYPE_NUMBER},
    [ATTRIBUTE_STOCK] = {"stock", TYPE_NUMBER},
    [ATTRIBUTE_AGE] = {"age", TYPE_PERIOD},
    [ATTRIBUTE_ID] = {"id", TYPE_TEXT},
    [ATTRIBUTE_BRAND] = {"brand", TYPE_TEXT},
    [ATTRIBUTE_KIND] = {"kind", TYPE_TEXT},
    [ATTRIBUTE_GROUP] = {"group", TYPE_TEXT},
    [ATTRIBUTE_TAGS] = {"tags", TYPE_TEXTS},
    [ATTRIBUTE_CATEGORY] = {"category", TYPE_TEXTS},
    [ATTRIBUTE_USER_ACTIONS] = {"user.actions", TYPE_NUMBER},
    [ATTRIBUTE_USER_IDLE] = {"user.idle", TYPE_PERIOD},
    [ATTRIBUTE_USER_BUCKET] = {"user.bucket", TYPE_NUMBER},
    [ATTRIBUTE_USER_COUNTRY] = {"user.country", TYPE_TEXT},
    [ATTRIBUTE_USER_TAGS] = {"user.tags", TYPE_TEXTS},
    [ATTRIBUTE_USER_BORN] = {"user.born", TYPE_NUMBER},
    [ATTRIBUTE_DEVICE] = {"device", TYPE_TEXT},
    [ATTRIBUTE_CHANNEL] = {"channel", TYPE_TEXT},
    [ATTRIBUTE_COUNTRY] = {"country", TYPE_TEXT},
    [ATTRIBUTE_HOUR] = {"hour", TYPE_NUMBER},
    [ATTRIBUTE_WEEKDAY] = {"weekday", TYPE_NUMBER},
};

struct parsing {
    struct rule_text *text;
    struct item_columns *columns;
    struct condition *condition;
    int depth; /* of the parentheses and of "not" */
};

struct condition *condition_free(struct condition *condition)
{
    if (!condition) { return NULL; }
    free(condition->symbols);
    free(condition->ids);
    free(condition->numbers);
    free(condition);
    return NULL;
}

const uint64_t *condition_ids(const struct condition *condition, size_t *ret_count)
{
    *ret_count = condition ? condition->ids_count : 0;
    return condition ? condition->ids : NULL;
}

/* ---- Parsing ---- */

static bool add_node(struct parsing *parsing, struct condition_node node)
{
    struct condition *condition = parsing->condition;
    if (condition->nodes_count == CONDITION_NODES_MAX) {
        return rule_text_fault(parsing->text, "a condition has at most %d comparisons and words "
                               "between them: make several rules of it", CONDITION_NODES_MAX);
    }
    condition->nodes[condition->nodes_count++] = node;
    return true;
}

static bool find_attribute(struct parsing *parsing, enum attribute *ret_attribute)
{
    struct rule_text *text = parsing->text;
    for (int a = 0; a < ATTRIBUTES_COUNT; a++) {
        if (rule_text_take(text, attributes[a].name)) {
            *ret_attribute = (enum attribute)a;
            return true;
        }
    }
    return rule_text_fault(text, "%.*s is no attribute: there are price, stock, age, id, brand, "
                           "kind, group, tags, category, user.actions, user.idle, user.bucket, "
                           "user.country, user.tags, user.born, device, channel, country, hour "
                           "and weekday", SLICE_ARGS(rule_text_found(text)));
}

static const char *type_hint(enum attribute_type type)
{
    switch (type) {
    case TYPE_NUMBER: return "a number";
    case TYPE_PERIOD: return "a period (36h, 14d)";
    case TYPE_TEXT: case TYPE_TEXTS: break;
    }
    return "a text in quotes";
}

/* Reads one value of an attribute's type, and keeps it: texts among the condition's values, numbers
 * in the node and, for "in", among them, too. */
static bool take_value(struct parsing *parsing, struct condition_node *node)
{
    struct rule_text *text = parsing->text;
    struct condition *condition = parsing->condition;
    enum attribute_type type = attributes[node->attribute].type;
    static const enum rule_word words[] = {[TYPE_NUMBER] = WORD_NUMBER, [TYPE_PERIOD] = WORD_PERIOD,
                                           [TYPE_TEXT] = WORD_TEXT, [TYPE_TEXTS] = WORD_TEXT};
    if (text->word != words[type]) {
        return rule_text_fault(text, "%s is compared with %s, not with %.*s",
                               attributes[node->attribute].name, type_hint(type),
                               SLICE_ARGS(rule_text_found(text)));
    }
    if (node->values_count == CONDITION_VALUES_MAX) {
        return rule_text_fault(text, "\"in\" has at most %d values", CONDITION_VALUES_MAX);
    }
    if (type == TYPE_NUMBER || type == TYPE_PERIOD) {
        condition->numbers = xreallocarray(condition->numbers, condition->numbers_count + 1,
                                           sizeof(*condition->numbers));
        condition->numbers[condition->numbers_count++] = node->number = text->number;
    } else if (node->attribute == ATTRIBUTE_ID) {
        condition->ids =
            xreallocarray(condition->ids, condition->ids_count + 1, sizeof(*condition->ids));
        condition->ids[condition->ids_count++] = ids_fingerprint(text->text);
    } else {
        condition->symbols = xreallocarray(condition->symbols, condition->symbols_count + 1,
                                           sizeof(*condition->symbols));
        condition->symbols[condition->symbols_count++] =
            item_columns_symbol(parsing->columns, text->text);
    }
    node->values_count++;
    rule_text_next(text);
    return true;
}

static size_t values_end(const struct condition *condition, enum attribute attribute)
{
    if (attribute == ATTRIBUTE_ID) { return condition->ids_count; }
    bool text = attributes[attribute].type == TYPE_TEXT || attributes[attribute].type == TYPE_TEXTS;
    return text ? condition->symbols_count : condition->numbers_count;
}

static bool take_list(struct parsing *parsing, struct condition_node *node)
{
    struct rule_text *text = parsing->text;
    if (!rule_text_take(text, "(")) {
        return rule_text_fault(text, "\"in\" is followed by ( and values with commas between them");
    }
    do {
        if (!take_value(parsing, node)) { return false; }
    } while (rule_text_take(text, ","));
    if (rule_text_take(text, ")")) { return true; }
    return rule_text_fault(text, "the values of \"in\" end with ), not with %.*s",
                           SLICE_ARGS(rule_text_found(text)));
}

static bool take_known(struct parsing *parsing, struct condition_node *node)
{
    if (rule_text_take(parsing->text, "known")) {
        node->operation = OPERATION_KNOWN;
    } else if (rule_text_take(parsing->text, "unknown")) {
        node->operation = OPERATION_UNKNOWN;
    } else {
        return rule_text_fault(parsing->text, "write \"is known\" or \"is unknown\"");
    }
    return true;
}

static bool take_sign(struct parsing *parsing, struct condition_node *node)
{
    static const struct {
        const char *sign;
        enum operation operation;
    } signs[] = {{"=", OPERATION_EQUAL},   {"!=", OPERATION_DIFFERENT}, {"<", OPERATION_LESS},
                 {"<=", OPERATION_AT_MOST}, {">", OPERATION_MORE},
                 {">=", OPERATION_AT_LEAST}};
    struct rule_text *text = parsing->text;
    enum attribute_type type = attributes[node->attribute].type;
    const char *name = attributes[node->attribute].name;
    for (size_t k = 0; k < ARRAY_COUNT(signs); k++) {
        if (!rule_text_is(text, signs[k].sign)) { continue; }
        bool ordered = type == TYPE_NUMBER || type == TYPE_PERIOD;
        if (!ordered && k > 1) {
            return rule_text_fault(text, "%s is a text: compare it with = or !=", name);
        }
        rule_text_next(text);
        node->operation = signs[k].operation;
        return take_value(parsing, node);
    }
    return rule_text_fault(text, "behind %s comes = != < <= > >= in or is, not %.*s", name,
                           SLICE_ARGS(rule_text_found(text)));
}

static bool parse_comparison(struct parsing *parsing)
{
    struct rule_text *text = parsing->text;
    struct condition_node node = {.operation = OPERATION_IN};
    if (!find_attribute(parsing, &node.attribute)) { return false; }
    bool texts = attributes[node.attribute].type == TYPE_TEXTS;
    node.values = values_end(parsing->condition, node.attribute);
    bool right;
    if (rule_text_take(text, "is")) {
        right = take_known(parsing, &node);
    } else if (texts) {
        right = rule_text_take(text, "has")
                    ? take_value(parsing, &node)
                    : rule_text_fault(text, "%s are several texts: write %s has 'TEXT'",
                                      attributes[node.attribute].name,
                                      attributes[node.attribute].name);
    } else {
        right = rule_text_take(text, "in") ? take_list(parsing, &node)
                                           : take_sign(parsing, &node);
    }
    return right && add_node(parsing, node);
}

static bool parse_or(struct parsing *parsing);

static bool parse_unary(struct parsing *parsing)
{
    struct rule_text *text = parsing->text;
    if (!rule_text_is(text, "not") && !rule_text_is(text, "(")) {
        return parse_comparison(parsing);
    }
    if (++parsing->depth > CONDITION_DEPTH_MAX) {
        return rule_text_fault(text, "a condition is at most %d parentheses deep",
                               CONDITION_DEPTH_MAX);
    }
    bool right;
    if (rule_text_take(text, "not")) {
        right = parse_unary(parsing) &&
                add_node(parsing, (struct condition_node){.operation = OPERATION_NOT});
    } else {
        rule_text_next(text);
        right = parse_or(parsing);
        if (right && !rule_text_take(text, ")")) {
            right = rule_text_fault(text, "a ) is missing before %.*s",
                                    SLICE_ARGS(rule_text_found(text)));
        }
    }
    parsing->depth--;
    return right;
}

static bool parse_and(struct parsing *parsing)
{
    if (!parse_unary(parsing)) { return false; }
    while (rule_text_take(parsing->text, "and")) {
        if (!parse_unary(parsing)) { return false; }
        if (!add_node(parsing, (struct condition_node){.operation = OPERATION_AND})) {
            return false;
        }
    }
    return true;
}

static bool parse_or(struct parsing *parsing)
{
    if (!parse_and(parsing)) { return false; }
    while (rule_text_take(parsing->text, "or")) {
        if (!parse_and(parsing)) { return false; }
        if (!add_node(parsing, (struct condition_node){.operation = OPERATION_OR})) {
            return false;
        }
    }
    return true;
}

/* Returns how many columns the evaluation has at a time. */
static int columns_needed(const struct condition *condition)
{
    int now = 0, most = 0;
    for (size_t k = 0; k < condition->nodes_count; k++) {
        enum operation operation = condition->nodes[k].operation;
        if (operation == OPERATION_NOT) { continue; }
        now += operation == OPERATION_AND || operation == OPERATION_OR ? -1 : 1;
        most = MAX_OF(most, now);
    }
    return most;
}

struct condition *condition_parse(struct rule_text *text, struct item_columns *columns)
{
    struct condition *condition = xcalloc(1, sizeof(*condition));
    struct parsing parsing = {.text = text, .columns = columns, .condition = condition};
    if (!parse_or(&parsing)) { return condition_free(condition); }
    if (columns_needed(condition) > CONDITION_DEPTH_MAX) {
        (void)rule_text_fault(text, "a condition is at most %d comparisons deep: put the parts "
                              "with parentheses first", CONDITION_DEPTH_MAX);
        return condition_free(condition);
    }
    return condition;
}
