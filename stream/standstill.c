/* Standstill: the process stood still (SIGSTOP, a machine that was paused) for as long as its
 * session lasts. Its partitions may be somebody else's by now, and nobody has told it yet.
 *
 *   1. A worker stands still in the middle of a batch. Its session ends, another copy takes its
 *      partitions over and goes on.
 *   2. It wakes and, before the next poll, sends the rest of the batch at once: histories or lists
 *      older than those of the new owner, behind them. Nothing fences at-once messages.
 *
 * So the clock is looked at before every such message. After a standstill nothing more of the batch
 * is sent: it is taken back, as one that the wire did not take, and read again after a pause, in
 * which polls tell what was lost. What had been handed to the client before needs no care:
 * librdkafka lets messages older than message.timeout.ms (less than a session) fail before it sends
 * anything. A commit is fenced by its generation. What is left is the one message between the look
 * and its sending.
 *
 * A thread that was merely kept waiting for so long has a batch to read again, no more.
 */
#include "base/base.h"
#include "stream/kafka/wire.h"
#include "stream/standstill.h"

void standstill_init(struct standstill *standstill, const struct run_settings *settings)
{
    static const char *const keys[] = {"consumer.session.timeout.ms", "session.timeout.ms"};
    *standstill = (struct standstill){.session_ms = WIRE_SESSION_MS};
    for (size_t i = 0; i < ARRAY_COUNT(keys); i++) {
        const char *value = properties_get(&settings->kafka, keys[i]);
        int64_t limit_ms = value ? strtoll(value, NULL, 10) : 0;
        if (limit_ms <= 0) { continue; }
        standstill->session_ms = limit_ms;
        return;
    }
}

bool standstill_look(struct standstill *standstill, int64_t now_ms)
{
    int64_t still_ms = now_ms - standstill->looked_ms;
    bool first = standstill->looked_ms == 0;
    standstill->looked_ms = now_ms;
    if (!first && still_ms >= standstill->session_ms) { standstill->still_ms = still_ms; }
    return standstill->still_ms > 0;
}

bool standstill_tell(struct standstill *standstill, char *text, size_t size)
{
    if (!standstill->still_ms) { return false; }
    (void)snprintf(text, size, "stood still for %" PRId64 " ms, longer than a session",
                   standstill->still_ms);
    standstill->still_ms = 0;
    return true;
}
