#include "base/base.h"
#include "base/edit_distance.h"
#include "cli/flag_words.h"

#include <getopt.h>

/* Values of long flags begin behind those of all letters. */
enum { LONG_FIRST = 256 };

struct forms {
    char letters[2 * FLAG_WORDS_MAX + 2];
    struct option longs[FLAG_WORDS_MAX + 1];
};

static void make_forms(struct forms *forms, const struct flag_word *flags, size_t count)
{
    size_t size = 0;
    assert(count <= FLAG_WORDS_MAX);
    forms->letters[size++] = ':'; /* distinguishes a missing value from an unknown flag */
    for (size_t i = 0; i < count; i++) {
        int wants = flags[i].has_value ? required_argument : no_argument;
        forms->longs[i] = (struct option){flags[i].name, wants, NULL, LONG_FIRST + (int)i};
        if (!flags[i].letter) { continue; }
        forms->letters[size++] = flags[i].letter;
        if (flags[i].has_value) { forms->letters[size++] = ':'; }
    }
    forms->letters[size] = '\0';
    forms->longs[count] = (struct option){0};
}

static size_t find(const struct flag_word *flags, size_t count, int code)
{
    if (code >= LONG_FIRST) { return (size_t)(code - LONG_FIRST); }
    for (size_t i = 0; i < count; i++) {
        if (code && flags[i].letter == code) { return i; }
    }
    return count;
}

/* Returns the flag whose name is nearest to a wrong one; NULL: none is near. */
static const char *nearest(const struct flag_word *flags, size_t count, const char *wrong)
{
    size_t length = strcspn(wrong, "=");
    char name[EDIT_TEXT_MAX + 1];
    const char *best = NULL;
    size_t least = SIZE_MAX;
    if (length >= sizeof(name)) { return NULL; }
    (void)snprintf(name, sizeof(name), "%.*s", (int)length, wrong);
    for (size_t i = 0; i < count; i++) {
        bool begins = length && strncmp(flags[i].name, name, length) == 0;
        size_t distance = begins ? 0 : edit_distance(name, flags[i].name);
        if (distance < least) {
            least = distance;
            best = flags[i].name;
        }
    }
    return least < length && edit_is_near(least, length) ? best : NULL;
}

static void explain_unknown(const struct flag_word *flags, size_t count, const char *word,
                            struct buf *why)
{
    if (strncmp(word, "--", 2) != 0) {
        buf_printf(why, "there is no flag -%c", optopt);
        return;
    }
    const char *meant = nearest(flags, count, word + 2);
    buf_printf(why, "there is no flag %.*s", (int)strcspn(word, "="), word);
    if (meant) { buf_printf(why, "; did you mean --%s?", meant); }
}

static void explain(int code, const struct flag_word *flags, size_t count, const char *word,
                    struct buf *why)
{
    size_t flag = find(flags, count, optopt);
    if (flag == count) {
        explain_unknown(flags, count, word, why);
    } else if (code == ':') {
        buf_printf(why, "--%s needs a value", flags[flag].name);
    } else {
        buf_printf(why, "--%s takes no value", flags[flag].name);
    }
}

int flag_words_read(int argc, char **argv, const struct flag_word *flags, size_t count,
                    bool (*take)(void *arg, size_t flag, const char *value), void *arg,
                    struct buf *why)
{
    struct forms forms;
    make_forms(&forms, flags, count);
    opterr = 0;
    optind = 0; /* glibc: start from the first word */
    for (;;) {
        optopt = 0;
        int code = getopt_long(argc, argv, forms.letters, forms.longs, NULL);
        if (code == -1) { return optind; }
        bool help = code == '?' && !optopt && strncmp(argv[optind - 1], "--", 2) != 0;
        if ((code == '?' && !help) || code == ':') {
            explain(code, flags, count, argv[optind - 1], why);
            return -EINVAL;
        }
        if (!take(arg, find(flags, count, code), optarg)) { return -EINVAL; }
    }
}
