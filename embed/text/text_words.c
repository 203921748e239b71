#include "base/base.h"
#include "embed/text/characters.h"
#include "embed/text/text_words.h"

struct word {
    void (*take)(void *arg, struct slice word);
    void *arg;
    char text[TEXT_WORD_BYTES_MAX];
    size_t size;
    bool cut; /* the rest of it does not count */
};

static void end(struct word *word)
{
    if (word->size) { word->take(word->arg, slice_of(word->text, word->size)); }
    word->size = 0;
    word->cut = false;
}

static void add(struct word *word, uint32_t code)
{
    char bytes[CHARACTER_BYTES_MAX];
    if (code == ' ' || character_is_punctuation(code)) {
        end(word);
        return;
    }
    size_t size = character_write(code, bytes);
    word->cut |= word->size + size > sizeof(word->text);
    if (word->cut) { return; }
    memcpy(word->text + word->size, bytes, size);
    word->size += size;
}

void text_words_each(struct slice text, void (*take)(void *arg, struct slice word), void *arg)
{
    struct word word = {.take = take, .arg = arg};
    for (size_t at = 0; at < text.size;) {
        uint32_t code, made[CHARACTER_BECOMES_MAX];
        at += character_read(text, at, &code);
        const size_t count = character_become(code, made);
        const bool alone = character_is_han(code);
        if (alone) { end(&word); }
        for (size_t i = 0; i < count; i++) { add(&word, made[i]); }
        if (alone) { end(&word); }
    }
    end(&word);
}
