/* What must change so that a broker's topics agree with the table (deploy/topics.ini). Pure: the
 * caller looks at the broker and carries out what is planned.
 *
 * The table's numbers of partitions are for new topics; an existing topic is changed only when a
 * number is asked for, and a topic with state never, because its keys would leave their state. */
#ifndef FRESHET_CLI_PROVISION_TOPIC_PLAN_H
#define FRESHET_CLI_PROVISION_TOPIC_PLAN_H

#include "base/buf.h"
#include "cli/provision/ini.h"
#include "stream/kafka/kafka_admin.h"

struct planned_topic {
    const char *name; /* without the prefix */
    bool wanted;
    struct topic_form *there; /* as the broker has it, owned; NULL: it is to be made */
    int32_t partitions;       /* when the plan is carried out */
};

struct topic_plan {
    const struct ini *table; /* borrowed */
    struct planned_topic *topics;
    size_t count;
};

/* Takes all topics of the table that are not optional as wanted. Release with
 * topic_plan_release(). */
void topic_plan_init(struct topic_plan *plan, const struct ini *table);
void topic_plan_release(struct topic_plan *plan);
/* Wants an optional topic, too; false when the table does not have it. */
bool topic_plan_add(struct topic_plan *plan, const char *name);
/* Works out the partitions, once `there` is filled in; asked: for each topic that has more than
 * one; 0: as in the table. False with the refusals, a line each. */
bool topic_plan_work_out(struct topic_plan *plan, int32_t asked, struct buf *refusals);
/* Returns the form of a topic to be made; the caller frees. */
struct topic_form *topic_plan_form(const struct topic_plan *plan, const struct planned_topic *topic,
                                   int copies);
/* Says whether settings of a topic that exists differ from the table; with `put` they are set in
 * `there`. Appends a line for each: "PREFIXNAME: key old -> new", after `verb`. */
bool topic_plan_settings(const struct topic_plan *plan, const struct planned_topic *topic,
                         const char *verb, const char *prefix, bool put, struct buf *out);
/* Appends the table as Markdown. */
void topic_plan_table(const struct ini *table, struct buf *out);

#endif
