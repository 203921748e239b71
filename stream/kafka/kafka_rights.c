/* A broker applies a grant a moment after the controller has acknowledged it, so whoever grants
 * waits until the broker lists it: the worker that starts next may ask that broker.
 */
#include "base/base.h"
#include "base/clock.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_request.h"
#include "stream/kafka/kafka_rights.h"

#include <unistd.h>

enum { LISTED_MS = 10000, LISTED_AGAIN_MS = 50 };

/* librdkafka's numbers are those of Kafka's protocol; of transactional ids its header may have none
 * yet. */
static const rd_kafka_ResourceType_t resources[RIGHT_ONS] = {
    [RIGHT_ON_TOPIC] = RD_KAFKA_RESOURCE_TOPIC,
    [RIGHT_ON_GROUP] = RD_KAFKA_RESOURCE_GROUP,
    [RIGHT_ON_TRANSACTIONAL_ID] = (rd_kafka_ResourceType_t)5,
};
static const rd_kafka_AclOperation_t operations[RIGHT_TOS] = {
    [RIGHT_TO_READ] = RD_KAFKA_ACL_OPERATION_READ,
    [RIGHT_TO_DESCRIBE] = RD_KAFKA_ACL_OPERATION_DESCRIBE,
    [RIGHT_TO_WRITE] = RD_KAFKA_ACL_OPERATION_WRITE,
    [RIGHT_TO_DESCRIBE_CONFIGS] = RD_KAFKA_ACL_OPERATION_DESCRIBE_CONFIGS,
};

static rd_kafka_t *handle_of(struct wire *wire)
{
    return ((struct kafka *)wire)->at_once;
}

static rd_kafka_ResourcePatternType_t pattern_of(const struct right *right)
{
    return right->prefixed ? RD_KAFKA_RESOURCE_PATTERN_PREFIXED
                           : RD_KAFKA_RESOURCE_PATTERN_LITERAL;
}

/* Makes a right for the client; NULL: it cannot name such a thing. */
static rd_kafka_AclBinding_t *binding_of(const struct right *right)
{
    char why[ERROR_TEXT_MAX];
    return rd_kafka_AclBinding_new(resources[right->on], right->name, pattern_of(right),
                                   right->principal, "*", operations[right->to],
                                   RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW, why, sizeof(why));
}

bool admin_rights_know(enum right_on on)
{
    const struct right right = {.on = on, .name = "x", .principal = "User:x"};
    rd_kafka_AclBinding_t *binding = binding_of(&right);
    if (!binding) { return false; }
    rd_kafka_AclBinding_destroy(binding);
    return true;
}

/* ---- Looking ---- */

static bool is_same(const rd_kafka_AclBinding_t *binding, const struct right *right)
{
    return rd_kafka_AclBinding_restype(binding) == resources[right->on] &&
           rd_kafka_AclBinding_operation(binding) == operations[right->to] &&
           rd_kafka_AclBinding_resource_pattern_type(binding) == pattern_of(right) &&
           rd_kafka_AclBinding_permission_type(binding) == RD_KAFKA_ACL_PERMISSION_TYPE_ALLOW &&
           strcmp(rd_kafka_AclBinding_name(binding), right->name) == 0 &&
           strcmp(rd_kafka_AclBinding_principal(binding), right->principal) == 0 &&
           strcmp(rd_kafka_AclBinding_host(binding), "*") == 0;
}

static void take_bindings(rd_kafka_event_t *answer, struct right *rights, size_t count)
{
    size_t told = 0;
    const rd_kafka_AclBinding_t **bindings =
        rd_kafka_DescribeAcls_result_acls(rd_kafka_event_DescribeAcls_result(answer), &told);
    for (size_t i = 0; i < told; i++) {
        for (size_t k = 0; k < count; k++) {
            if (is_same(bindings[i], &rights[k])) { rights[k].there = true; }
        }
    }
}

/* Kinds are asked for one by one: an older client complains of those that it does not know. */
static rd_kafka_resp_err_t look_at(rd_kafka_t *rk, enum right_on on, struct right *rights,
                                   size_t count)
{
    char why[ERROR_TEXT_MAX];
    struct kafka_request request;
    rd_kafka_AclBindingFilter_t *all = rd_kafka_AclBindingFilter_new(
        resources[on], NULL, RD_KAFKA_RESOURCE_PATTERN_ANY, NULL, NULL,
        RD_KAFKA_ACL_OPERATION_ANY, RD_KAFKA_ACL_PERMISSION_TYPE_ANY, why, sizeof(why));
    if (!all) { return RD_KAFKA_RESP_ERR_NO_ERROR; }
    kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_DESCRIBEACLS);
    rd_kafka_DescribeAcls(rk, all, request.options, request.queue);
    rd_kafka_resp_err_t code = kafka_request_wait(&request);
    if (!code) { take_bindings(request.answer, rights, count); }
    kafka_request_end(&request);
    rd_kafka_AclBinding_destroy(all);
    return code;
}

int admin_rights_look(struct wire *wire, struct right *rights, size_t count)
{
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    for (size_t i = 0; i < count; i++) { rights[i].there = false; }
    for (int on = 0; on < RIGHT_ONS && !code; on++) {
        code = look_at(handle_of(wire), (enum right_on)on, rights, count);
    }
    return kafka_request_result(wire, "look at", "the rights", code);
}

/* ---- Granting ---- */

static rd_kafka_resp_err_t first_failure(rd_kafka_event_t *answer)
{
    size_t count = 0;
    const rd_kafka_acl_result_t **results =
        rd_kafka_CreateAcls_result_acls(rd_kafka_event_CreateAcls_result(answer), &count);
    for (size_t i = 0; i < count; i++) {
        const rd_kafka_error_t *error = rd_kafka_acl_result_error(results[i]);
        if (error) { return rd_kafka_error_code(error); }
    }
    return RD_KAFKA_RESP_ERR_NO_ERROR;
}

static bool all_there(const struct right *rights, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (!rights[i].there && admin_rights_know(rights[i].on)) { return false; }
    }
    return true;
}

static int await_rights(struct wire *wire, struct right *rights, size_t count)
{
    int64_t until_ms = clock_monotonic_ms() + LISTED_MS;
    int result = admin_rights_look(wire, rights, count);
    while (result == 0 && !all_there(rights, count)) {
        if (clock_monotonic_ms() > until_ms) {
            return kafka_request_result(wire, "list", "the rights that were granted",
                                        RD_KAFKA_RESP_ERR__TIMED_OUT);
        }
        (void)usleep(LISTED_AGAIN_MS * 1000);
        result = admin_rights_look(wire, rights, count);
    }
    return result;
}

int admin_rights_grant(struct wire *wire, struct right *rights, size_t count)
{
    size_t missing = 0;
    struct kafka_request request;
    rd_kafka_t *rk = handle_of(wire);
    rd_kafka_AclBinding_t **bindings = xcalloc(count + 1, sizeof(*bindings));
    for (size_t i = 0; i < count; i++) {
        rd_kafka_AclBinding_t *binding = rights[i].there ? NULL : binding_of(&rights[i]);
        if (binding) { bindings[missing++] = binding; }
    }
    rd_kafka_resp_err_t code = RD_KAFKA_RESP_ERR_NO_ERROR;
    if (missing) {
        kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_CREATEACLS);
        rd_kafka_CreateAcls(rk, bindings, missing, request.options, request.queue);
        code = kafka_request_wait(&request);
        if (!code) { code = first_failure(request.answer); }
        kafka_request_end(&request);
    }
    rd_kafka_AclBinding_destroy_array(bindings, missing);
    free(bindings);
    if (code) { return kafka_request_result(wire, "grant", "rights", code); }
    return missing ? await_rights(wire, rights, count) : 0;
}
