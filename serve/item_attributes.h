/* Item attributes: what the catalogue says of items, by item number: tags, title, price, when they
 * were made. One thread at a time.
 */
#ifndef FRESHET_SERVE_ITEM_ATTRIBUTES_H
#define FRESHET_SERVE_ITEM_ATTRIBUTES_H

#include "schemas/item.h"

enum { CARD_TAGS_MAX = 32 };

/* What people are shown of an item. */
struct item_card {
    struct slice title; /* empty: not known */
    struct slice image; /* the address of a picture; empty: there is none, or none are kept */
    struct slice tags[CARD_TAGS_MAX];
    size_t tags_count;
    double price;       /* below 0: not known */
    int64_t created_ms; /* by the catalogue; 0: not known */
    int64_t since_ms;   /* of its first record that was read; 0: not known */
    double actions;     /* decayed */
    bool available;
};

struct item_attributes;

/* Makes an empty table; free with item_attributes_free(). */
struct item_attributes *item_attributes_new(void);
/* Takes NULL; returns NULL. */
struct item_attributes *item_attributes_free(struct item_attributes *attributes);
/* Keeps the addresses of pictures of items that are put from now on. */
void item_attributes_keep_images(struct item_attributes *attributes);
/* Sets the attributes of an item's number (below 0: ignored). `since_ms`: the time of the record;
 * returns that of the first one since the item came, or came back. 0: not known; -1: it will not be
 * either, as an earlier record had none. */
int64_t item_attributes_put(struct item_attributes *attributes, int32_t number,
                            const struct item *item, int64_t since_ms);
/* Removes them. */
void item_attributes_remove(struct item_attributes *attributes, int32_t number);
/* Returns the number of a tag; ID_NONE: no item has it. */
int32_t item_attributes_tag(const struct item_attributes *attributes, struct slice tag);
/* Returns the text of the tag with a number, borrowed for the life of the table; without data:
 * there are fewer. A tag that no item has any more keeps its number. */
struct slice item_attributes_tag_text(const struct item_attributes *attributes, int32_t tag);
/* Says whether any item has the tag with a number. */
bool item_attributes_tag_used(const struct item_attributes *attributes, int32_t tag);
/* Says whether an item has a tag. */
bool item_attributes_has(const struct item_attributes *attributes, int32_t number, int32_t tag);
/* Fills in what the catalogue says of an item, borrowed until the next change; not `actions`. */
void item_attributes_card(const struct item_attributes *attributes, int32_t number,
                          struct item_card *ret_card);
/* Returns an item's title, borrowed as well; empty: not known. */
struct slice item_attributes_title(const struct item_attributes *attributes, int32_t number);
/* Returns when an item was made; 0: not known. */
int64_t item_attributes_created_ms(const struct item_attributes *attributes, int32_t number);

#endif
