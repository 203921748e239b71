#include "base/base.h"
#include "base/edit_distance.h"
#include "base/number.h"
#include "syntax/action_syntax.h"

enum { KIND_BYTES_MAX = 40 };

/* Each kind and words that shops use for it, each between bars. */
static const struct {
    const char *name;
    const char *words;
} kinds[EVENT_KINDS_COUNT] = {
    [ACTION_OTHER] = {"OTHER", "|any|misc|unknown|"},
    [ACTION_VIEW] = {"VIEW", "|visit|pageview|page_view|detail|see|play|watch|read|"},
    [ACTION_CLICK] = {"CLICK", "|tap|select|open|press|"},
    [ACTION_LIKE] = {"LIKE", "|fav|favorite|favourite|wish|wishlist|save|share|follow|upvote|"},
    [ACTION_CART] = {"CART", "|add|basket|bag|addtocart|add_to_cart|"},
    [ACTION_PURCHASE] = {"PURCHASE", "|buy|bought|order|ordered|sale|sold|pay|paid|checkout|"
                                     "transaction|"},
    [ACTION_RATING] = {"RATING", "|rate|star|stars|score|review|"},
    [ACTION_DISLIKE] = {"DISLIKE", "|hide|block|downvote|skip|"},
    [ACTION_EXPOSURE] = {"EXPOSURE", "|impression|impressions|shown|show|seen|"},
    [ACTION_IDENTIFY] = {"IDENTIFY", "|login|log_in|signin|sign_in|alias|merge|"},
    [ACTION_SEARCH] = {"SEARCH", "|query|find|lookup|searched|"},
};

const char *action_kind_name(enum action_kind kind)
{
    assert(kind >= 0 && kind < EVENT_KINDS_COUNT);
    return kinds[kind].name;
}

static struct slice trim(struct slice text)
{
    while (text.size && text.data[text.size - 1] == ' ') { text.size--; }
    while (text.size && text.data[0] == ' ') { text = slice_of(text.data + 1, text.size - 1); }
    return text;
}

static int find_kind(struct slice name)
{
    int kind = 0;
    while (kind < EVENT_KINDS_COUNT && !slice_equal(name, slice_str(kinds[kind].name))) { kind++; }
    return kind;
}

/* Returns the kind that a wrong name means; EVENT_KINDS_COUNT: none is near. */
static int nearest_kind(const char *name)
{
    char word[KIND_BYTES_MAX + 3];
    int nearest = EVENT_KINDS_COUNT;
    size_t least = SIZE_MAX;
    char upper[KIND_BYTES_MAX + 1];
    size_t size = strlen(name);
    for (size_t i = 0; i <= size; i++) {
        bool lower = name[i] >= 'a' && name[i] <= 'z';
        upper[i] = (char)(lower ? name[i] - 'a' + 'A' : name[i]);
    }
    (void)snprintf(word, sizeof(word), "|%s|", name);
    for (int kind = 0; kind < EVENT_KINDS_COUNT && size; kind++) {
        if (strcasestr(kinds[kind].words, word)) { return kind; }
        size_t distance = edit_distance(upper, kinds[kind].name);
        if (distance < least) {
            least = distance;
            nearest = kind;
        }
    }
    return edit_is_near(least, size) && least < size ? nearest : EVENT_KINDS_COUNT;
}

static void explain_kind(struct slice name, struct buf *why)
{
    char text[KIND_BYTES_MAX + 1];
    (void)snprintf(text, sizeof(text), "%.*s", (int)MIN_OF(name.size, (size_t)KIND_BYTES_MAX),
                   name.data);
    const char *verdict = strcasecmp(text, "ignore") == 0   ? "ignore"
                          : strcasecmp(text, "refuse") == 0 ? "refuse"
                                                            : NULL;
    if (verdict) {
        buf_printf(why, "there is no kind %s; did you mean %s, in small letters?", text, verdict);
        return;
    }
    int meant = nearest_kind(text);
    if (!text[0]) { buf_printf(why, "no kind is named"); }
    if (text[0]) { buf_printf(why, "there is no kind %s", text); }
    if (meant < EVENT_KINDS_COUNT) { buf_printf(why, "; did you mean %s?", kinds[meant].name); }
    buf_printf(why, "%s write KIND:WEIGHT, KIND:back, ignore or refuse; KIND is one of",
               meant < EVENT_KINDS_COUNT ? "" : ";");
    for (int k = 0; k < EVENT_KINDS_COUNT; k++) { buf_printf(why, " %s", kinds[k].name); }
}

static int parse_weight(const char *text, double weight_max, double *ret_weight, struct buf *why)
{
    double weight;
    bool number = number_parse_real(text + strspn(text, " "), &weight);
    if (number && weight >= 0 && weight <= weight_max) {
        *ret_weight = weight + 0.0;
        return 0;
    }
    if (number) {
        buf_printf(why, "the weight of KIND:WEIGHT must be from 0 to %g (weight.max)", weight_max);
    } else {
        buf_printf(why,
                   "the weight of KIND:WEIGHT must be a number such as 5 or 0.5, not \"%.40s\"",
                   text);
    }
    return -EINVAL;
}

int action_syntax_parse(const char *text, double weight_max, struct action_meaning *ret_meaning,
                        bool *ret_known, struct buf *why)
{
    struct action_meaning meaning = {.kind = ACTION_OTHER, .weight = 1.0};
    size_t size = strcspn(text, ":");
    struct slice name = trim(slice_of(text, size));
    const char *equals = memchr(name.data, '=', name.size);
    bool refused = slice_equal(name, slice_str("refuse"));
    bool ignored = slice_equal(name, slice_str("ignore"));
    if ((refused || ignored) && !text[size]) {
        meaning = (struct action_meaning){.kind = ACTION_OTHER, .ignored = true};
        if (ignored) { *ret_meaning = meaning; }
        *ret_known = ignored;
        return 0;
    }
    if (equals) {
        buf_printf(why, "the weight of KIND:WEIGHT comes behind a colon, not =: write %.*s:%s",
                   (int)(equals - name.data), name.data, equals + 1);
        return -EINVAL;
    }
    meaning.kind = find_kind(name);
    if ((int)meaning.kind == EVENT_KINDS_COUNT) {
        explain_kind(name, why);
        return -EINVAL;
    }
    if (!strcmp(text + size, ":back")) {
        if (meaning.kind == ACTION_EXPOSURE) {
            buf_printf(why, "what a user was shown cannot be taken back");
            return -EINVAL;
        }
        if (meaning.kind == ACTION_IDENTIFY) {
            buf_printf(why, "who a user is cannot be taken back");
            return -EINVAL;
        }
        meaning.takes_back = true;
        *ret_meaning = meaning;
        *ret_known = true;
        return 0;
    }
    if (text[size] && parse_weight(text + size + 1, weight_max, &meaning.weight, why)) {
        return -EINVAL;
    }
    *ret_meaning = meaning;
    *ret_known = true;
    return 0;
}

bool action_syntax_unweighted(const char *text)
{
    return !strchr(text, ':') && find_kind(trim(slice_str(text))) < ACTIONS_COUNT;
}
