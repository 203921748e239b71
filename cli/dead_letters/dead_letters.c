/* Dead letters are read in place and sent in batches.
 *
 * A batch is one transaction: the records, and for each partition of `dead-letters` a mark with the
 * offsets of those that were sent. Records are copied into the batch's arena when they are added,
 * since the scan releases them; a batch whose transaction was rolled back is still whole and can be
 * sent again, or in parts, so that one dead letter that cannot be sent does not stop the others.
 */
#include "base/base.h"
#include "base/quote.h"
#include "base/array.h"
#include "base/clock.h"
#include "base/number.h"
#include "base/xalloc.h"
#include "cli/dead_letters/dead_letters.h"
#include "syntax/timestamp.h"
#include "schemas/redrive_mark.h"

enum {
    BATCH_DEAD_LETTERS_MAX = 500,
    BATCH_BYTES_MAX = 4 << 20,
    BATCH_ARENA_BLOCK = 1 << 18,
    MARK_BYTES_MAX = 1 << 18,
};
_Static_assert(BATCH_DEAD_LETTERS_MAX <= (int)REDRIVE_OFFSETS_MAX, "one mark holds a batch");
_Static_assert(ORIGIN_DIGEST_BYTES == (int)REDRIVE_DIGEST_BYTES, "a mark names records by these");

/* ---- Reading ---- */

bool dead_letter_time(const char *text, int64_t *ret_ms)
{
    static const struct {
        char unit;
        int64_t ms;
    } units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
    if (timestamp_from_text(slice_str(text), ret_ms) == 0) { return true; }
    int64_t count;
    if (!number_read(&text, &count) || count < 0 || strlen(text) != 1) { return false; }
    for (size_t i = 0; i < ARRAY_COUNT(units); i++) {
        int64_t ago_ms;
        if (units[i].unit != text[0]) { continue; }
        if (__builtin_mul_overflow(count, units[i].ms, &ago_ms)) { return false; }
        *ret_ms = clock_wall_ms() - ago_ms;
        return true;
    }
    return false;
}

/* Reasons are words of ours; anything else is somebody else's record. */
static bool is_reason(const char *text)
{
    size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return size > 0 && text[size] == '\0';
}

static void read_header(const struct record *rec, const char *name, char *text, size_t size)
{
    struct slice value = {0};
    if (record_header(rec, name, &value)) { value = (struct slice){0}; }
    (void)snprintf(text, size, "%.*s", SLICE_ARGS(value));
}

/* Says whether the dead letter itself has a header: a sender's header may have any name. */
static bool has_own(const struct dead_letter *letter, const char *name)
{
    size_t count = record_headers_count(letter->rec);
    size_t before = record_headers_before(letter->rec, name);
    return before >= letter->headers_count && before < count;
}

static bool is_wanted(const struct dead_letter_filter *filter, const struct dead_letter *letter,
                      const struct record *rec)
{
    bool wanted = filter->reasons_count == 0;
    for (size_t i = 0; i < filter->reasons_count && !wanted; i++) {
        wanted = strcmp(filter->reasons[i], letter->reason) == 0;
    }
    if (filter->topic && strcmp(filter->topic, letter->origin.topic) != 0) { return false; }
    return wanted && rec->time_ms < filter->until_ms;
}

static void pass_over(struct dead_letter_filter *filter, const char *reason)
{
    filter->passed_over++;
    for (size_t i = 0; i < filter->others_count; i++) {
        if (strcmp(filter->others[i], reason) == 0) { return; }
    }
    if (filter->others_count == DEAD_LETTER_OTHERS_MAX) { return; }
    (void)snprintf(filter->others[filter->others_count++], sizeof(filter->others[0]), "%s", reason);
}

bool dead_letter_read(const struct record *rec, struct dead_letter_filter *filter,
                      struct dead_letter *ret_letter)
{
    struct dead_letter letter = {.partition = rec->partition,
                                 .offset = rec->offset,
                                 .key = rec->key,
                                 .value = rec->value,
                                 .rec = rec,
                                 .headers_count = record_headers_before(rec, HEADER_REASON)};
    char worker[32];
    read_header(rec, HEADER_REASON, letter.reason, sizeof(letter.reason));
    read_header(rec, "worker", worker, sizeof(worker));
    if (!is_reason(letter.reason) || !origin_read(rec, &letter.origin)) { return false; }
    letter.movable = strcmp(worker, "ingest") == 0 || strcmp(worker, "features") == 0;
    if (!has_own(&letter, ORIGIN_REDRIVEN)) { letter.origin.redriven = 0; }
    letter.without_bytes =
        has_own(&letter, HEADER_TRUNCATED) || has_own(&letter, HEADER_WITHHELD);
    if (!is_wanted(filter, &letter, rec)) {
        pass_over(filter, letter.reason);
        return false;
    }
    filter->selected++;
    *ret_letter = letter;
    return true;
}

static int by_origin(const void *left, const void *right)
{
    const struct origin *a = &((const struct dead_letter *)left)->origin;
    const struct origin *b = &((const struct dead_letter *)right)->origin;
    int order = strcmp(a->topic, b->topic);
    if (order) { return order; }
    if (a->partition != b->partition) { return a->partition < b->partition ? -1 : 1; }
    return a->offset < b->offset ? -1 : a->offset > b->offset;
}

bool dead_letter_same_partition(const struct dead_letter *a, const struct dead_letter *b)
{
    return a->origin.partition == b->origin.partition &&
           strcmp(a->origin.topic, b->origin.topic) == 0;
}

/* ---- Lists and counts ---- */

void dead_letter_list_add(struct dead_letter_list *list, const struct dead_letter *letter)
{
    ARRAY_RESERVE(list->at, list->capacity, list->count + 1, 64);
    list->at[list->count] = *letter;
    struct dead_letter *kept = &list->at[list->count++];
    kept->key = kept->value = (struct slice){0};
    kept->rec = NULL;
    kept->headers_count = 0;
}

void dead_letter_list_sort(struct dead_letter_list *list)
{
    if (list->count) { qsort(list->at, list->count, sizeof(*list->at), by_origin); }
}

void dead_letter_list_release(struct dead_letter_list *list)
{
    free(list->at);
    *list = (struct dead_letter_list){0};
}

struct dead_letter_count *dead_letter_counts_of(struct dead_letter_counts *counts,
                                                const char *reason)
{
    for (size_t i = 0; i < counts->count; i++) {
        if (strcmp(counts->at[i].reason, reason) == 0) { return &counts->at[i]; }
    }
    counts->at = xreallocarray(counts->at, counts->count + 1, sizeof(*counts->at));
    struct dead_letter_count *count = &counts->at[counts->count++];
    *count = (struct dead_letter_count){0};
    (void)snprintf(count->reason, sizeof(count->reason), "%s", reason);
    return count;
}

static int by_kept(const void *left, const void *right)
{
    const struct dead_letter_count *a = left, *b = right;
    if (a->kept != b->kept) { return a->kept > b->kept ? -1 : 1; }
    return strcmp(a->reason, b->reason);
}

void dead_letter_counts_print(const struct dead_letter_counts *counts, bool dry)
{
    if (counts->count) { qsort(counts->at, counts->count, sizeof(*counts->at), by_kept); }
    printf("%-24s %12s %12s %13s\n", "reason", "dead letters", "sent before",
           dry ? "would be sent" : "sent now");
    int64_t left = 0;
    for (size_t i = 0; i < counts->count; i++) {
        const struct dead_letter_count *count = &counts->at[i];
        printf("%-24s %12" PRId64 " %12" PRId64 " %13" PRId64 "\n",
               quote_line(slice_str(count->reason)).text, count->kept,
               count->sent_before, count->chosen);
        left += count->left;
    }
    if (left) {
        printf("%" PRId64 " dead letters of trainer and scorer are not sent: the next record of "
               "the key replaces them\n", left);
    }
}

void dead_letter_counts_release(struct dead_letter_counts *counts)
{
    free(counts->at);
    *counts = (struct dead_letter_counts){0};
}

/* ---- Sending ---- */

struct held {
    struct dead_letter letter; /* without its bytes */
    struct message message;
    unsigned char digest[ORIGIN_DIGEST_BYTES]; /* by which ingest knows the record */
};

struct dead_letter_batch {
    const char *to;
    struct arena *arena;
    struct held held[BATCH_DEAD_LETTERS_MAX];
    size_t count;
    size_t bytes;
    int64_t sent;
    struct schema_cache *schemas;
    struct codec *codec;
    struct digest *digest;
    struct buf marks[BATCH_DEAD_LETTERS_MAX];
    struct message messages[2 * BATCH_DEAD_LETTERS_MAX];
    int64_t ret_offsets[2 * BATCH_DEAD_LETTERS_MAX];
};

struct dead_letter_batch *dead_letter_batch_new(const char *to)
{
    struct dead_letter_batch *batch = xcalloc(1, sizeof(*batch));
    batch->to = to;
    batch->arena = arena_new(BATCH_ARENA_BLOCK);
    batch->schemas = schema_cache_new();
    batch->codec = codec_new(&redrive_mark_contract, batch->schemas);
    batch->digest = digest_new();
    for (size_t i = 0; i < BATCH_DEAD_LETTERS_MAX; i++) {
        buf_init(&batch->marks[i], MARK_BYTES_MAX);
    }
    return batch;
}

struct dead_letter_batch *dead_letter_batch_free(struct dead_letter_batch *batch)
{
    if (!batch) { return NULL; }
    for (size_t i = 0; i < BATCH_DEAD_LETTERS_MAX; i++) { buf_release(&batch->marks[i]); }
    codec_free(batch->codec);
    digest_free(batch->digest);
    schema_cache_free(batch->schemas);
    arena_free(batch->arena);
    free(batch);
    return NULL;
}

/* Copies the sender's headers, with room for the origin's behind them. */
static struct header *copy_headers(struct dead_letter_batch *batch,
                                   const struct dead_letter *letter, size_t *ret_count)
{
    const struct record *rec = letter->rec;
    size_t count = letter->headers_count;
    struct header header;
    /* If the client cannot read them, the record is sent without headers. */
    if (count && record_header_at(rec, count - 1, &header)) { count = 0; }
    struct header *headers =
        arena_alloc_array(batch->arena, count + ORIGIN_HEADERS, sizeof(struct header));
    for (size_t i = 0; i < count; i++) {
        (void)record_header_at(rec, i, &header);
        struct slice name = slice_of(header.name, strlen(header.name) + 1);
        headers[i].name = arena_copy(batch->arena, name).data;
        headers[i].value = arena_copy(batch->arena, header.value);
        batch->bytes += name.size + header.value.size + sizeof(struct header);
    }
    *ret_count = count;
    return headers;
}

/* The record as its readers will see it. */
static void name_record(struct dead_letter_batch *batch, struct held *held)
{
    const struct message *message = &held->message;
    const struct header_list list = {.at = message->headers, .count = message->headers_count};
    const struct record rec = {.topic = message->topic,
                               .key = message->key,
                               .value = message->value,
                               .headers = &listed_headers,
                               .message = &list};
    bool named = origin_digest(batch->digest, &rec, held->digest);
    assert(named);
}

/* A record goes to the partition that it came from, if the topic still has it. */
void dead_letter_batch_add(struct dead_letter_batch *batch, const struct dead_letter *letter,
                           int32_t partitions)
{
    assert(batch->count < BATCH_DEAD_LETTERS_MAX);
    struct origin *origin = arena_alloc(batch->arena, sizeof(*origin));
    struct origin_headers *texts = arena_alloc(batch->arena, sizeof(*texts));
    size_t count;
    struct header *headers = copy_headers(batch, letter, &count);
    *origin = letter->origin;
    origin->redriven++;
    struct held *held = &batch->held[batch->count++];
    bool stays = !batch->to && origin->partition < partitions;
    held->letter = *letter;
    held->letter.key = held->letter.value = (struct slice){0};
    held->letter.rec = NULL;
    held->message = (struct message){
        .topic = batch->to ? batch->to : origin->topic,
        .partition = stays ? origin->partition : PARTITION_BY_KEY,
        .time_ms = MAX_OF(origin->time_ms, INT64_C(0)),
        .key = arena_copy(batch->arena, letter->key),
        .value = arena_copy(batch->arena, letter->value),
        .headers = headers,
        .headers_count = count + origin_write(origin, texts, headers + count),
    };
    name_record(batch, held);
    batch->bytes += letter->key.size + letter->value.size;
}

bool dead_letter_batch_full(const struct dead_letter_batch *batch)
{
    return batch->count == BATCH_DEAD_LETTERS_MAX || batch->bytes >= BATCH_BYTES_MAX;
}

size_t dead_letter_batch_count(const struct dead_letter_batch *batch)
{
    return batch->count;
}

const struct dead_letter *dead_letter_batch_at(const struct dead_letter_batch *batch, size_t index)
{
    assert(index < batch->count);
    return &batch->held[index].letter;
}

void dead_letter_batch_clear(struct dead_letter_batch *batch)
{
    batch->count = batch->bytes = 0;
    arena_reset(batch->arena);
}

/* Adds the mark of a partition: the offsets of its dead letters from `first` to `end`. Called once
 * for each partition. */
static bool add_mark(struct dead_letter_batch *batch, size_t from, size_t first, size_t end,
                     const char *topic, struct message *ret_message)
{
    int32_t partition = batch->held[first].letter.partition;
    for (size_t i = from; i < first; i++) {
        if (batch->held[i].letter.partition == partition) { return false; }
    }
    int64_t offsets[BATCH_DEAD_LETTERS_MAX];
    char digests[BATCH_DEAD_LETTERS_MAX * ORIGIN_DIGEST_BYTES];
    struct redrive_mark redrive = {.partition = partition, .offsets = {.at = offsets}};
    redrive.digests.data = digests;
    for (size_t i = first; i < end; i++) {
        if (batch->held[i].letter.partition != partition) { continue; }
        memcpy(digests + redrive.digests.size, batch->held[i].digest, ORIGIN_DIGEST_BYTES);
        redrive.digests.size += ORIGIN_DIGEST_BYTES;
        offsets[redrive.offsets.count++] = batch->held[i].letter.offset;
    }
    struct buf *mark = &batch->marks[first];
    buf_clear(mark);
    int rc = codec_encode(batch->codec, &redrive, mark);
    assert(rc == 0);
    char *key = arena_alloc(batch->arena, ORIGIN_NUMBER_BYTES);
    (void)snprintf(key, ORIGIN_NUMBER_BYTES, "%" PRId32, partition);
    *ret_message = (struct message){.topic = topic,
                                    .partition = PARTITION_BY_KEY,
                                    .key = slice_str(key),
                                    .value = buf_slice(mark)};
    return true;
}

int dead_letter_batch_send(struct dead_letter_batch *batch, size_t from, size_t count,
                           struct wire *wire, const char *marks_topic)
{
    size_t messages = 0, end = from + count;
    assert(end <= batch->count);
    for (size_t i = from; i < end; i++) { batch->messages[messages++] = batch->held[i].message; }
    for (size_t i = from; i < end; i++) {
        messages += add_mark(batch, from, i, end, marks_topic, &batch->messages[messages]);
    }
    const struct txn txn = {.messages = batch->messages,
                            .messages_count = messages,
                            .ret_offsets = batch->ret_offsets};
    int result = wire_txn_run(wire, &txn);
    if (result == 0) { batch->sent += (int64_t)count; }
    return result;
}

int64_t dead_letter_batch_sent(const struct dead_letter_batch *batch)
{
    return batch->sent;
}
