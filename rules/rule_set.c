/* A line is parsed on its own: first its key, which names a placement and a setting or a rule of
 * it, then its value, by the kind of the rule. What concerns several lines is checked at the end.
 */
#include "base/base.h"
#include "base/message.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "rules/rule_set.h"
#include "stream/config/properties.h"

enum { LENGTH_MAX = PLACEMENT_PLACES_MAX, TIMES_MAX = 1000, EXPLORED_FROM = 10 };

/* A temperature of relevance, which is 1 for the best candidate. */
#define EXPLORED_AT 0.1
#define EXPLORED_AT_LEAST 0.001

static const char *const kind_names[RULE_KINDS] = {
    [RULE_FILTER] = "filter", [RULE_EXCLUDE] = "exclude", [RULE_BOOST] = "boost",
    [RULE_PIN] = "pin",       [RULE_CAP] = "cap",         [RULE_SHARE] = "share",
    [RULE_AGAIN] = "again",
};

struct reading {
    struct rule_set *rules;
    struct item_columns *columns;
    size_t length;
    struct buf *faults;
    size_t faults_count;
    const struct property_line *line;
    unsigned settings[PLACEMENTS_MAX]; /* that each placement has: a bit for each name */
};

static const char *const setting_names[] = {"length", "repeats", "diversity", "fallback", "only",
                                            "explore"};

const char *rule_kind_name(enum rule_kind kind)
{
    assert(kind < RULE_KINDS);
    return kind_names[kind];
}

struct rule_set *rule_set_free(struct rule_set *rules)
{
    if (!rules) { return NULL; }
    for (size_t p = 0; p < rules->count; p++) {
        struct placement *placement = &rules->placements[p];
        for (size_t k = 0; k < placement->rules_count; k++) {
            condition_free(placement->rules[k].condition);
        }
        free(placement->rules);
    }
    free(rules);
    return NULL;
}

const struct placement *rule_set_find(const struct rule_set *rules, struct slice name)
{
    for (size_t p = 0; p < rules->count; p++) {
        if (slice_equal(slice_str(rules->placements[p].name), name)) {
            return &rules->placements[p];
        }
    }
    return NULL;
}

size_t rule_set_places(const struct rule_set *rules)
{
    size_t places = 0;
    for (size_t p = 0; p < rules->count; p++) { places += rules->placements[p].length; }
    return places;
}

int64_t rule_set_next_ms(const struct rule_set *rules, int64_t after_ms)
{
    int64_t next = INT64_MAX;
    for (size_t p = 0; p < rules->count; p++) {
        for (size_t k = 0; k < rules->placements[p].rules_count; k++) {
            const struct steering_rule *rule = &rules->placements[p].rules[k];
            if (rule->from_ms > after_ms) { next = MIN_OF(next, rule->from_ms); }
            if (rule->until_ms > after_ms) { next = MIN_OF(next, rule->until_ms); }
        }
    }
    return next;
}

bool placement_has(const struct placement *placement, enum rule_kind kind)
{
    for (size_t k = 0; k < placement->rules_count; k++) {
        if (placement->rules[k].kind == kind) { return true; }
    }
    return false;
}

bool placement_sees(const struct placement *placement, const struct request_context *context)
{
    for (size_t k = 0; k < placement->rules_count; k++) {
        const struct condition *condition = placement->rules[k].condition;
        if (condition && condition_sees(condition, context)) { return true; }
    }
    return false;
}

bool rule_set_sees_profiles(const struct rule_set *rules)
{
    for (size_t p = 0; p < rules->count; p++) {
        for (size_t k = 0; k < rules->placements[p].rules_count; k++) {
            const struct condition *condition = rules->placements[p].rules[k].condition;
            if (condition && condition_sees_profile(condition)) { return true; }
        }
    }
    return false;
}

/* ---- Faults ---- */

static bool fault(struct reading *reading, const char *format, ...) _printf_(2, 3);

static bool fault(struct reading *reading, const char *format, ...)
{
    char why[RULE_TEXT_WHY_MAX + 64];
    va_list args;
    va_start(args, format);
    message_write(why, sizeof(why), format, args);
    va_end(args);
    if (++reading->faults_count > RULE_FAULTS_MAX) { return false; }
    buf_printf(reading->faults, "line %d: ", reading->line->line);
    if (reading->line->key) {
        buf_printf(reading->faults, "%s: ", quote_text(reading->line->key).text);
    }
    buf_printf(reading->faults, "%s\n", quote_line(slice_str(why)).text);
    return false;
}

/* ---- Values ---- */

static bool take_condition(struct rule_text *text, struct item_columns *columns,
                           struct steering_rule *rule)
{
    rule->condition = condition_parse(text, columns);
    return rule->condition;
}

static bool take_date(struct rule_text *text, const char *word, int64_t *ret_ms)
{
    if (!rule_text_take(text, word)) { return true; }
    if (text->word != WORD_DATE) {
        return rule_text_fault(text, "behind \"%s\" comes a date: 2026-12-01 or 2026-12-01T08:30 "
                               "(UTC), not %.*s", word, SLICE_ARGS(rule_text_found(text)));
    }
    *ret_ms = (int64_t)text->number;
    rule_text_next(text);
    return true;
}

static bool take_number(struct rule_text *text, double most, const char *what, double *ret_number)
{
    if (text->word != WORD_NUMBER || text->number > most) {
        return rule_text_fault(text, "%s, not %.*s", what, SLICE_ARGS(rule_text_found(text)));
    }
    *ret_number = text->number;
    rule_text_next(text);
    return true;
}

static bool take_whole(struct rule_text *text, size_t most, const char *what, size_t *ret_number)
{
    double number = 0.0;
    if (text->word == WORD_NUMBER && (text->number < 1.0 || text->number != floor(text->number))) {
        return rule_text_fault(text, "%s, not %.*s", what, SLICE_ARGS(rule_text_found(text)));
    }
    if (!take_number(text, (double)most, what, &number)) { return false; }
    *ret_number = (size_t)number;
    return true;
}

static bool take_period(struct rule_text *text, const char *word, int64_t *ret_ms)
{
    if (!rule_text_take(text, word)) { return true; }
    if (text->word != WORD_PERIOD) {
        return rule_text_fault(text, "behind \"%s\" comes a period: 36h, 7d or 4w, not %.*s", word,
                               SLICE_ARGS(rule_text_found(text)));
    }
    *ret_ms = (int64_t)text->number;
    rule_text_next(text);
    return true;
}

static bool take_action(struct rule_text *text, struct steering_rule *rule)
{
    static const char *const names[] = {
        [ACTION_OTHER] = "other",   [ACTION_VIEW] = "view",       [ACTION_CLICK] = "click",
        [ACTION_LIKE] = "like",     [ACTION_CART] = "cart",       [ACTION_PURCHASE] = "purchase",
        [ACTION_RATING] = "rating", [ACTION_DISLIKE] = "dislike", [ACTION_EXPOSURE] = "exposure"};
    for (size_t a = 0; a < ARRAY_COUNT(names); a++) {
        if (!rule_text_take(text, names[a])) { continue; }
        rule->actions |= 1u << a;
        return true;
    }
    return rule_text_fault(text, "%.*s is no kind of action: there are view, click, like, cart, "
                           "purchase, rating, dislike, exposure, other",
                           SLICE_ARGS(rule_text_found(text)));
}

static bool take_actions(struct rule_text *text, struct steering_rule *rule)
{
    do {
        if (!take_action(text, rule)) { return false; }
    } while (rule_text_take(text, ","));
    return true;
}

static bool read_exclude(struct rule_text *text, struct steering_rule *rule)
{
    size_t times = 1;
    rule->for_ms = rule->in_ms = RULE_FOR_EVER;
    if (!take_actions(text, rule)) { return false; }
    if (text->word == WORD_NUMBER) {
        if (!take_whole(text, TIMES_MAX, "a number of times is from 1 to 1000", &times)) {
            return false;
        }
        if (!rule_text_take(text, "times") && !rule_text_take(text, "time")) {
            return rule_text_fault(text, "behind the number comes \"times\"");
        }
    }
    rule->times = (int64_t)times;
    return take_period(text, "in", &rule->in_ms) && take_period(text, "for", &rule->for_ms);
}

static bool read_boost(struct rule_text *text, struct steering_rule *rule)
{
    bool plus = rule_text_take(text, "+"), minus = !plus && rule_text_take(text, "-");
    double number = 0.0;
    rule->factor = 1.0;
    if (!take_number(text, 1000.0, "a boost is a factor (1.5, 0.5) or a sum (+0.2, -0.2), at most "
                     "1000", &number)) {
        return false;
    }
    if (plus || minus) {
        rule->addend = minus ? -number : number;
    } else {
        rule->factor = number;
    }
    return true;
}

static bool read_cap(struct rule_text *text, struct steering_rule *rule)
{
    static const char *const names[] = {
        [CAP_BRAND] = "brand", [CAP_GROUP] = "group", [CAP_KIND] = "kind",
        [CAP_CATEGORY] = "category", [CAP_TAG] = "tag"};
    if (!take_whole(text, LENGTH_MAX, "a cap is a number from 1 to 500: 2 per brand",
                    &rule->number)) {
        return false;
    }
    if (!rule_text_take(text, "per")) { return true; }
    for (size_t by = CAP_BRAND; by < ARRAY_COUNT(names); by++) {
        if (!rule_text_take(text, names[by])) { continue; }
        rule->by = (enum cap_by)by;
        return true;
    }
    return rule_text_fault(text, "behind \"per\" comes brand, group, kind, category or tag, not "
                           "%.*s", SLICE_ARGS(rule_text_found(text)));
}

static bool read_share(struct rule_text *text, struct steering_rule *rule)
{
    if (text->word != WORD_SHARE || text->number <= 0.0 || text->number > 1.0) {
        return rule_text_fault(text, "a share is 1%% to 100%%, not %.*s",
                               SLICE_ARGS(rule_text_found(text)));
    }
    rule->share = text->number;
    rule_text_next(text);
    return true;
}

static bool read_again(struct rule_text *text, struct steering_rule *rule)
{
    if (rule_text_is(text, "every")) {
        rule->actions = 1u << ACTION_PURCHASE;
    } else if (!take_actions(text, rule)) {
        return false;
    }
    if (rule->actions >> ACTION_EXPOSURE & 1) {
        return rule_text_fault(text, "what a user was only shown is not had again: name purchase, "
                               "cart, view, ...");
    }
    if (!take_period(text, "every", &rule->every_ms)) { return false; }
    if (rule->every_ms > 0) { return true; }
    return rule_text_fault(text, "how often? Write a period above 0: purchase every 30d");
}

/* What stands before "if". */
static bool read_head(struct rule_text *text, struct steering_rule *rule)
{
    switch (rule->kind) {
    case RULE_EXCLUDE: return read_exclude(text, rule);
    case RULE_BOOST: return read_boost(text, rule);
    case RULE_PIN:
        return take_whole(text, LENGTH_MAX, "a pin begins with its place, from 1", &rule->number);
    case RULE_CAP: return read_cap(text, rule);
    case RULE_SHARE: return read_share(text, rule);
    case RULE_AGAIN: return read_again(text, rule);
    case RULE_FILTER: case RULE_KINDS: break;
    }
    return true;
}

static bool read_rule(struct rule_text *text, struct item_columns *columns,
                      struct steering_rule *rule)
{
    bool needed = rule->kind == RULE_PIN || rule->kind == RULE_SHARE;
    rule->from_ms = INT64_MIN;
    rule->until_ms = INT64_MAX;
    if (!read_head(text, rule)) { return false; }
    if (rule->kind == RULE_FILTER || rule_text_take(text, "if")) {
        if (!take_condition(text, columns, rule)) { return false; }
    } else if (needed) {
        return rule_text_fault(text, "\"if\" and a condition are missing: of which items?");
    }
    if (!take_date(text, "from", &rule->from_ms) || !take_date(text, "until", &rule->until_ms)) {
        return false;
    }
    if (rule->from_ms >= rule->until_ms) {
        return rule_text_fault(text, "\"until\" is not after \"from\": the rule would never hold");
    }
    if (text->word == WORD_END) { return true; }
    return rule_text_fault(text, "%.*s is not understood here: the rule ends before it, or "
                           "\"and\", \"or\", \"if\", \"from\", \"until\" is missing",
                           SLICE_ARGS(rule_text_found(text)));
}

/* ---- Settings ---- */

static bool read_fallback(struct rule_text *text, struct placement *placement)
{
    static const struct {
        const char *name;
        unsigned fallback;
    } names[] = {{"popular", FALLBACK_POPULAR}, {"new", FALLBACK_NEW},
                 {"uncapped", FALLBACK_UNCAPPED}, {"none", 0}};
    placement->fallbacks = 0;
    do {
        size_t k = 0;
        while (k < ARRAY_COUNT(names) && !rule_text_is(text, names[k].name)) { k++; }
        if (k == ARRAY_COUNT(names)) {
            return rule_text_fault(text, "a fallback is popular, new, uncapped or none, not %.*s",
                                   SLICE_ARGS(rule_text_found(text)));
        }
        placement->fallbacks |= names[k].fallback;
        rule_text_next(text);
    } while (rule_text_take(text, ","));
    return true;
}

/* "10", "10 of 20", "10 of 20 at 0.1". */
static bool read_explore(struct rule_text *text, struct explored_place *explore)
{
    explore->candidates = EXPLORED_FROM;
    explore->temperature = EXPLORED_AT;
    if (!take_whole(text, LENGTH_MAX, "a place is from 1 to 500", &explore->place)) {
        return false;
    }
    if (rule_text_take(text, "of") &&
        !take_whole(text, DRAW_CANDIDATES_MAX, "behind \"of\" comes how many candidates the place "
                    "is drawn from, 1 to 50", &explore->candidates)) {
        return false;
    }
    if (!rule_text_take(text, "at")) { return true; }
    if (!take_number(text, 1000.0, "behind \"at\" comes a temperature from 0.001 to 1000",
                     &explore->temperature)) {
        return false;
    }
    return explore->temperature >= EXPLORED_AT_LEAST ||
           rule_text_fault(text, "a temperature is from 0.001 to 1000; without the setting the "
                           "best candidate gets the place");
}

static bool read_setting(struct rule_text *text, struct placement *placement, const char *name)
{
    bool right;
    if (strcmp(name, "length") == 0) {
        right = take_whole(text, LENGTH_MAX, "a length is from 1 to 500", &placement->length);
    } else if (strcmp(name, "diversity") == 0) {
        right = take_number(text, 1.0, "diversity is from 0 to 1", &placement->diversity);
    } else if (strcmp(name, "repeats") == 0) {
        placement->repeats = rule_text_take(text, "yes") || rule_text_take(text, "true");
        right = placement->repeats || rule_text_take(text, "no") || rule_text_take(text, "false") ||
                rule_text_fault(text, "write yes or no");
    } else if (strcmp(name, "fallback") == 0) {
        right = read_fallback(text, placement);
    } else if (strcmp(name, "only") == 0) {
        placement->only_again = rule_text_take(text, "again");
        right = placement->only_again || rule_text_fault(text, "write again, or no such line");
    } else if (strcmp(name, "explore") == 0) {
        right = read_explore(text, &placement->explore);
    } else {
        return rule_text_fault(text, "there is no setting of this name: there are length, repeats, "
                               "diversity, fallback, explore and only, and the rules filter.NAME, "
                               "exclude.NAME, boost.NAME, pin.NAME, cap.NAME, share.NAME and "
                               "again.NAME");
    }
    if (!right || text->word == WORD_END) { return right; }
    return rule_text_fault(text, "%.*s is too much here", SLICE_ARGS(rule_text_found(text)));
}

/* Of two that differ, the last one would count, and nobody would know. */
static bool is_first(struct reading *reading, const struct placement *placement, const char *name)
{
    unsigned *settings = &reading->settings[placement - reading->rules->placements];
    for (size_t k = 0; k < ARRAY_COUNT(setting_names); k++) {
        if (strcmp(name, setting_names[k]) != 0) { continue; }
        if (*settings >> k & 1) {
            return fault(reading, "this setting is there already; take one of the two away");
        }
        *settings |= 1u << k;
    }
    return true;
}

/* ---- Keys ---- */

/* Checks a name and copies it. */
static bool take_name(struct reading *reading, struct slice name, char *into)
{
    bool right = name.size > 0 && name.size <= RULE_NAME_BYTES_MAX;
    for (size_t k = 0; k < name.size && right; k++) {
        char c = name.data[k];
        right = (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-';
    }
    if (!right) {
        return fault(reading, "a name has 1 to %d small letters, digits, _ or -",
                     RULE_NAME_BYTES_MAX);
    }
    memcpy(into, name.data, name.size);
    into[name.size] = '\0';
    return true;
}

static struct placement *find_placement(struct reading *reading, struct slice name)
{
    struct rule_set *rules = reading->rules;
    struct placement *known = (struct placement *)(uintptr_t)rule_set_find(rules, name);
    if (known) { return known; }
    if (rules->count == PLACEMENTS_MAX) {
        (void)fault(reading, "there are at most %d placements", PLACEMENTS_MAX);
        return NULL;
    }
    struct placement *placement = &rules->placements[rules->count];
    *placement = (struct placement){.length = reading->length, .fallbacks = FALLBACK_POPULAR};
    if (!take_name(reading, name, placement->name)) { return NULL; }
    rules->count++;
    return placement;
}

static struct steering_rule *add_rule(struct reading *reading, struct placement *placement,
                                      enum rule_kind kind, struct slice name)
{
    struct steering_rule rule = {.kind = kind};
    if (!take_name(reading, name, rule.name)) { return NULL; }
    for (size_t k = 0; k < placement->rules_count; k++) {
        if (placement->rules[k].kind == kind && strcmp(placement->rules[k].name, rule.name) == 0) {
            (void)fault(reading, "this rule is there already; give one of them another name");
            return NULL;
        }
    }
    if (placement->rules_count == PLACEMENT_RULES_MAX) {
        (void)fault(reading, "a placement has at most %d rules", PLACEMENT_RULES_MAX);
        return NULL;
    }
    placement->rules = xreallocarray(placement->rules, placement->rules_count + 1,
                                     sizeof(*placement->rules));
    placement->rules[placement->rules_count] = rule;
    return &placement->rules[placement->rules_count++];
}

static bool read_kind(struct slice word, enum rule_kind *ret_kind)
{
    for (int k = 0; k < RULE_KINDS; k++) {
        if (!slice_equal(word, slice_str(kind_names[k]))) { continue; }
        *ret_kind = (enum rule_kind)k;
        return true;
    }
    return false;
}

static bool read_line(struct reading *reading, struct rule_text *text)
{
    const char *key = reading->line->key, *dot = strchr(key, '.');
    if (!dot) {
        return fault(reading, "a key is PLACEMENT.SETTING or PLACEMENT.RULE.NAME: home.length, "
                     "home.filter.in_stock");
    }
    struct placement *placement = find_placement(reading, slice_of(key, (size_t)(dot - key)));
    if (!placement) { return false; }
    const char *rest = dot + 1, *second = strchr(rest, '.');
    enum rule_kind kind;
    if (!second) {
        return is_first(reading, placement, rest) && read_setting(text, placement, rest);
    }
    if (!read_kind(slice_of(rest, (size_t)(second - rest)), &kind)) {
        return fault(reading, "there is no such rule: there are filter, exclude, boost, pin, cap, "
                     "share and again");
    }
    struct steering_rule *rule = add_rule(reading, placement, kind, slice_str(second + 1));
    return rule && read_rule(text, reading->columns, rule);
}

static void check_explored(struct reading *reading, const struct placement *placement)
{
    if (placement->explore.place <= placement->length) { return; }
    reading->faults_count++;
    buf_printf(reading->faults, "%s.explore: place %zu is behind the list's end, which has %zu "
               "places: raise %s.length\n", placement->name, placement->explore.place,
               placement->length, placement->name);
}

static void check_pins(struct reading *reading, const struct placement *placement)
{
    for (size_t k = 0; k < placement->rules_count; k++) {
        const struct steering_rule *rule = &placement->rules[k];
        if (rule->kind != RULE_PIN || rule->number <= placement->length) { continue; }
        reading->faults_count++;
        buf_printf(reading->faults, "%s.pin.%s: place %zu is behind the list's end, which has "
                   "%zu places: raise %s.length\n", placement->name, rule->name, rule->number,
                   placement->length, placement->name);
    }
}

/* What concerns several lines. */
static void check_whole(struct reading *reading)
{
    static const struct property_line end = {0};
    const struct rule_set *rules = reading->rules;
    reading->line = &end;
    if (rule_set_places(rules) > PLACEMENT_PLACES_MAX && ++reading->faults_count) {
        buf_printf(reading->faults, "the placements have %zu places; at most %d\n",
                   rule_set_places(rules), PLACEMENT_PLACES_MAX);
    }
    for (size_t p = 0; p < rules->count; p++) {
        const struct placement *placement = &rules->placements[p];
        check_pins(reading, placement);
        check_explored(reading, placement);
        if (!placement->only_again || placement_has(placement, RULE_AGAIN)) { continue; }
        reading->faults_count++;
        buf_printf(reading->faults, "%s.only: nothing would ever be listed: say what, as in "
                   "%s.again.all=purchase every 30d\n", placement->name, placement->name);
    }
}

struct rule_set *rule_set_parse(struct slice text, struct item_columns *columns, size_t length,
                                struct buf *faults)
{
    struct property_line line;
    struct properties_reader reader;
    struct reading reading = {.rules = xcalloc(1, sizeof(struct rule_set)), .columns = columns,
                              .length = length, .faults = faults, .line = &line};
    if (text.size > RULES_BYTES_MAX) {
        buf_printf(faults, "the rules have %zu bytes; at most %d\n", text.size, RULES_BYTES_MAX);
        return rule_set_free(reading.rules);
    }
    properties_reader_init(&reader, text);
    int rc;
    while ((rc = properties_next(&reader, &line)) != 0) {
        struct rule_text words;
        if (rc < 0) {
            line.key = NULL;
            (void)fault(&reading, "%s", line.fault);
            continue;
        }
        rule_text_init(&words, slice_str(line.value));
        if (!read_line(&reading, &words) && words.why[0]) {
            (void)fault(&reading, "%s", words.why);
        }
    }
    properties_reader_release(&reader);
    if (!reading.faults_count) { check_whole(&reading); }
    if (!reading.faults_count) { return reading.rules; }
    return rule_set_free(reading.rules);
}
