/* tests/golden/sentences/expected.txt (tests/golden/make_sentences.py): for each text its pieces
 * and its vector, as the originals have them. */
#ifndef FRESHET_TESTS_UNIT_EMBED_TEXT_SENTENCES_H
#define FRESHET_TESTS_UNIT_EMBED_TEXT_SENTENCES_H

#include "base/buf.h"
#include "base/text_file.h"
#include "embed/text/sentence_model.h"
#include "tests/unit/numbers.h"

#define SENTENCES_DIRECTORY "tests/golden/sentences"

enum { EXPECTED_BYTES_MAX = 1 << 20, EXPECTED_TEXTS = 160, EXPECTED_NUMBERS = 32 };

struct expected {
    char text[1024];
    size_t text_bytes;
    int32_t pieces[SENTENCE_PIECES_MAX];
    size_t pieces_count;
    double vector[EXPECTED_NUMBERS];
};

static inline char *read_golden(const char *name)
{
    _cleanup_(xfreep) char *path = xprintf(SENTENCES_DIRECTORY "/%s", name);
    struct buf text;
    buf_init(&text, EXPECTED_BYTES_MAX);
    assert_int_equal(text_file_read(path, &text), 0);
    char *copied = xprintf("%.*s", SLICE_ARGS(buf_slice(&text)));
    buf_release(&text);
    return copied;
}

static inline size_t read_hex(const char *line, char *to, size_t size)
{
    size_t count = 0;
    while (line[0] != '\n' && line[0] != '-') {
        char pair[3] = {line[0], line[1], '\0'};
        assert_true(count < size);
        to[count++] = (char)strtoul(pair, NULL, 16);
        line += 2;
    }
    return count;
}

/* Reads the texts; the caller frees. */
static inline struct expected *read_expected(size_t *ret_count)
{
    struct expected *all = xcalloc(EXPECTED_TEXTS, sizeof(*all));
    _cleanup_(xfreep) char *text = read_golden("expected.txt");
    char *at = text;
    size_t count = 0;
    for (; *at; count++) {
        assert_true(count < EXPECTED_TEXTS);
        struct expected *one = &all[count];
        one->text_bytes = read_hex(at, one->text, sizeof(one->text));
        at = strchr(at, '\n') + 1;
        one->pieces_count = strtoul(at, &at, 10);
        for (size_t i = 0; i < one->pieces_count; i++) {
            one->pieces[i] = (int32_t)strtol(at, &at, 10);
        }
        for (size_t i = 0; i < EXPECTED_NUMBERS; i++) { one->vector[i] = strtod(at, &at); }
        at = strchr(at, '\n') + 1;
    }
    *ret_count = count;
    return all;
}

#endif
