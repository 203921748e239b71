/* Evaluation walks the nodes with a stack of columns, each one byte an item. So what a comparison
 * needs is decided once for a list, and the loop over the items has no choices in it.
 */
#include "base/base.h"
#include "rules/condition_internal.h"

static bool compare(enum operation operation, double a, double b)
{
    switch (operation) {
    case OPERATION_EQUAL: return a == b;
    case OPERATION_DIFFERENT: return a != b;
    case OPERATION_LESS: return a < b;
    case OPERATION_AT_MOST: return a <= b;
    case OPERATION_MORE: return a > b;
    case OPERATION_AT_LEAST: return a >= b;
    case OPERATION_KNOWN: return true;
    case OPERATION_AND: case OPERATION_OR: case OPERATION_NOT: case OPERATION_IN:
    case OPERATION_UNKNOWN: break;
    }
    return false;
}

static bool number_holds(const struct condition *condition, const struct condition_node *node,
                         bool known, double value)
{
    if (node->operation == OPERATION_UNKNOWN) { return !known; }
    if (!known) { return false; }
    if (node->operation != OPERATION_IN) { return compare(node->operation, value, node->number); }
    for (size_t k = 0; k < node->values_count; k++) {
        if (condition->numbers[node->values + k] == value) { return true; }
    }
    return false;
}

static void evaluate_numbers(const struct condition *condition, const struct condition_node *node,
                             const struct condition_view *view, const double *values, uint8_t *out)
{
    for (size_t k = 0; k < view->count; k++) {
        double value = values[view->items[k]];
        out[k] = number_holds(condition, node, value >= 0.0, value);
    }
}

static void evaluate_age(const struct condition *condition, const struct condition_node *node,
                         const struct condition_view *view, uint8_t *out)
{
    const int64_t *created = view->columns->created_ms;
    for (size_t k = 0; k < view->count; k++) {
        int64_t created_ms = created[view->items[k]];
        double age = (double)view->as_of_ms - (double)created_ms;
        out[k] = number_holds(condition, node, created_ms > 0, age);
    }
}

static bool symbol_listed(const struct condition *condition, const struct condition_node *node,
                          int32_t symbol)
{
    for (size_t k = 0; k < node->values_count; k++) {
        if (condition->symbols[node->values + k] == symbol) { return true; }
    }
    return false;
}

static void evaluate_symbols(const struct condition *condition, const struct condition_node *node,
                             const struct condition_view *view, const int32_t *symbols,
                             uint8_t *out)
{
    bool different = node->operation == OPERATION_DIFFERENT;
    for (size_t k = 0; k < view->count; k++) {
        int32_t symbol = symbols[view->items[k]];
        bool known = symbol != ID_NONE;
        if (node->operation == OPERATION_KNOWN || node->operation == OPERATION_UNKNOWN) {
            out[k] = known == (node->operation == OPERATION_KNOWN);
        } else {
            out[k] = known && symbol_listed(condition, node, symbol) != different;
        }
    }
}

static void evaluate_ids(const struct condition *condition, const struct condition_node *node,
                         const struct condition_view *view, uint8_t *out)
{
    bool different = node->operation == OPERATION_DIFFERENT;
    for (size_t k = 0; k < view->count; k++) {
        uint64_t hash = ids_hash(view->ids, view->items[k]);
        bool listed = false;
        for (size_t v = 0; v < node->values_count && !listed; v++) {
            listed = condition->ids[node->values + v] == hash;
        }
        out[k] = listed != different;
        if (node->operation == OPERATION_KNOWN) { out[k] = 1; }
        if (node->operation == OPERATION_UNKNOWN) { out[k] = 0; }
    }
}

static void evaluate_texts(const struct condition *condition, const struct condition_node *node,
                           const struct condition_view *view, uint8_t *out)
{
    bool tags = node->attribute == ATTRIBUTE_TAGS;
    for (size_t k = 0; k < view->count; k++) {
        size_t count;
        const int32_t *texts =
            tags ? item_columns_tags(view->columns, view->items[k], &count)
                 : item_columns_levels(view->columns, view->items[k], &count);
        if (node->operation == OPERATION_KNOWN || node->operation == OPERATION_UNKNOWN) {
            out[k] = (count > 0) == (node->operation == OPERATION_KNOWN);
            continue;
        }
        uint8_t has = 0;
        int32_t wanted = condition->symbols[node->values];
        for (size_t t = 0; t < count && !has; t++) { has = texts[t] == wanted; }
        out[k] = has;
    }
}

/* The value of an attribute of the user or the request; false: it is not known. */
static bool common_value(const struct condition_view *view, enum attribute attribute,
                         double *ret_value)
{
    const int64_t hour_ms = 3600000, day_ms = 24 * hour_ms;
    int64_t as_of_ms = MAX_OF(view->as_of_ms, (int64_t)0);
    switch (attribute) {
    case ATTRIBUTE_USER_ACTIONS:
        *ret_value = (double)view->user_actions;
        return true;
    case ATTRIBUTE_USER_IDLE:
        *ret_value = (double)view->as_of_ms - (double)view->user_newest_ms;
        return view->user_newest_ms > 0;
    case ATTRIBUTE_USER_BUCKET:
        *ret_value = (double)(view->user_hash % 100);
        return true;
    case ATTRIBUTE_USER_BORN:
        *ret_value = view->user ? (double)view->user->born : 0.0;
        return *ret_value > 0.0;
    case ATTRIBUTE_HOUR:
        *ret_value = (double)(as_of_ms % day_ms / hour_ms);
        if (view->context && view->context->hour >= 0) { *ret_value = view->context->hour; }
        return true;
    default: /* 1970-01-01 was a Thursday */
        *ret_value = (double)((as_of_ms / day_ms + 3) % 7 + 1);
        if (view->context && view->context->weekday > 0) { *ret_value = view->context->weekday; }
        return true;
    }
}

static void evaluate_common(const struct condition *condition, const struct condition_node *node,
                            const struct condition_view *view, uint8_t *out)
{
    double value = 0.0;
    bool known = common_value(view, node->attribute, &value);
    memset(out, number_holds(condition, node, known, value), view->count);
}

/* A text of the user or the request; empty: it is not known. */
static struct slice common_text(const struct condition_view *view, enum attribute attribute)
{
    const struct request_context *context = view->context;
    if (attribute == ATTRIBUTE_USER_COUNTRY) {
        return view->user ? view->user->country : slice_str("");
    }
    if (!context) { return slice_str(""); }
    return attribute == ATTRIBUTE_DEVICE    ? context->device
           : attribute == ATTRIBUTE_CHANNEL ? context->channel
                                            : context->country;
}

/* Says whether a text is one of a comparison's. What no rule and no item names has no symbol. */
static bool text_listed(const struct condition *condition, const struct condition_node *node,
                        const struct condition_view *view, struct slice text)
{
    int32_t symbol = ids_find(view->columns->symbols, text);
    return symbol != ID_NONE && symbol_listed(condition, node, symbol);
}

static void evaluate_common_text(const struct condition *condition,
                                 const struct condition_node *node,
                                 const struct condition_view *view, uint8_t *out)
{
    struct slice text = common_text(view, node->attribute);
    bool known = text.size > 0, different = node->operation == OPERATION_DIFFERENT;
    bool holds = known && text_listed(condition, node, view, text) != different;
    if (node->operation == OPERATION_KNOWN || node->operation == OPERATION_UNKNOWN) {
        holds = known == (node->operation == OPERATION_KNOWN);
    }
    memset(out, holds, view->count);
}

static void evaluate_user_tags(const struct condition *condition, const struct condition_node *node,
                               const struct condition_view *view, uint8_t *out)
{
    size_t count = view->user ? view->user->tags.count : 0;
    bool holds = (count > 0) == (node->operation == OPERATION_KNOWN);
    if (node->operation != OPERATION_KNOWN && node->operation != OPERATION_UNKNOWN) {
        holds = false;
        for (size_t t = 0; t < count && !holds; t++) {
            holds = text_listed(condition, node, view, view->user->tags.at[t]);
        }
    }
    memset(out, holds, view->count);
}

bool condition_sees(const struct condition *condition, const struct request_context *context)
{
    for (size_t n = 0; n < condition->nodes_count; n++) {
        const struct condition_node *node = &condition->nodes[n];
        if (node->operation <= OPERATION_NOT) { continue; }
        if ((node->attribute == ATTRIBUTE_DEVICE && context->device.size) ||
            (node->attribute == ATTRIBUTE_CHANNEL && context->channel.size) ||
            (node->attribute == ATTRIBUTE_COUNTRY && context->country.size) ||
            (node->attribute == ATTRIBUTE_HOUR && context->hour >= 0) ||
            (node->attribute == ATTRIBUTE_WEEKDAY && context->weekday > 0)) {
            return true;
        }
    }
    return false;
}

bool condition_sees_profile(const struct condition *condition)
{
    for (size_t n = 0; n < condition->nodes_count; n++) {
        const struct condition_node *node = &condition->nodes[n];
        if (node->operation <= OPERATION_NOT) { continue; }
        if (node->attribute == ATTRIBUTE_USER_COUNTRY || node->attribute == ATTRIBUTE_USER_TAGS ||
            node->attribute == ATTRIBUTE_USER_BORN) {
            return true;
        }
    }
    return false;
}

static void evaluate_comparison(const struct condition *condition,
                                const struct condition_node *node,
                                const struct condition_view *view, uint8_t *out)
{
    const struct item_columns *columns = view->columns;
    switch (node->attribute) {
    case ATTRIBUTE_PRICE: evaluate_numbers(condition, node, view, columns->prices, out); break;
    case ATTRIBUTE_STOCK: evaluate_numbers(condition, node, view, columns->stocks, out); break;
    case ATTRIBUTE_AGE: evaluate_age(condition, node, view, out); break;
    case ATTRIBUTE_ID: evaluate_ids(condition, node, view, out); break;
    case ATTRIBUTE_BRAND: evaluate_symbols(condition, node, view, columns->brands, out); break;
    case ATTRIBUTE_KIND: evaluate_symbols(condition, node, view, columns->kinds, out); break;
    case ATTRIBUTE_GROUP: evaluate_symbols(condition, node, view, columns->groups, out); break;
    case ATTRIBUTE_TAGS:
    case ATTRIBUTE_CATEGORY: evaluate_texts(condition, node, view, out); break;
    case ATTRIBUTE_USER_ACTIONS: case ATTRIBUTE_USER_IDLE: case ATTRIBUTE_USER_BUCKET:
    case ATTRIBUTE_USER_BORN: case ATTRIBUTE_HOUR: case ATTRIBUTE_WEEKDAY:
    case ATTRIBUTES_COUNT:
        evaluate_common(condition, node, view, out);
        break;
    case ATTRIBUTE_USER_TAGS: evaluate_user_tags(condition, node, view, out); break;
    case ATTRIBUTE_USER_COUNTRY: case ATTRIBUTE_DEVICE: case ATTRIBUTE_CHANNEL:
    case ATTRIBUTE_COUNTRY:
        evaluate_common_text(condition, node, view, out);
    }
}

void condition_evaluate(const struct condition *condition, const struct condition_view *view,
                        uint8_t *scratch, uint8_t *ret_holds)
{
    size_t count = view->count, depth = 0;
    for (size_t n = 0; n < condition->nodes_count; n++) {
        const struct condition_node *node = &condition->nodes[n];
        uint8_t *top = depth ? scratch + (depth - 1) * count : scratch;
        uint8_t *below = depth > 1 ? top - count : scratch;
        switch (node->operation) {
        case OPERATION_AND:
            for (size_t k = 0; k < count; k++) { below[k] &= top[k]; }
            depth--;
            break;
        case OPERATION_OR:
            for (size_t k = 0; k < count; k++) { below[k] |= top[k]; }
            depth--;
            break;
        case OPERATION_NOT:
            for (size_t k = 0; k < count; k++) { top[k] = !top[k]; }
            break;
        default:
            assert(depth < CONDITION_DEPTH_MAX);
            evaluate_comparison(condition, node, view, scratch + depth++ * count);
        }
    }
    assert(depth == 1);
    memcpy(ret_holds, scratch, count);
}
