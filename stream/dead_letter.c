/* A dead letter is the refused record, unchanged, with the reason, the message, the worker and the
 * origin in headers behind the sender's own. A letter that is too large for the topic is sent
 * without its value and the sender's headers, then without its key, and a header says that it is
 * truncated. So no record is dropped silently, and none stops the worker.
 */
#include "base/base.h"
#include "base/crash.h"
#include "base/quote.h"
#include "base/xalloc.h"
#include "stream/dead_letter.h"
#include "stream/kafka/origin.h"
#include "stream/topics.h"

enum {
    REASONS_MAX = 64, /* that the status counts separately */
    REASON_TEXT_MAX = 48,
    TELL_EVERY_MS = 60000, /* between two lines about one reason */
    OWN_HEADERS = 5, /* three of ours, withheld, truncated; and the origin's */
};

/* Dead letters of one reason since the start. */
struct reason_count {
    char reason[REASON_TEXT_MAX];
    int64_t count;
    int64_t untold; /* since the last line in the log */
    int64_t told_ms;
};

struct dead_letters {
    struct env *env;
    struct at_once *at_once;
    bool withholds;
    struct reason_count reasons[REASONS_MAX];
    size_t reasons_count;
};

/* A dead letter that is being sent. */
struct dead_letter {
    struct message message;
    struct header headers[HEADERS_MAX + OWN_HEADERS + ORIGIN_HEADERS];
    size_t senders; /* how many of them are the sender's */
    bool truncated; /* and a header says so */
};

struct dead_letters *dead_letters_new(struct env *env, struct at_once *at_once)
{
    struct dead_letters *letters = xcalloc(1, sizeof(*letters));
    letters->env = env;
    letters->at_once = at_once;
    return letters;
}

struct dead_letters *dead_letters_free(struct dead_letters *letters)
{
    free(letters);
    return NULL;
}

void dead_letters_withhold_bytes(struct dead_letters *letters)
{
    letters->withholds = true;
}

static void add_header(struct dead_letter *letter, const char *name, struct slice value)
{
    assert(letter->message.headers_count < ARRAY_COUNT(letter->headers));
    letter->headers[letter->message.headers_count++] = (struct header){name, value};
}

static void mark_truncated(struct dead_letter *letter)
{
    if (!letter->truncated) { add_header(letter, HEADER_TRUNCATED, slice_str("true")); }
    letter->truncated = true;
}

/* Adds key, value and the sender's headers, which are the first; false: not all of them. */
static bool enclose(struct dead_letter *letter, const struct record *rec, size_t count)
{
    letter->message.key = rec->key;
    letter->message.value = rec->value;
    if (record_headers_read(rec, count, letter->headers)) { return false; }
    letter->senders = letter->message.headers_count = count;
    return !rec->unreadable;
}

/* Sends the letter; when it is too large, without value and key. */
static int produce(const struct at_once *at_once, struct dead_letter *letter)
{
    struct wire *wire = at_once->env->wire;
    struct message *message = &letter->message;
    int result = wire_produce(wire, message, at_once->ack_group);
    CRASH_POINT("dead_letter");
    if (result == WIRE_TOO_LARGE) {
        mark_truncated(letter);
        message->value = slice_of(NULL, 0);
        message->headers += letter->senders;
        message->headers_count -= letter->senders;
        result = wire_produce(wire, message, at_once->ack_group);
    }
    if (result == WIRE_TOO_LARGE) {
        message->key = slice_of(NULL, 0);
        result = wire_produce(wire, message, at_once->ack_group);
    }
    return result;
}

/* Returns the reason's count; NULL when there are too many reasons. */
static struct reason_count *count_reason(struct dead_letters *letters, const char *reason)
{
    char labels[96];
    (void)snprintf(labels, sizeof(labels), "reason=\"%s\"", reason);
    metric_add(metrics_counter(letters->env->metrics, "freshet_dead_letters_total", labels,
                               "Records refused and sent to dead letters."),
               1);
    size_t i = 0;
    while (i < letters->reasons_count && strcmp(letters->reasons[i].reason, reason) != 0) { i++; }
    if (i == REASONS_MAX) { return NULL; }
    if (i == letters->reasons_count) {
        letters->reasons_count++;
        (void)snprintf(letters->reasons[i].reason, REASON_TEXT_MAX, "%s", reason);
    }
    letters->reasons[i].count++;
    return &letters->reasons[i];
}

/* Logs the first refusal of a reason at once, and then how many there were, with the newest. */
static void tell(struct dead_letters *letters, struct reason_count *count, const struct record *rec)
{
    struct env *env = letters->env;
    int64_t now_ms = env_now_ms(env);
    count->untold++;
    if (count->told_ms && now_ms - count->told_ms < TELL_EVERY_MS) { return; }
    env_log(env, LOG_WARN, "records refused",
            "reason=%s count=%" PRId64 " topic=%s partition=%" PRId32 " offset=%" PRId64 " why=%s",
            count->reason, count->untold, rec->topic, rec->partition, rec->offset,
            quote_text(env->refusal.text).text);
    count->untold = 0;
    count->told_ms = MAX_OF(now_ms, (int64_t)1);
}

void dead_letters_send(struct dead_letters *letters, const struct record *rec)
{
    struct env *env = letters->env;
    const char *reason = env->refusal.reason ? env->refusal.reason : "refused";
    struct dead_letter letter = {.message = {.topic = env->topics->dead_letters,
                                             .partition = PARTITION_BY_KEY,
                                             .time_ms = MAX_OF(rec->time_ms, (int64_t)0),
                                             .headers = letter.headers}};
    struct origin origin;
    struct origin_headers texts;
    if (at_once_halted(letters->at_once)) { return; }
    bool redriven = env->refusal.redriven;
    size_t senders = redriven ? env->refusal.senders_headers : record_headers_count(rec);
    bool whole = letters->withholds || enclose(&letter, rec, senders);
    add_header(&letter, HEADER_REASON, slice_str(reason));
    add_header(&letter, "message", slice_str(env->refusal.text));
    add_header(&letter, "worker", slice_str(env->worker->name));
    origin_here(rec, &origin);
    if (redriven) { origin = env->refusal.origin; }
    letter.message.headers_count +=
        origin_write(&origin, &texts, letter.headers + letter.message.headers_count);
    if (letters->withholds) { add_header(&letter, HEADER_WITHHELD, slice_str("true")); }
    if (!whole) { mark_truncated(&letter); }
    int result = produce(letters->at_once, &letter);
    if (result < 0) { at_once_not_sent(letters->at_once, &letter.message, result); }
    struct reason_count *count = count_reason(letters, reason);
    if (count) { tell(letters, count, rec); }
    run_refusal_clear(&env->refusal);
}

void dead_letters_status(const struct dead_letters *letters, struct buf *out)
{
    buf_printf(out, "{");
    for (size_t i = 0; i < letters->reasons_count; i++) {
        buf_printf(out, "%s\"%s\":%" PRId64, i ? "," : "", letters->reasons[i].reason,
                   letters->reasons[i].count);
    }
    buf_printf(out, "}");
}
