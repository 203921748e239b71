/* Logs: one `key=value` line each, to stderr. Only *_main.c and the runtime's worker.c log.
 *
 *   ts=2026-11-23T09:00:00.123Z level=info worker=features msg="assigned" partitions=4
 */
#ifndef FRESHET_STREAM_LOG_H
#define FRESHET_STREAM_LOG_H

#include "base/base.h"

enum log_level { LOG_DEBUG, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Sets the least level that is written (default LOG_INFO) and the name in `worker=`, borrowed. */
void log_setup(const char *worker, enum log_level least);
/* Writes one line: msg quoted, then the formatted `key=value` pairs as they are (may be ""). Values
 * that come from outside go through quote_value() (base/quote.h). One write(2) a line, so that
 * processes can share a stream; any thread. */
void log_line(enum log_level level, const char *msg, const char *pairs, ...) _printf_(3, 4);

#endif
