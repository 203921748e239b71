/* Decimal numbers in texts, read strictly: no blanks, no plus, no hexadecimal, no overflow. */
#ifndef FRESHET_BASE_NUMBER_H
#define FRESHET_BASE_NUMBER_H

#include "base/base.h"

/* Reads a whole number (digits, a minus before them) at the start of a text and moves *text behind
 * it; false, and nothing is changed, when there is none or it does not fit. */
bool number_read(const char **text, int64_t *ret_number);
/* Reads a text that is a whole number and nothing else. */
bool number_parse(const char *text, int64_t *ret_number);
/* Reads a text that is a finite number (digits, a point, an exponent) and nothing else. */
bool number_parse_real(const char *text, double *ret_number);

#endif
