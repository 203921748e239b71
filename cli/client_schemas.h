/* The schema cache of a command. It learns ids from the registry when a message has one; what is
 * written is framed as the workers frame it. */
#ifndef FRESHET_CLI_CLIENT_SCHEMAS_H
#define FRESHET_CLI_CLIENT_SCHEMAS_H

#include "cli/client.h"
#include "stream/avro/codec.h"

/* Makes a cache that asks the client's registry and says on stderr what cannot be had. Free with
 * schema_cache_free(), before the client. */
struct schema_cache *client_schemas(const struct client *client);
/* Adds the schemas of schemas.path; 0, or EXIT_FAILURE with the fault printed. */
int client_schemas_add_path(const struct client *client, struct schema_cache *schemas);
/* Makes the codec of a contract that is written to a topic. Where ids are written, its schema first
 * gets one in its subject, as a worker does it. `first`: the contract is the topic's usual record.
 * NULL with the fault printed. */
struct codec *client_schemas_writer(const struct client *client, struct schema_cache *schemas,
                                    const char *topic, const struct contract *contract, bool first);

#endif
