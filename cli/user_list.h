/* A user's newest list, as commands show it: read from its topic, with titles. */
#ifndef FRESHET_CLI_USER_LIST_H
#define FRESHET_CLI_USER_LIST_H

#include "cli/command.h"
#include "schemas/recommendation_list.h"

enum { LIST_REASON_BYTES = 1024 };

struct user_list {
    const char *user; /* as given; borrowed */
    struct recommendation_list list;
    char *topic;
    int32_t partition;
    int64_t offset;       /* where the list was read */
    int64_t published_ms; /* Kafka's timestamp of the list */
    struct slice *titles; /* of each item of the list, then of each `because`; empty: none */

    const struct client *client;
    struct wire *wire;
    const char *name; /* the user on our topics */
    struct schema_cache *schemas;
    struct codec *lists;
    struct codec *items;
    struct arena *arena; /* holds the list and the titles */
    bool found;
    bool deleted; /* the newest record is a tombstone */
};

/* Reads the newest list of the user that the command's first argument names, of the live generation
 * or of that of --generation. 0, or an exit code with the fault printed. Release with
 * user_list_release(), whatever the result is. */
int user_list_read(struct user_list *user_list, const struct invocation *invocation);
/* Frees what was read. */
void user_list_release(struct user_list *user_list);
/* Returns the title of an item of the list, or its id. */
struct slice user_list_title(const struct user_list *user_list, size_t at);
/* Writes why an item is on the list, at most LIST_REASON_BYTES. Returns into. */
const char *user_list_reason(const struct user_list *user_list, size_t at, char *into);
/* Appends a place of the list as a JSON object. */
void user_list_place_json(const struct user_list *user_list, size_t at, struct buf *out);

#endif
