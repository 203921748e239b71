#include "base/base.h"
#include "base/number.h"
#include "stream/kafka/wire.h"
#include "stream/state/position.h"

#include <sys/random.h>

static const char position_key[] = "\x01" "freshet.position";

static const char *const number_names[] = {"position.next", "position.newest",
                                           "position.newest.ms", "position.from"};
enum { NEXT, NEWEST, NEWEST_MS, FROM, NUMBERS };
_Static_assert(ARRAY_COUNT(number_names) == NUMBERS && NUMBERS + 2 == POSITION_HEADERS,
               "two texts and the numbers");

void position_make_id(char ret_id[LOG_ID_BYTES])
{
    unsigned char random[LOG_ID_BYTES / 2];
    ssize_t size = getrandom(random, sizeof(random), 0);
    assert(size == (ssize_t)sizeof(random));
    for (size_t i = 0; i < sizeof(random); i++) {
        (void)snprintf(ret_id + 2 * i, 3, "%02x", random[i]);
    }
}

struct message position_message(const struct position *position, const char *changelog,
                                int32_t partition, struct position_text *ret_text)
{
    struct position_text *text = ret_text;
    const int64_t numbers[NUMBERS] = {position->next, position->newest, position->newest_ms,
                                      position->from};
    memcpy(text->log_id, position->log_id, sizeof(text->log_id));
    memcpy(text->topic, position->topic, sizeof(text->topic));
    text->headers[0] = (struct header){"position.log", slice_str(text->log_id)};
    text->headers[1] = (struct header){"position.input", slice_str(text->topic)};
    for (size_t i = 0; i < NUMBERS; i++) {
        (void)snprintf(text->numbers[i], sizeof(text->numbers[i]), "%" PRId64, numbers[i]);
        text->headers[2 + i] = (struct header){number_names[i], slice_str(text->numbers[i])};
    }
    return (struct message){.topic = changelog,
                            .partition = partition,
                            .key = slice_of(position_key, sizeof(position_key) - 1),
                            .headers = text->headers,
                            .headers_count = POSITION_HEADERS};
}

bool position_has_key(struct slice key)
{
    return key.data && slice_equal(key, slice_of(position_key, sizeof(position_key) - 1));
}

static bool read_text(const struct record *rec, const char *name, char *ret_text, size_t size)
{
    struct slice value;
    if (record_header(rec, name, &value) < 0 || !value.data || value.size >= size) { return false; }
    memcpy(ret_text, value.data, value.size);
    ret_text[value.size] = '\0';
    return strlen(ret_text) == value.size;
}

int position_read(const struct record *rec, struct position *ret_position)
{
    struct position position;
    int64_t *const numbers[NUMBERS] = {&position.next, &position.newest, &position.newest_ms,
                                       &position.from};
    char number[24];
    if (!read_text(rec, "position.log", position.log_id, sizeof(position.log_id)) ||
        !read_text(rec, "position.input", position.topic, sizeof(position.topic))) {
        return -EINVAL;
    }
    for (size_t i = 0; i < NUMBERS; i++) {
        if (!read_text(rec, number_names[i], number, sizeof(number)) ||
            !number_parse(number, numbers[i])) {
            return -EINVAL;
        }
    }
    bool sound = position.log_id[0] && position.next >= 0 && position.newest >= OFFSET_NONE &&
                 position.newest < position.next && position.from >= 0;
    if (!sound) { return -EINVAL; }
    *ret_position = position;
    return 0;
}
