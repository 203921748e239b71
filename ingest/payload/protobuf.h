/* Protobuf: messages of types that are known only at run time, as JSON.
 *
 * A set of descriptors is made of .proto texts or serialized descriptors. JSON is that of the
 * Protobuf specification, with these differences: fields have the names of the .proto file; numbers
 * are numbers, also those of 64 bits; numbers, booleans and enums that are not set are written with
 * their default, where their field does not know whether it was set. Timestamps are ISO 8601 texts,
 * wrappers are what they wrap, a Struct is an object. Imports that are missing are left out, with
 * the fields of their types.
 *
 * Both texts and messages are untrusted: nesting, and the messages within a message, are limited.
 * One thread at a time.
 */
#ifndef FRESHET_INGEST_PAYLOAD_PROTOBUF_H
#define FRESHET_INGEST_PAYLOAD_PROTOBUF_H

/* What base/base.h bans, the headers of C++ name: its parts that are needed. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

enum {
    PROTOBUF_DEPTH_MAX = 64,       /* nesting of a text's blocks, and of messages */
    PROTOBUF_MESSAGES_MAX = 10000, /* messages within one message */
};

struct protobuf;

/* Makes an empty set of descriptors; free with protobuf_free(). */
struct protobuf *protobuf_new(void);
/* Frees the set; takes NULL; returns NULL. */
struct protobuf *protobuf_free(struct protobuf *protobuf);
/* Adds a file under the name by which others import it: a .proto text, a serialized
 * FileDescriptorSet, or a FileDescriptorProto in base64. 0, or -EINVAL with the reason written to
 * why. */
int protobuf_add(struct protobuf *protobuf, const char *name, const char *bytes, size_t size,
                 char *why, size_t why_size);
/* Returns the name of the import with this index among the files added that was not added itself
 * and is not known otherwise; NULL: there is none. Borrowed until the next call. */
const char *protobuf_missing(struct protobuf *protobuf, size_t index);
/* Finds a message's type by its full name, or the only one of all files (name ""). NULL with the
 * reason written to why. */
const void *protobuf_find(struct protobuf *protobuf, const char *name, char *why, size_t why_size);
/* Finds a type by its place in a file: the index of the message, then of the one within it ... NULL
 * when there is none, or the file cannot be used, with the reason written to why. */
const void *protobuf_at(struct protobuf *protobuf, const char *file, const int64_t *indexes,
                        size_t count, char *why, size_t why_size);
/* Finds a type by its number among all types of a file (where there is none of this name, of the
 * last one added), ordered by full name: AWS Glue's numbers. The first call keeps the order; files
 * are added before it. NULL when there is none, with the reason written to why. */
const void *protobuf_numbered(struct protobuf *protobuf, const char *file, uint64_t number,
                              char *why, size_t why_size);
/* Returns the full name of a type, borrowed from the set. */
const char *protobuf_name(const void *type);
/* Writes a message of this type as JSON, piece by piece, by `put`. 0; -EBADMSG: it is damaged;
 * -E2BIG: it is nested too deep or holds too many messages. */
int protobuf_render(struct protobuf *protobuf, const void *type, const char *bytes, size_t size,
                    void (*put)(void *arg, const char *bytes, size_t size), void *arg);

#ifdef __cplusplus
}
#endif

#endif
