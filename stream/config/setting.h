/* A setting: one key=value of a file, a variable or --set, and how faults about it are printed.
 *
 * A fault is one line: level=error msg="..." then pairs, then hint="...".
 */
#ifndef FRESHET_STREAM_CONFIG_SETTING_H
#define FRESHET_STREAM_CONFIG_SETTING_H

#include "base/base.h"
#include "base/buf.h"

struct entry;

/* A higher rank overrides a lower one; within a rank a later setting overrides an earlier one. */
enum rank { RANK_FILE, RANK_ENVIRONMENT, RANK_SET };

struct setting {
    const char *key;
    const char *former; /* the name that was given, if it is the key's former one */
    const char *value;
    enum rank rank;
    const char *source; /* path of the file, or name of the variable */
    int line;
    bool colon; /* written as key: value */
    struct entry *entry; /* its option */
};

/* True when both set one option, in one place, to two values. */
bool setting_contradicts(const struct setting *setting, const struct setting *other);
/* Returns a later setting before `end` that contradicts this one of a file under the same name. A
 * file is read as a whole, and which of its lines holds is easily overlooked; of several --set the
 * last one holds. */
const struct setting *setting_repeated(const struct setting *setting, const struct setting *end);
/* Begins a fault about a setting: its key, its value unless that is NULL, and where it is. */
void setting_print(const struct setting *setting, const char *value, FILE *err);
/* Prints a whole fault about a setting, without its value, and counts it. */
void setting_fault(const struct setting *setting, FILE *err, int *faults, const char *format, ...)
    _printf_(4, 5);
/* Prints a whole fault about a file; line 0: the file as a whole. */
void fault_of_file(FILE *err, const char *file, int line, const char *reason);
/* Prints a whole fault about an argument of the command line. */
void fault_of_argument(FILE *err, const char *argument, const char *format, va_list args)
    _printf_(3, 0);
/* Prints ` name=value`, quoted. */
void fault_pair(FILE *err, const char *name, const char *value);
/* Ends the line of a fault with its hint, and frees the hint. */
void fault_end(FILE *err, struct buf *hint);

#endif
