/* A file or directory that a command line names and the command will read. */
#ifndef FRESHET_CLI_NAMED_FILE_H
#define FRESHET_CLI_NAMED_FILE_H

#include "base/base.h"

/* Says whether a file can be read ("-": standard input, which can): 0, or EXIT_INPUT with the fault
 * printed. Nothing is read of a pipe; a file whose beginning says that it is of no use (UTF-16, or
 * packed and damaged) cannot be read either. NULL is no file: 0. */
int named_file_check(const char *path);
/* The same for a file that is read more than once: a pipe is refused, of which only the first
 * reading would find the beginning. */
int named_file_check_again(const char *path);
/* The same for a directory. */
int named_file_check_directory(const char *path);
/* Says whether a file's name is that of rows, packed or not: .csv, .tsv. */
bool named_file_is_table(const char *path);

#endif
