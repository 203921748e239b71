/* The log: one line for each message, to stderr; `key=value` pairs, or a JSON object.
 *
 *   ts=2026-11-23T09:00:00.123Z level=info worker=features msg="assigned" partitions=4
 *   {"ts":"2026-11-23T09:00:00.123Z","level":"info","worker":"features","msg":"assigned",
 *    "partitions":4}
 */
#ifndef FRESHET_STREAM_LOG_H
#define FRESHET_STREAM_LOG_H

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };
enum log_format { LOG_PAIRS, LOG_JSON };

/* Sets the lowest level that is written (default LOG_INFO) and the name in `worker=`, borrowed. */
void log_setup(const char *worker, enum log_level least);
/* Sets how lines are written (default LOG_PAIRS). Any thread, at any time. */
void log_set_format(enum log_format format);
/* Writes one line: msg, quoted, then the formatted `key=value` pairs unchanged (may be "").
 * Untrusted values must go through quote_value() (base/quote.h). Each line is one write(2), so that
 * processes can share a stream. A line over 8 KiB is cut;
 * as JSON, the pairs that do not fit are left out, and "cut" is true. Any thread; keeps errno. */
void log_line(enum log_level level, const char *msg, const char *pairs, ...) _printf_(3, 4);
/* Writes lines of faults that were made elsewhere, `level=error msg="MSG" pairs`, as lines of the
 * log. The text is written over. */
void log_faults(char *lines);

#endif
