/* The rights that workers and commands need (deploy/acls.ini), for principals that are named.
 * Pure. */
#ifndef FRESHET_CLI_PROVISION_RIGHT_PLAN_H
#define FRESHET_CLI_PROVISION_RIGHT_PLAN_H

#include "base/arena.h"
#include "base/buf.h"
#include "cli/provision/ini.h"
#include "stream/kafka/kafka_rights.h"

/* Whose rights, on names that begin how. */
struct right_request {
    const char *const *principals; /* [WORKER=]User:NAME; without a worker: of all that no other
                                    * word names, but for those that are granted by name */
    size_t principals_count;
    const char *prefix, *group_prefix;
    bool generations; /* of more than one generation: on all names that begin so */
    bool settings;    /* and the right to see the settings of their topics */
};

struct right_plan {
    struct right *rights; /* each once */
    size_t count, capacity;
};

/* Makes the plan; names live in the arena. False with the reason: a word that is wrong. Release
 * with right_plan_release() in both cases. */
bool right_plan_make(const struct ini *table, const struct right_request *request,
                     struct arena *arena, struct right_plan *ret_plan, struct buf *why);
void right_plan_release(struct right_plan *plan);
/* Appends a right: "User:NAME: READ on topic NAME", with a * where it is prefixed. */
void right_plan_line(const struct right *right, struct buf *out);
/* Appends Kafka's own command that grants it, in a line. */
void right_plan_command(const struct right *right, const char *bootstrap, struct buf *out);
/* Appends the table as Markdown. */
void right_plan_table(const struct ini *table, struct buf *out);

#endif
