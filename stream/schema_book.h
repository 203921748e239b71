/* The schema book: every writer's schema that this process knows, by its fingerprint and by the
 * ids under which a schema registry knows it.
 *
 * An id means one schema for ever; a schema may have many ids (one text with a comment, one
 * without). The book says how codecs frame what they write: as single objects, or with ids.
 *
 * A book belongs to one thread.
 */
#ifndef FRESHET_STREAM_SCHEMA_BOOK_H
#define FRESHET_STREAM_SCHEMA_BOOK_H

#include "base/base.h"

/* Why bytes, or a schema, were refused: `reason` is a fixed word for counting and dead letters,
 * `detail` says where ("field items, element 3: negative length -7"). */
struct codec_error {
    const char *reason;
    char detail[200];
};

enum framing { FRAMING_SINGLE, FRAMING_CONFLUENT };

/* The name of a schema before a message's body (framing.h). */
struct frame {
    enum framing framing;
    uint64_t number; /* fingerprint or id */
};

enum {
    SCHEMA_ID_MAX = INT32_MAX, /* registries count in signed 32 bits, from 1 */
    BOOK_SCHEMAS_MAX = 4096,
    BOOK_IDS_MAX = 16384,
};

struct schema;
struct schema_book;

/* Makes an empty book; free with schema_book_free(). */
struct schema_book *schema_book_new(void);
/* Frees the book (after all codecs made with it); takes NULL; returns NULL. */
struct schema_book *schema_book_free(struct schema_book *book);
/* Adds a schema by its JSON text; 0 (also when known already), or -EINVAL with ret_error told. */
int schema_book_add(struct schema_book *book, const char *json, struct codec_error *ret_error);
/* Adds a schema and the id under which a registry knows it; 0, or -EINVAL with ret_error told (also
 * when the id means another schema). Of several ids codecs write the one that came last. */
int schema_book_bind(struct schema_book *book, uint32_t id, const char *json,
                     struct codec_error *ret_error);
/* Adds every *.avsc file of a directory (older or foreign writers' schemas); one that is named by a
 * number (17.avsc) is known by that id too. 0 or -errno. */
int schema_book_add_dir(struct schema_book *book, const char *path, struct codec_error *ret_error);

/* Says how codecs that are made from now on frame what they write. With ids: those whose schema
 * has one; the others write single objects. */
void schema_book_write(struct schema_book *book, enum framing framing);
/* Says which frame a codec writes for a schema of the book. */
struct frame schema_book_frame(const struct schema_book *book, uint64_t fingerprint);
/* Finds the schema that a frame names; NULL when the book lacks it. */
const struct schema *schema_book_find(struct schema_book *book, struct frame frame);
/* Lets the book ask for ids that it lacks, each time that one is looked for: `ask` may wait, and
 * binds the id or does not. For programs that have nothing else to do; `arg` must outlive the
 * book. */
void schema_book_ask(struct schema_book *book,
                     void (*ask)(void *arg, struct schema_book *book, uint32_t id), void *arg);

#endif
