/* Texts that may leave the house: configurations and logs without passwords, tokens and keys. */
#ifndef FRESHET_CLI_DOCTOR_MASKED_TEXT_H
#define FRESHET_CLI_DOCTOR_MASKED_TEXT_H

#include "base/buf.h"

/* Appends a properties file: the value of each key that may be a secret by its name is ****, with
 * the lines that continue it; a value that is wholly ${...} stays. Passwords in URLs are ****. */
void masked_properties(struct slice text, struct buf *out);
/* Appends lines of a log: values of name=value and "name":"value" whose names may be secrets are
 * ****, and passwords in URLs. */
void masked_log(struct slice text, struct buf *out);

#endif
