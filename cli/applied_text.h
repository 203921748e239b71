/* Applied text: the rules of placements as a text, in their topic and in a file. */
#ifndef FRESHET_CLI_APPLIED_TEXT_H
#define FRESHET_CLI_APPLIED_TEXT_H

#include "base/buf.h"
#include "cli/client.h"

/* Reads a file of rules and checks it; 0, or EXIT_FAILURE with every fault printed. */
int applied_text_check(const char *file, struct buf *text);
/* Reads the rules that are in force; ret_offset -1: there are none. 0, or EXIT_FAILURE with the
 * fault printed. */
int applied_text_read(const struct client *client, struct wire *wire, struct buf *text,
                      int64_t *ret_offset);
/* Writes rules; an empty text: deletes them. Results as of applied_text_read(). */
int applied_text_write(const struct client *client, struct wire *wire, struct slice text);
/* Prints what differs from the text before, a line each, by key; returns how many lines. */
size_t applied_text_compare(struct slice before, struct slice after);

#endif
