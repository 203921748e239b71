#include "base/base.h"
#include "serve/serve_settings.h"
#include "schemas/item_list.h"
#include "stream/http/http_server.h"

#define OPTION_SETTINGS struct serve_settings

const struct option serve_options[SERVE_OPTIONS_COUNT] = {
    OPTION("http.address", STRING, address, "127.0.0.1", OPTION_FREE,
           "Address of this machine on which requests are answered. There is no TLS: let only your "
           "own servers reach it."),
    OPTION("http.port", LONG, port, "8080", OPTION_RANGE(0, UINT16_MAX),
           "Port on which requests are answered; 0: any free one, which the log names."),
    OPTION("http.connections.max", LONG, connections, "256", OPTION_RANGE(1, HTTP_CONNECTIONS_MAX),
           "Most connections; for one more, the oldest is closed.", OPTION_LIVE),
    OPTION("http.timeout.ms", DURATION, timeout_ms, "30s", OPTION_RANGE(1000, 3600e3),
           "A connection without a byte for so long is closed (whole seconds)."),
    OPTION("http.tokens", STRING, tokens, "", OPTION_FREE,
           "File with a token a line: a request for a list needs one of them as `Authorization: "
           "Bearer TOKEN`; empty: everybody may ask."),
    OPTION("pseudonym.keys", STRING, pseudonym_keys, "", OPTION_FREE,
           "The file with keys that ingest has: user ids of requests are replaced by the same "
           "pseudonyms; empty: they are not replaced"),
    OPTION("users.recent", LONG, recent_users, "50000", OPTION_RANGE(0, 10000000),
           "Users who acted last that are known in memory, with their newest items: among them it "
           "is looked who would want an item; 0: nobody. At a start as many histories are read."),
    OPTION("item.lists.every.ms", DURATION, item_lists_every_ms, "0", OPTION_RANGE(0, 86400e3),
           "Lists of items (similar, together, popular, trending, new) that have changed are sent "
           "to item-lists this often; 0: not at all."),
    OPTION("item.lists.length", LONG, item_lists_length, "20", OPTION_RANGE(1, ITEM_LIST_ITEMS_MAX),
           "Most items on a list of item-lists."),
    OPTION("item.lists.tags", BOOL, item_lists_tags, "true", OPTION_FREE,
           "Popular, trending and new items are sent for each tag of the catalogue as well; that "
           "reads all items three times a tag."),
    OPTION("console.sources", STRING, console_sources, "clicks", OPTION_FREE,
           "The topics that ingest reads (its `sources`), for its lag on the console's page of the "
           "flow."),
    OPTION("console.images", STRING, console_images, "", OPTION_FREE,
           "Hosts from which the console's pages load pictures of items, like "
           "https://img.shop.example, with blanks between; empty: there are no pictures."),
    OPTION("console.config", STRING, console_config, "", OPTION_FREE,
           "The file that commands on the console's pages name with --config; empty: they name the "
           "brokers and prefixes of this server, or, where kafka.* is set, "
           "/etc/freshet/ingest.properties."),
    OPTION("explore.logged", BOOL, explore_logged, "true", OPTION_FREE,
           "Places that rules draw (explore) on lists that are made for requests are written to "
           "served, with their probabilities."),
    OPTION("segments.used", BOOL, segments_used, "true", OPTION_FREE,
           "Make lists of users without an action by the segments of their profiles (topic "
           "profiles, by sequence)."),
    OPTION("segments.table.memory.max", BYTES, segments_table_memory_max, "64m",
           OPTION_RANGE(1 << 16, 1024 * GIB),
           "Memory for what segments act on; further records are refused."),
    OPTION("context.weight", DOUBLE, context_weight, "0.5", OPTION_RANGE(0, 10),
           "How much the circumstances that a request names (device, channel, place, hour) change "
           "a list, where features counts them (docs/context.md); 0: nothing."),
    LIST_OPTIONS,
};
