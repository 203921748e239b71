/* Files of a sentence model and texts: a first byte says which. What is accepted keeps the limits:
 * pieces are of the vocabulary, tensors inside the file; what is refused says why. */
#include "base/base.h"
#include "embed/text/safetensors.h"
#include "embed/text/word_pieces.h"
#include "tests/fuzz/crumbs.h"

enum { PIECES_MAX = 64 };

static void read_text(const struct word_pieces *pieces, struct slice text)
{
    int32_t numbers[PIECES_MAX];
    for (size_t max = 2; max <= PIECES_MAX; max *= 2) {
        size_t count = word_pieces_of(pieces, text, numbers, max);
        assert(count >= 2 && count <= max);
        for (size_t i = 0; i < count; i++) {
            assert(numbers[i] >= 0 && (size_t)numbers[i] < word_pieces_count(pieces));
        }
    }
}

static void read_vocabulary(struct slice text)
{
    struct word_pieces *pieces = NULL;
    struct reason reason = {0};
    if (word_pieces_new(text, &pieces, &reason) < 0) {
        assert(reason.text[0]);
        return;
    }
    read_text(pieces, text);
    word_pieces_free(pieces);
}

static void read_tensors(struct slice bytes)
{
    struct safetensors *tensors = NULL;
    struct reason reason = {0};
    struct tensor tensor;
    float numbers[16];
    if (safetensors_new(bytes, &tensors, &reason) < 0) {
        assert(reason.text[0]);
        return;
    }
    if (safetensors_find(tensors, "x", 4, 4, &tensor, &reason) == 0) {
        tensor_copy(&tensor, 0, 16, numbers);
    } else {
        assert(reason.text[0]);
    }
    safetensors_free(tensors);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct word_pieces *pieces;
    struct reason reason;
    if (!pieces) {
        struct slice vocabulary = slice_str("[UNK]\n[CLS]\n[SEP]\n[PAD]\na\n##a\nab\n##bc\n.\n"
                                            "\xe9\x9b\xbb\n##\xe9\x9b\xbb\n##\n#\n##\xd0\xb9\n");
        assert(word_pieces_new(vocabulary, &pieces, &reason) == 0);
    }
    if (size == 0) { return 0; }
    struct slice rest = slice_of((const char *)data + 1, size - 1);
    if (data[0] % 3 == 0) { read_text(pieces, rest); }
    if (data[0] % 3 == 1) { read_vocabulary(rest); }
    if (data[0] % 3 == 2) { read_tensors(rest); }
    return 0;
}
