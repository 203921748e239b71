/* Small texts from outside. The first byte picks who reads it:
 *   times, field paths and the documents they lead into, names of actions, values of options, ends
 *   of an input, names of generations, hints, log lines. */
#include "base/base.h"
#include "base/edit_distance.h"
#include "base/quote.h"
#include "base/utf8.h"
#include "ingest/mapping/action_names.h"
#include "ingest/mapping/field_path.h"
#include "syntax/json_text.h"
#include "syntax/timestamp.h"
#include "stream/generation.h"
#include "stream/config/input_end.h"
#include "stream/config/option_value.h"
#include "tests/fuzz/crumbs.h"

enum { NAMES_MAX = 20, QUOTED_MAX = 300 };

static void check_time(int rc, int64_t ms)
{
    assert(rc == 0 || rc == -EINVAL);
    assert(rc < 0 || (ms >= TIMESTAMP_FIRST_MS && ms <= TIMESTAMP_LAST_MS));
}

static void times(struct crumbs *crumbs)
{
    int64_t ms = 0;
    uint64_t bits = crumbs_number(crumbs);
    double real;
    memcpy(&real, &bits, sizeof(real));
    for (enum time_format format = TIME_FORMAT_MS; format < TIME_FORMAT_ISO8601; format++) {
        check_time(timestamp_from_integer(format, (int64_t)bits, &ms), ms);
        check_time(timestamp_from_real(format, real, &ms), ms);
    }
    struct slice text = crumbs_take(crumbs, crumbs->left);
    char *alone = crumbs_alone(text);
    check_time(timestamp_from_text(slice_of(alone, text.size), &ms), ms);
    free(alone);
}

static void paths(struct crumbs *crumbs)
{
    static const struct json_rules how = {.values_max = JSON_VALUES_MAX};
    _cleanup_(xfreep) char *text = crumbs_text(crumbs_piece(crumbs));
    struct slice rest = crumbs_take(crumbs, crumbs->left);
    char *alone = crumbs_alone(rest), where[64];
    struct field_path *path = NULL;
    json_t *document = NULL;
    const char *why = NULL;
    if (field_path_new(slice_str(text), &path, &why)) {
        assert(why && !path);
    } else if (alone && json_text_parse(slice_of(alone, rest.size), &how, &document, where,
                                        sizeof(where)) == JSON_FINE) {
        for (size_t i = 0; i < field_path_parts(path); i++) {
            json_t *found = field_path_find(field_path_part(path, i), document);
            assert(!found || !json_is_null(found) || json_flaw_of(found));
        }
    }
    field_path_free(path);
    json_decref(document);
    free(alone);
}

static void actions(struct crumbs *crumbs)
{
    struct property at[NAMES_MAX];
    struct properties properties = {at, 0};
    char why[512] = "";
    struct action_names *names = NULL;
    char *fallback = crumbs_text(crumbs_piece(crumbs));
    while (properties.count < NAMES_MAX && crumbs->left) {
        at[properties.count++] = (struct property){crumbs_text(crumbs_piece(crumbs)),
                                                   crumbs_text(crumbs_piece(crumbs))};
    }
    if (action_names_new(&properties, fallback, 1000, &names, why, sizeof(why)) == 0) {
        for (size_t i = 0; i < properties.count; i++) {
            const struct action_meaning *meaning =
                action_names_find(names, slice_str(at[i].key));
            assert(!meaning || (meaning->weight >= 0 && meaning->weight <= 1000));
        }
    } else {
        assert(strlen(why) > 0);
    }
    action_names_free(names);
    for (size_t i = 0; i < properties.count; i++) {
        free((void *)at[i].key);
        free((void *)at[i].value);
    }
    free(fallback);
}

static void values(struct crumbs *crumbs)
{
    static const struct option options[] = {
        {"l", OPTION_LONG, 0, "1", -5, 1e9, .help = "A number"},
        {"d", OPTION_DOUBLE, 0, "1", 0, 1e9, .help = "A real"},
        {"b", OPTION_BOOL, 0, "true", 0, 0, .help = "A switch"},
        {"s", OPTION_BYTES, 0, "1k", 1, 1e12, .help = "A size"},
        {"t", OPTION_DURATION, 0, "1s", 1, 1e13, .help = "A duration"},
        {"c", OPTION_CHOICE, 0, "x", .choices = "x|y|zz", .help = "A choice"},
    };
    const struct option *option = &options[crumbs_byte(crumbs) % ARRAY_COUNT(options)];
    _cleanup_(xfreep) char *text = crumbs_text(crumbs_take(crumbs, crumbs->left));
    struct option_value value = {0};
    if (option_value_parse(option, text, &value)) { return; }
    if (option->type == OPTION_DOUBLE) {
        assert(value.real >= option->min && value.real <= option->max);
    } else if (option->max > 0) {
        double number = (double)value.number;
        assert(number >= option->min && number <= option->max);
    }
}

static void names(struct crumbs *crumbs)
{
    _cleanup_(xfreep) char *text = crumbs_text(crumbs_piece(crumbs));
    _cleanup_(xfreep) char *other = crumbs_text(crumbs_piece(crumbs));
    if (input_end_valid(text)) { assert(input_end_of(text, 0) >= 0); }
    if (generation_valid(text)) { assert(strlen(text) <= GENERATION_BYTES_MAX); }
    size_t there = edit_distance(text, other), back = edit_distance(other, text);
    assert(there == back && (there == 0) == (strcmp(text, other) == 0));
}

static void quoted(struct crumbs *crumbs)
{
    char into[QUOTED_MAX];
    size_t size = 8 + crumbs_byte(crumbs);
    struct slice text = crumbs_take(crumbs, crumbs->left);
    char *alone = crumbs_alone(text);
    const char *shown = quote_value(alone ? alone : "", text.size, into, size);
    assert(strlen(shown) < size && utf8_valid(shown, strlen(shown)));
    for (const char *at = shown; *at; at++) { assert((unsigned char)*at >= 0x20 && *at != 0x7f); }
    assert(utf8_valid(alone, text.size) == utf8_valid_slow(alone, text.size));
    free(alone);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const readers[])(struct crumbs *crumbs) = {times,  paths, actions,
                                                             values, names, quoted};
    struct crumbs crumbs = {data, size};
    readers[crumbs_byte(&crumbs) % ARRAY_COUNT(readers)](&crumbs);
    return 0;
}
