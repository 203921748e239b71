/* Standstill: the process did not run (SIGSTOP, a paused machine) for longer than its session
 * timeout. Another copy may own its partitions now, and the process has not learned of it yet.
 *
 *   1. A worker is stopped in the middle of a batch. Its session ends; another copy takes over its
 *      partitions and goes on.
 *   2. The worker continues and, before the next poll, sends the rest of the batch at once:
 *      histories or lists that are older than the new owner's but come after them. Kafka does not
 *      fence messages that are sent at once.
 *
 * So the clock is checked before every such message. After a standstill nothing more of the batch
 * is sent. The batch is rolled back and read again after a pause; polls during the pause report
 * lost partitions. Messages that the client already had are harmless: librdkafka fails messages
 * older than message.timeout.ms (less than a session) before it sends anything. A commit is fenced
 * by its generation. One message remains unprotected: when the process stops between the check and
 * the sending.
 *
 * If only this thread was delayed for so long, the batch is read again, which does no harm.
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

bool standstill_check(struct standstill *standstill, int64_t now_ms)
{
    int64_t still_ms = now_ms - standstill->looked_ms;
    bool first = standstill->looked_ms == 0;
    standstill->looked_ms = now_ms;
    if (!first && still_ms >= standstill->session_ms) { standstill->still_ms = still_ms; }
    return standstill->still_ms > 0;
}

bool standstill_report(struct standstill *standstill, char *text, size_t size)
{
    if (!standstill->still_ms) { return false; }
    (void)snprintf(text, size, "stood still for %" PRId64 " ms, longer than a session",
                   standstill->still_ms);
    standstill->still_ms = 0;
    return true;
}
