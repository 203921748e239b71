/* The schema cache of a command. It fetches unknown ids from the registry. Messages are written in
 * the same frame as the workers'. */
#ifndef FRESHET_CLI_CLIENT_SCHEMAS_H
#define FRESHET_CLI_CLIENT_SCHEMAS_H

#include "cli/client.h"
#include "stream/avro/codec.h"

/* Makes a cache that asks the client's registry and reports failures on stderr. Free with
 * schema_cache_free(), before the client. */
struct schema_cache *client_schemas(const struct client *client);
/* Adds the schemas of schemas.path; 0, or EXIT_FAILURE with the fault printed. */
int client_schemas_add_path(const struct client *client, struct schema_cache *schemas);
/* Makes the codec of a contract that is written to a topic. If messages are framed with ids, its
 * schema is registered first, as a worker does it. `first`: the contract is the topic's usual
 * record. NULL with the fault printed. */
struct codec *client_schemas_writer(const struct client *client, struct schema_cache *schemas,
                                    const char *topic, const struct contract *contract, bool first);

#endif
