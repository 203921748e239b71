#include "base/base.h"
#include "base/number.h"

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool number_read(const char **text, int64_t *ret_number)
{
    const char *at = *text;
    /* strtoll() accepts blanks and a plus, too. */
    if (!is_digit(at[0]) && !(at[0] == '-' && is_digit(at[1]))) { return false; }
    char *end;
    errno = 0;
    long long number = strtoll(at, &end, 10);
    if (errno) { return false; }
    *text = end;
    *ret_number = number;
    return true;
}

bool number_parse(const char *text, int64_t *ret_number)
{
    int64_t number;
    if (!number_read(&text, &number) || *text) { return false; }
    *ret_number = number;
    return true;
}

bool number_parse_real(const char *text, double *ret_number)
{
    char *end;
    /* strtod() accepts blanks, hexadecimal, "nan" and "inf", too. */
    if (text[0] == '\0' || text[strspn(text, "0123456789+-.eE")] != '\0') { return false; }
    double number = strtod(text, &end);
    if (*end != '\0' || !isfinite(number)) { return false; }
    *ret_number = number;
    return true;
}
