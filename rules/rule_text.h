/* The text of one rule, as words: names, numbers, periods, texts in quotes and signs.
 *
 * A reader stops at the first fault and keeps what is wrong, and what to write instead. Borrows the
 * text. Plain data.
 */
#ifndef FRESHET_RULES_RULE_TEXT_H
#define FRESHET_RULES_RULE_TEXT_H

#include "base/base.h"
#include "base/slice.h"

enum { RULE_TEXT_WHY_MAX = 256 };

enum rule_word {
    WORD_END,
    WORD_NAME,   /* letters, digits, dots, underscores */
    WORD_NUMBER, /* number, without a unit */
    WORD_PERIOD, /* number, in milliseconds */
    WORD_SHARE,  /* a number with %: number is a hundredth of it */
    WORD_TEXT,   /* in quotes; text is without them */
    WORD_DATE,   /* 2026-12-01, 2026-12-01T08:30 (UTC): number is milliseconds since 1970 */
    WORD_SIGN,   /* one of = != < <= > >= ( ) , + - */
    WORD_FAULT,
};

struct rule_text {
    const char *at, *end;
    enum rule_word word; /* the present word */
    struct slice text;
    double number;
    char why[RULE_TEXT_WHY_MAX]; /* "": no fault */
};

/* Begins at the first word. */
void rule_text_init(struct rule_text *text, struct slice bytes);
/* Goes on to the next word. */
void rule_text_next(struct rule_text *text);
/* Says whether the present word is this name or sign. */
bool rule_text_is(const struct rule_text *text, const char *word);
/* The same, and goes on to the next word if so. */
bool rule_text_take(struct rule_text *text, const char *word);
/* Keeps what is wrong, unless something was before. Returns false. */
bool rule_text_fault(struct rule_text *text, const char *format, ...) _printf_(2, 3);
/* Says what stands in the text, for faults: "the end" or the word. */
struct slice rule_text_found(const struct rule_text *text);

#endif
