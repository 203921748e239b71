/* The names of a user on Freshet's topics: the id as it is, or, where pseudonym.keys is configured,
 * the pseudonyms under each of its keys, newest first. */
#ifndef FRESHET_CLI_USER_NAMES_H
#define FRESHET_CLI_USER_NAMES_H

#include "cli/client.h"
#include "pseudonyms/pseudonyms.h"

struct user_names {
    char *at[PSEUDONYM_KEYS_MAX];
    char key_ids[PSEUDONYM_KEYS_MAX][PSEUDONYM_KEY_ID_MAX + 1]; /* empty: no pseudonym */
    int64_t from_ms[PSEUDONYM_KEYS_MAX];
    size_t count;
    size_t now; /* index of the one that a new record gets */
};

/* Finds the names; release with user_names_release(). An id that is a pseudonym already is kept. 0,
 * or EXIT_CONFIG with the fault printed. */
int user_names_find(const struct client *client, const char *user, struct user_names *ret_names);
void user_names_release(struct user_names *names);

#endif
