#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "cli/user_names.h"
#include "stream/config/options.h"

enum { NAMES_ARENA_BLOCK = 4096 };

int user_names_find(const struct client *client, const char *user, struct user_names *ret_names)
{
    const char *path = client_other(client, "pseudonym.keys");
    struct pseudonyms *pseudonyms = NULL;
    struct user_names names = {0};
    char why[512];
    if (path && path[0] && pseudonyms_load(path, &pseudonyms, why, sizeof(why)) < 0) {
        (void)client_fail("%s", why);
        return EXIT_CONFIG;
    }
    if (!pseudonyms || pseudonyms_is_one(pseudonyms, slice_str(user))) {
        names.at[names.count++] = xstrdup(user);
        pseudonyms_free(pseudonyms);
        *ret_names = names;
        return 0;
    }
    struct arena *arena = arena_new(NAMES_ARENA_BLOCK);
    size_t newest = pseudonyms_count(pseudonyms) - 1;
    names.now = newest - pseudonyms_at(pseudonyms, clock_wall_ms());
    for (size_t i = 0; i <= newest; i++) {
        size_t key = newest - i;
        struct slice name = pseudonyms_of(pseudonyms, key, slice_str(user), arena);
        names.at[i] = xprintf("%.*s", SLICE_ARGS(name));
        (void)snprintf(names.key_ids[i], sizeof(names.key_ids[i]), "%s",
                       pseudonyms_key_id(pseudonyms, key));
        names.from_ms[i] = pseudonyms_key_from(pseudonyms, key);
        names.count++;
    }
    arena_free(arena);
    pseudonyms_free(pseudonyms);
    *ret_names = names;
    return 0;
}

void user_names_release(struct user_names *names)
{
    for (size_t i = 0; i < names->count; i++) { free(names->at[i]); }
    *names = (struct user_names){0};
}
