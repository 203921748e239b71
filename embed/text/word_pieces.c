#include "base/base.h"
#include "base/hash_index.h"
#include "base/xalloc.h"
#include "embed/text/characters.h"
#include "embed/text/word_pieces.h"

enum { WORD_BYTES_MAX = WORD_CHARACTERS_MAX * CHARACTER_BYTES_MAX };
enum { UNKNOWN, BEGIN, END, PADDING, MASK, SPECIAL_COUNT };
static const char *const special_names[SPECIAL_COUNT] = {
    [UNKNOWN] = "[UNK]", [BEGIN] = "[CLS]", [END] = "[SEP]", [PADDING] = "[PAD]",
    [MASK] = "[MASK]",
};

struct word_pieces {
    char *text;
    struct slice *at; /* by number */
    size_t count;
    size_t longest; /* bytes */
    struct hash_index index;
    int32_t special[SPECIAL_COUNT]; /* -1: the vocabulary has it not */
};

/* ---- Vocabulary ---- */

static uint64_t hash_of(const void *owner, uint32_t at)
{
    const struct word_pieces *pieces = owner;
    return hash_index_text(pieces->at[at]);
}

static bool is_piece(const void *owner, uint32_t at, const void *key)
{
    const struct word_pieces *pieces = owner;
    return slice_equal(pieces->at[at], *(const struct slice *)key);
}

static int32_t find(const struct word_pieces *pieces, struct slice piece)
{
    return hash_index_find(&pieces->index, hash_index_text(piece), is_piece, pieces, &piece);
}

static struct slice next_line(struct slice *rest)
{
    const char *end = memchr(rest->data, '\n', rest->size);
    size_t size = end ? (size_t)(end - rest->data) : rest->size;
    struct slice line = slice_of(rest->data, size);
    size_t taken = MIN_OF(size + 1, rest->size);
    *rest = slice_of(rest->data + taken, rest->size - taken);
    if (line.size && line.data[line.size - 1] == '\r') { line.size--; }
    return line;
}

/* Of a piece that is there twice, the last number counts, as in the original. */
static void put(struct word_pieces *pieces, struct slice piece)
{
    int32_t before = find(pieces, piece);
    pieces->at[pieces->count] = piece;
    pieces->longest = MAX_OF(pieces->longest, piece.size);
    uint32_t number = (uint32_t)pieces->count++;
    if (before < 0) {
        hash_index_add(&pieces->index, hash_index_text(piece), number, hash_of, pieces);
    } else {
        hash_index_move(&pieces->index, hash_index_text(piece), (uint32_t)before, number);
    }
}

static size_t count_lines(struct slice text)
{
    size_t count = 0;
    while (text.size) {
        (void)next_line(&text);
        count++;
    }
    return count;
}

static int read_lines(struct word_pieces *pieces, struct slice rest, struct reason *reason)
{
    while (rest.size) {
        struct slice line = next_line(&rest);
        if (line.size > PIECE_BYTES_MAX) {
            return reason_give(reason, "line %zu of the vocabulary has %zu bytes; a piece has at "
                               "most %d", pieces->count + 1, line.size, PIECE_BYTES_MAX);
        }
        put(pieces, line);
    }
    return 0;
}

static int find_special(struct word_pieces *pieces, struct reason *reason)
{
    for (size_t i = 0; i < SPECIAL_COUNT; i++) {
        pieces->special[i] = find(pieces, slice_str(special_names[i]));
        if (pieces->special[i] < 0 && i <= END) {
            return reason_give(reason, "the vocabulary has no line %s: is it BERT's vocab.txt?",
                               special_names[i]);
        }
    }
    return 0;
}

int word_pieces_new(struct slice vocabulary, struct word_pieces **ret_pieces,
                    struct reason *reason)
{
    const size_t lines = vocabulary.size ? count_lines(vocabulary) : 0;
    if (lines == 0 || lines > PIECES_COUNT_MAX) {
        return reason_give(reason, "the vocabulary has %zu lines; want 1 to %d", lines,
                           PIECES_COUNT_MAX);
    }
    struct word_pieces *pieces = xcalloc(1, sizeof(*pieces));
    pieces->text = xmemdup(vocabulary.data, vocabulary.size);
    pieces->at = xcalloc(lines, sizeof(*pieces->at));
    if (read_lines(pieces, slice_of(pieces->text, vocabulary.size), reason) < 0 ||
        find_special(pieces, reason) < 0) {
        word_pieces_free(pieces);
        return -1;
    }
    *ret_pieces = pieces;
    return 0;
}

struct word_pieces *word_pieces_free(struct word_pieces *pieces)
{
    if (!pieces) { return NULL; }
    hash_index_release(&pieces->index);
    free(pieces->at);
    free(pieces->text);
    free(pieces);
    return NULL;
}

size_t word_pieces_count(const struct word_pieces *pieces)
{
    return pieces->count;
}

/* ---- A text ---- */

struct walk {
    const struct word_pieces *pieces;
    int32_t *numbers;
    size_t count, max;
    char prefix[2]; /* ## before the word */
    char word[WORD_BYTES_MAX];
    size_t word_bytes, word_characters;
};

static void add_number(struct walk *walk, int32_t number)
{
    if (walk->count < walk->max) { walk->numbers[walk->count++] = number; }
}

/* Finds the longest piece at a place of the word and moves *at behind it; -1: there is none. The
 * two bytes before the place are lent for ##. */
static int32_t longest_piece(struct walk *walk, size_t *at)
{
    const size_t lead = *at ? sizeof(walk->prefix) : 0;
    char *from = walk->word + *at - lead;
    char lent[sizeof(walk->prefix)];
    size_t size = MIN_OF(walk->word_bytes - *at + lead, walk->pieces->longest);
    memcpy(lent, from, lead);
    memcpy(from, "##", lead);
    int32_t found = -1;
    for (; size > lead && found < 0; size--) {
        bool inside = from + size < walk->word + walk->word_bytes;
        if (inside && (from[size] & 0xc0) == 0x80) { continue; }
        found = find(walk->pieces, slice_of(from, size));
        if (found >= 0) { *at += size - lead; }
    }
    memcpy(from, lent, lead);
    return found;
}

static void end_word(struct walk *walk)
{
    if (walk->word_characters == 0) { return; }
    const size_t before = walk->count;
    bool known = walk->word_characters <= WORD_CHARACTERS_MAX;
    for (size_t at = 0; known && at < walk->word_bytes;) {
        int32_t number = longest_piece(walk, &at);
        known = number >= 0;
        if (known) { add_number(walk, number); }
    }
    if (!known) {
        walk->count = before;
        add_number(walk, walk->pieces->special[UNKNOWN]);
    }
    walk->word_bytes = walk->word_characters = 0;
}

static void add_character(struct walk *walk, uint32_t code)
{
    if (walk->word_characters < WORD_CHARACTERS_MAX) {
        walk->word_bytes += character_write(code, walk->word + walk->word_bytes);
    }
    walk->word_characters++;
}

static void add_made(struct walk *walk, uint32_t code)
{
    if (code == ' ') {
        end_word(walk);
    } else if (character_is_punctuation(code)) {
        end_word(walk);
        add_character(walk, code);
        end_word(walk);
    } else {
        add_character(walk, code);
    }
}

static void add_read(struct walk *walk, uint32_t code)
{
    uint32_t made[CHARACTER_BECOMES_MAX];
    const size_t count = character_become(code, made);
    const bool alone = character_is_han(code);
    if (alone) { end_word(walk); }
    for (size_t i = 0; i < count; i++) { add_made(walk, made[i]); }
    if (alone) { end_word(walk); }
}

/* Takes the name of a special piece; returns its bytes, or 0 where there is none. */
static size_t take_special(struct walk *walk, struct slice rest)
{
    if (rest.data[0] != '[') { return 0; }
    for (size_t i = 0; i < SPECIAL_COUNT; i++) {
        struct slice name = slice_str(special_names[i]);
        if (walk->pieces->special[i] >= 0 && rest.size >= name.size &&
            memcmp(rest.data, name.data, name.size) == 0) {
            end_word(walk);
            add_number(walk, walk->pieces->special[i]);
            return name.size;
        }
    }
    return 0;
}

size_t word_pieces_of(const struct word_pieces *pieces, struct slice text, int32_t *ret_numbers,
                      size_t max)
{
    assert(max >= 2);
    struct walk walk = {.pieces = pieces, .numbers = ret_numbers, .max = max - 1};
    add_number(&walk, pieces->special[BEGIN]);
    for (size_t at = 0; at < text.size && walk.count < walk.max;) {
        size_t taken = take_special(&walk, slice_of(text.data + at, text.size - at));
        if (!taken) {
            uint32_t code;
            taken = character_read(text, at, &code);
            add_read(&walk, code);
        }
        at += taken;
    }
    end_word(&walk);
    ret_numbers[walk.count++] = pieces->special[END];
    return walk.count;
}
