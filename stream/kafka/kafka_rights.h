/* Rights on a broker (Kafka's ACLs): looks at them and grants them, for command line tools. The
 * wire must come from kafka_open(). Only rights to allow something, from every host, count.
 *
 * Calls wait for the broker's answer and return 0 or a negative wire_error; wire_why() then has the
 * reason.
 */
#ifndef FRESHET_STREAM_KAFKA_KAFKA_RIGHTS_H
#define FRESHET_STREAM_KAFKA_KAFKA_RIGHTS_H

#include "stream/kafka/wire.h"

enum right_on { RIGHT_ON_TOPIC, RIGHT_ON_GROUP, RIGHT_ON_TRANSACTIONAL_ID, RIGHT_ONS };
enum right_to { RIGHT_TO_READ, RIGHT_TO_DESCRIBE, RIGHT_TO_WRITE, RIGHT_TO_DESCRIBE_CONFIGS,
                RIGHT_TOS };

struct right {
    enum right_on on;
    enum right_to to;
    bool prefixed; /* on all names that begin with this one */
    const char *name;
    const char *principal; /* User:NAME */
    bool there;            /* the broker has it */
};

/* Says whether the Kafka client can name such things in rights: that of Debian 12 (2.0.2) cannot
 * name transactional ids. */
bool admin_rights_know(enum right_on on);
/* Sets `there` of each right of which that can be known. */
int admin_rights_look(struct wire *wire, struct right *rights, size_t count);
/* Grants those that are not there, of those that the client can name, and waits until the broker
 * lists them, at most 10 s; then `there` is set. */
int admin_rights_grant(struct wire *wire, struct right *rights, size_t count);

#endif
