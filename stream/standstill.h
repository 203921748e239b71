/* Standstill: detects that the process did not run for longer than its session timeout.
 * standstill.c describes the race. One thread.
 */
#ifndef FRESHET_STREAM_STANDSTILL_H
#define FRESHET_STREAM_STANDSTILL_H

#include "stream/run_settings.h"

struct standstill {
    int64_t session_ms; /* how long the group waits for us */
    int64_t looked_ms;  /* when standstill_check() last looked; 0: never */
    int64_t still_ms;   /* length of a standstill that is not reported yet; 0: none */
};

/* Takes the session timeout from the settings. */
void standstill_init(struct standstill *standstill, const struct run_settings *settings);
/* Checks the clock. True: the process stood still for longer than a session, and this is not
 * reported yet. Then the run must roll the open batch back; until then nothing may be sent. */
bool standstill_check(struct standstill *standstill, int64_t now_ms);
/* Reports a standstill once, as a text: call it when the batch is rolled back. False: none. */
bool standstill_report(struct standstill *standstill, char *text, size_t size);

#endif
