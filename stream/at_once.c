/* Messages that may be sent twice without harm go to the wire immediately. Two things can prevent
 * that. A copy that stood still longer than its session (standstill.h) must not send, because a new
 * owner may have sent newer messages; and the wire may ask for a retry. Both only set `unsent`; the
 * run then rolls the batch back. Any other failure ends the run.
 */
#include "base/base.h"
#include "base/crash.h"
#include "stream/at_once.h"

void at_once_init(struct at_once *at_once, struct env *env)
{
    *at_once = (struct at_once){.env = env, .ack_group = 1};
    standstill_init(&at_once->standstill, env->settings);
}

bool at_once_halted(struct at_once *at_once)
{
    if (!standstill_check(&at_once->standstill, env_now_ms(at_once->env))) { return false; }
    at_once->unsent = true;
    return true;
}

void at_once_not_sent(struct at_once *at_once, const struct message *message, int result)
{
    if (result == WIRE_RETRY) {
        at_once->unsent = true;
        return;
    }
    env_break(at_once->env, env_exit_code(result), "cannot send to %s: %s", message->topic,
              wire_why(at_once->env->wire));
}

void at_once_send(struct at_once *at_once, const struct message *message)
{
    CRASH_POINT("send");
    if (at_once_halted(at_once)) { return; }
    int result = wire_produce(at_once->env->wire, message, at_once->ack_group);
    CRASH_POINT("send.done");
    if (result < 0) { at_once_not_sent(at_once, message, result); }
}

uint64_t at_once_close_group(struct at_once *at_once)
{
    return at_once->ack_group++;
}
