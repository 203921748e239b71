/* What somebody may write who may write to a topic that ingest reads, in the very bytes of
 * tests/files/hostile: headers that claim a redriven record, and two schemas with one fingerprint.
 * Every record becomes an event or a dead letter, once, and nobody ends. */
#include "base/base.h"
#include "base/text_file.h"
#include "ingest/ingest.h"
#include "schemas/user_event.h"
#include "stream/avro/schema.h"
#include "tests/topology/feed.h"

#include <setjmp.h>
#include <cmocka.h>

enum { FILE_BYTES_MAX = 1 << 16, HEADERS_OF_FILE_MAX = 16, NAMES = 5, ORDERS = 120 };

#define FILES "tests/files/hostile/"

static struct buf read_file(const char *path)
{
    struct buf text;
    buf_init(&text, FILE_BYTES_MAX);
    assert_int_equal(text_file_read(path, &text), 0);
    return text;
}

static void send(struct rig *rig, struct slice key, struct slice value,
                 const struct header *headers, size_t count)
{
    struct wire *wire = memlog_wire(rig->log, NULL, NULL, NULL);
    const struct message message = {.topic = "clicks", .partition = 0, .time_ms = feed_from_ms,
                                    .key = key, .value = value,
                                    .headers = headers, .headers_count = count};
    assert_int_equal(wire_produce(wire, &message, 1), 0);
    wire_close(wire);
}

/* Each record of the source is one event or one dead letter, and the copy is healthy. */
static void assert_accounted(struct rig *rig, const struct copy *copy)
{
    int64_t sent = memlog_count(rig->log, "clicks", MEMLOG_ALL);
    rig_until_quiet(rig);
    assert_true(run_healthy(copy->run));
    assert_int_equal(memlog_count(rig->log, "events", MEMLOG_ALL) +
                         memlog_count(rig->log, "dead-letters", MEMLOG_ALL), sent);
    assert_int_equal(memlog_committed(rig->log, "freshet-ingest", "clicks", 0), sent);
}

/* ---- Headers ---- */

static const char *const headed[] = {
    "map.user=user", "map.item=item", "map.action==VIEW", "map.time=ts|$timestamp", "map.id=id",
    "numbers.as.text=true", "absent.values=,null", NULL};

/* The bytes of the file: for each record flags (0x20: a key of two bytes), the number of its
 * headers, of each the number of its name, a size and the value; the key; the value with a size of
 * two bytes. */
struct reading {
    const char *at, *end;
};

static struct slice take(struct reading *reading, size_t size)
{
    assert_true((size_t)(reading->end - reading->at) >= size);
    struct slice taken = slice_of(reading->at, size);
    reading->at += size;
    return taken;
}

static size_t take_byte(struct reading *reading)
{
    return (unsigned char)take(reading, 1).data[0];
}

/* The order-th order of the five names that an origin is told by. */
static void order_names(int order, const char **names)
{
    static const char *const all[NAMES] = {"redriven", "origin.topic", "origin.partition",
                                           "origin.offset", "origin.timestamp"};
    bool used[NAMES] = {false};
    for (int i = 0, left = ORDERS; i < NAMES; i++) {
        left /= NAMES - i;
        int skip = order / left % (NAMES - i), at = 0;
        while (used[at] || skip-- > 0) { at++; }
        used[at] = true;
        names[i] = all[at];
    }
}

static void send_file(struct rig *rig, struct slice bytes, const char *const *names)
{
    struct reading reading = {bytes.data, bytes.data + bytes.size};
    struct header headers[HEADERS_OF_FILE_MAX];
    while (reading.at < reading.end) {
        size_t flags = take_byte(&reading), count = take_byte(&reading);
        assert_in_range(count, 1, HEADERS_OF_FILE_MAX);
        for (size_t i = 0; i < count; i++) {
            size_t name = take_byte(&reading), size = take_byte(&reading);
            headers[i] = (struct header){names[name % NAMES], take(&reading, size)};
        }
        struct slice key = flags & 0x20 ? take(&reading, 2) : (struct slice){0};
        size_t low = take_byte(&reading), high = take_byte(&reading);
        send(rig, key, take(&reading, low | high << 8), headers, count);
    }
}

/* A record without an id whose headers claim an origin that is no UTF-8, of another topic, at the
 * ends of numbers: ingest ended at every start. Which header has which bytes does not matter. */
static void headers_of_the_file(void **state)
{
    struct rig rig;
    struct buf file = read_file(FILES "ingest-headers.bin");
    rig_init(&rig, 1);
    struct copy *copy = rig_start(&rig, &ingest_worker, 0, headed);
    for (int order = 0; order < ORDERS; order++) {
        const char *names[NAMES];
        order_names(order, names);
        send_file(&rig, buf_slice(&file), names);
    }
    assert_accounted(&rig, copy);
    /* Two of the three have times of their own, which are later than their stamps. */
    assert_int_equal(memlog_count(rig.log, "events", MEMLOG_ALL), ORDERS);
    rig_finish(copy); /* and at the next start */
    assert_true(rig_launch(&rig, copy));
    assert_accounted(&rig, copy);
    rig_release(&rig);
    buf_release(&file);
}

/* The same bytes as a record's value, key and header, cut at every place. */
static void pieces_of_the_file(void **state)
{
    struct rig rig;
    struct buf file = read_file(FILES "ingest-headers.bin");
    rig_init(&rig, 1);
    struct copy *copy = rig_start(&rig, &ingest_worker, 0, headed);
    for (size_t at = 0; at < file.size; at++) {
        struct slice rest = slice_of(file.data + at, file.size - at);
        const struct header headers[] = {{"origin.topic", rest}, {"redriven", slice_str("1")},
                                         {"origin.offset", slice_of(file.data, at)}};
        send(&rig, rest, slice_of(file.data, at), headers, ARRAY_COUNT(headers));
    }
    assert_accounted(&rig, copy);
    rig_release(&rig);
    buf_release(&file);
}

/* ---- Two schemas with one fingerprint ---- */

/* Sends a record framed by the fingerprint of a schema's text. */
static void send_single(struct rig *rig, const char *path, struct slice body)
{
    struct buf text = read_file(path), message;
    uint64_t fingerprint;
    buf_append(&text, "", 1);
    assert_int_equal(schema_fingerprint(text.data, &fingerprint), 0);
    buf_init(&message, FILE_BYTES_MAX);
    buf_append(&message, "\xc3\x01", 2);
    buf_append(&message, &fingerprint, sizeof(fingerprint));
    buf_append(&message, body.data, body.size);
    send(rig, slice_str("k"), buf_slice(&message), NULL, 0);
    buf_release(&message);
    buf_release(&text);
}

static void reason_is(struct rig *rig, int64_t offset, const char *expected)
{
    struct slice value;
    assert_int_equal(memlog_header(rig->log, "dead-letters", 0, offset, "reason", &value), 0);
    if (!slice_equal(value, slice_str(expected))) {
        fail_msg("%.*s instead of %s", SLICE_ARGS(value), expected);
    }
}

/* With both schemas known nobody decides for the other: the records are refused, whichever file is
 * read first; with one of them its records are read. */
static void one_fingerprint_of_two_files(void **state)
{
    static const char body[] = "\x02u\x02i\x80\xa0\xd9\xbc\xf9\x61"; /* u, i, a time */
    static const char order[] = "\x02u\x02i\x02v\x80\xa0\xd9\xbc\xf9\x61";
    static const struct {
        const char *path, *a, *b;
        struct slice body;
    } cases[] = {
        {"schemas.path=" FILES "same-canonical", FILES "same-canonical/a.avsc",
         FILES "same-canonical/b.avsc", {body, sizeof(body) - 1}},
        {"schemas.path=" FILES "same-fingerprint", FILES "same-fingerprint/a.avsc",
         FILES "same-fingerprint/b.avsc", {order, sizeof(order) - 1}},
    };
    for (size_t i = 0; i < ARRAY_COUNT(cases); i++) {
        const char *const pairs[] = {"source.format=avro", cases[i].path, "map.user=user",
                                     "map.item=item", "map.action==VIEW", "map.time=ts", NULL};
        struct rig rig;
        rig_init(&rig, 1);
        struct copy *copy = rig_start(&rig, &ingest_worker, 0, pairs);
        send_single(&rig, cases[i].a, cases[i].body);
        send_single(&rig, cases[i].b, cases[i].body);
        assert_accounted(&rig, copy);
        reason_is(&rig, 0, "ambiguous_fingerprint");
        reason_is(&rig, 1, "ambiguous_fingerprint");
        rig_release(&rig);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(headers_of_the_file),
        cmocka_unit_test(pieces_of_the_file),
        cmocka_unit_test(one_fingerprint_of_two_files),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
