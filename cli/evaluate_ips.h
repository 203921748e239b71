/* `freshet evaluate --protocol ips`: judges the places that rules explore by what came of them. */
#ifndef FRESHET_CLI_EVALUATE_IPS_H
#define FRESHET_CLI_EVALUATE_IPS_H

#include "cli/client.h"
#include "cli/drawn_lists.h"

struct ips_request {
    const char *file; /* lines of `freshet peek` of both topics; NULL: the topics themselves */
    struct drawn_settings settings;
    double temperatures[OFF_POLICY_TEMPERATURES_MAX];
    size_t temperatures_count;
    int64_t since_ms; /* records of Kafka's timestamps from then on; 0: all */
    bool json;
};

/* Reads and prints; the client is loaded if there is no file. The exit code, with the fault
 * printed. */
int evaluate_ips(const struct client *client, const struct ips_request *request);

#endif
