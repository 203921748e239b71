/* Standstill: notices that the process stood still for longer than its session lasts (the race is
 * told in the .c). One thread.
 */
#ifndef FRESHET_STREAM_STANDSTILL_H
#define FRESHET_STREAM_STANDSTILL_H

#include "stream/run_settings.h"

struct standstill {
    int64_t session_ms; /* how long the group waits for us */
    int64_t looked_ms;  /* when standstill_look() last looked; 0: never */
    int64_t still_ms;   /* length of a standstill that is not told yet; 0: none */
};

/* Takes the length of a session from the settings. */
void standstill_init(struct standstill *standstill, const struct run_settings *settings);
/* Looks at the clock. True: the process has stood still for longer than a session, now or since it
 * was last told; the open batch must be taken back, and nothing may be sent at once before. */
bool standstill_look(struct standstill *standstill, int64_t now_ms);
/* Tells of a standstill in words, once: the batch is being taken back. False: there was none. */
bool standstill_tell(struct standstill *standstill, char *text, size_t size);

#endif
