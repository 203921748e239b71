/* The controller acknowledges a change before the brokers have applied it. Creating therefore waits
 * until the topic's partitions are visible, changing until the new settings are described, and
 * deleting until the topic is no longer listed. */
#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "stream/kafka/kafka_admin.h"
#include "stream/kafka/kafka_internal.h"
#include "stream/kafka/kafka_request.h"

#include <unistd.h>

enum { AGAIN_MS = 100, DESCRIBED_MS = 10000 };

struct topic_setting {
    char *key;
    char *value;
    bool own; /* the topic's, not the broker's default */
};

struct topic_form {
    int32_t partitions;
    int copies;
    struct topic_setting *settings;
    size_t settings_count;
};

static struct kafka *kafka_of(struct wire *wire)
{
    return (struct kafka *)wire;
}

static int sort(struct wire *wire, const char *verb, const char *what, rd_kafka_resp_err_t code)
{
    return kafka_request_result(wire, verb, what, code);
}

/* ---- Topics ---- */

struct topic_form *topic_form_free(struct topic_form *form)
{
    if (!form) { return NULL; }
    for (size_t i = 0; i < form->settings_count; i++) {
        free(form->settings[i].key);
        free(form->settings[i].value);
    }
    free(form->settings);
    free(form);
    return NULL;
}

int32_t topic_form_partitions(const struct topic_form *form)
{
    return form->partitions;
}

/* Requests all topics: a request for one by name may create it. */
static rd_kafka_resp_err_t look_at_partitions(rd_kafka_t *rk, const char *topic,
                                              struct topic_form **ret_form)
{
    const struct rd_kafka_metadata *metadata = NULL;
    rd_kafka_resp_err_t code = rd_kafka_metadata(rk, /* all_topics= */ 1, NULL, &metadata,
                                                 REQUEST_TIMEOUT_MS);
    *ret_form = NULL;
    for (int i = 0; !code && i < metadata->topic_cnt; i++) {
        const struct rd_kafka_metadata_topic *found = &metadata->topics[i];
        if (strcmp(found->topic, topic) != 0 || found->partition_cnt == 0) { continue; }
        *ret_form = xcalloc(1, sizeof(**ret_form));
        (*ret_form)->partitions = found->partition_cnt;
        (*ret_form)->copies = found->partitions[0].replica_cnt;
    }
    if (metadata) { rd_kafka_metadata_destroy(metadata); }
    return code;
}

static struct topic_setting *find_setting(const struct topic_form *form, const char *key)
{
    for (size_t i = 0; i < form->settings_count; i++) {
        if (strcmp(form->settings[i].key, key) == 0) { return &form->settings[i]; }
    }
    return NULL;
}

static void put_setting(struct topic_form *form, const char *key, const char *value, bool own)
{
    struct topic_setting *setting = find_setting(form, key);
    if (!setting) {
        form->settings = xreallocarray(form->settings, form->settings_count + 1,
                                       sizeof(*form->settings));
        setting = &form->settings[form->settings_count++];
        *setting = (struct topic_setting){.key = xstrdup(key)};
    }
    free(setting->value);
    setting->value = xstrdup(value);
    setting->own = own;
}

struct topic_form *topic_form_new(int32_t partitions, int copies)
{
    struct topic_form *form = xcalloc(1, sizeof(*form));
    form->partitions = partitions;
    form->copies = copies;
    return form;
}

const char *topic_form_get(const struct topic_form *form, const char *key)
{
    const struct topic_setting *setting = find_setting(form, key);
    return setting ? setting->value : NULL;
}

void topic_form_put(struct topic_form *form, const char *key, const char *value)
{
    put_setting(form, key, value, /* own= */ true);
}

static void keep_settings(struct topic_form *form, const rd_kafka_ConfigResource_t *resource)
{
    size_t count;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    for (size_t i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        bool own = rd_kafka_ConfigEntry_source(entries[i]) ==
                   RD_KAFKA_CONFIG_SOURCE_DYNAMIC_TOPIC_CONFIG;
        if (value) { put_setting(form, rd_kafka_ConfigEntry_name(entries[i]), value, own); }
    }
}

static rd_kafka_resp_err_t look_at_settings(rd_kafka_t *rk, const char *topic,
                                            struct topic_form *form)
{
    struct kafka_request request;
    rd_kafka_ConfigResource_t *asked =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(rk, &asked, 1, request.options, request.queue);
    rd_kafka_resp_err_t code = kafka_request_wait(&request);
    if (!code) {
        size_t count;
        const rd_kafka_ConfigResource_t **told = rd_kafka_DescribeConfigs_result_resources(
            rd_kafka_event_DescribeConfigs_result(request.answer), &count);
        assert(count == 1);
        code = rd_kafka_ConfigResource_error(told[0]);
        if (!code) { keep_settings(form, told[0]); }
    }
    kafka_request_end(&request);
    rd_kafka_ConfigResource_destroy(asked);
    return code;
}

static void take_settings(const rd_kafka_ConfigResource_t *resource, struct topic_settings *ret)
{
    size_t count;
    const rd_kafka_ConfigEntry_t **entries = rd_kafka_ConfigResource_configs(resource, &count);
    ret->known = count > 0;
    for (size_t i = 0; i < count; i++) {
        const char *value = rd_kafka_ConfigEntry_value(entries[i]);
        if (value) { topic_settings_take(ret, rd_kafka_ConfigEntry_name(entries[i]), value); }
    }
}

/* The broker answers in an order of its own. */
static void take_resource(const rd_kafka_ConfigResource_t *resource, const char *const *topics,
                          size_t count, struct topic_settings *ret_settings)
{
    if (rd_kafka_ConfigResource_error(resource)) { return; }
    for (size_t i = 0; i < count; i++) {
        if (strcmp(rd_kafka_ConfigResource_name(resource), topics[i]) == 0) {
            take_settings(resource, &ret_settings[i]);
        }
    }
}

/* Makes the resources to ask for, each topic once: librdkafka takes an answer for broken
 * (_BAD_MSG) when it has fewer topics than the request. */
static size_t resources_of(const char *const *topics, size_t count,
                           rd_kafka_ConfigResource_t **ret_asked)
{
    size_t asked = 0;
    for (size_t i = 0; i < count; i++) {
        size_t first = 0;
        while (strcmp(topics[first], topics[i]) != 0) { first++; }
        if (first < i) { continue; }
        ret_asked[asked++] = rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topics[i]);
    }
    return asked;
}

int kafka_describe(struct wire *wire, const char *const *topics, size_t count,
                   struct topic_settings *ret_settings)
{
    struct kafka_request request;
    rd_kafka_t *rk = kafka_of(wire)->at_once;
    rd_kafka_ConfigResource_t **asked = xcalloc(count, sizeof(*asked));
    size_t asked_count = resources_of(topics, count, asked);
    for (size_t i = 0; i < count; i++) { ret_settings[i] = (struct topic_settings){0}; }
    kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_DESCRIBECONFIGS);
    rd_kafka_DescribeConfigs(rk, asked, asked_count, request.options, request.queue);
    rd_kafka_resp_err_t code = kafka_request_wait(&request);
    size_t told_count = 0;
    const rd_kafka_ConfigResource_t **told =
        code ? NULL
             : rd_kafka_DescribeConfigs_result_resources(
                   rd_kafka_event_DescribeConfigs_result(request.answer), &told_count);
    for (size_t i = 0; i < told_count; i++) {
        take_resource(told[i], topics, count, ret_settings);
    }
    kafka_request_end(&request);
    rd_kafka_ConfigResource_destroy_array(asked, asked_count);
    free(asked);
    return sort(wire, "describe topics", count ? topics[0] : "", code);
}

int admin_topic_look(struct wire *wire, const char *topic, struct topic_form **ret_form)
{
    struct topic_form *form;
    rd_kafka_t *rk = kafka_of(wire)->at_once;
    rd_kafka_resp_err_t code = look_at_partitions(rk, topic, &form);
    if (!code && form) { code = look_at_settings(rk, topic, form); }
    if (code) {
        topic_form_free(form);
        return sort(wire, "describe topic", topic, code);
    }
    *ret_form = form;
    return 0;
}

static rd_kafka_resp_err_t topic_result(const rd_kafka_topic_result_t **results, size_t count)
{
    assert(count == 1);
    return rd_kafka_topic_result_error(results[0]);
}

static rd_kafka_resp_err_t make_topic(rd_kafka_t *rk, const char *topic,
                                      const struct topic_form *form)
{
    char text[ERROR_TEXT_MAX];
    struct kafka_request request;
    rd_kafka_NewTopic_t *made =
        rd_kafka_NewTopic_new(topic, form->partitions, form->copies, text, sizeof(text));
    for (size_t i = 0; i < form->settings_count; i++) {
        if (!form->settings[i].own) { continue; }
        rd_kafka_NewTopic_set_config(made, form->settings[i].key, form->settings[i].value);
    }
    kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_CREATETOPICS);
    rd_kafka_CreateTopics(rk, &made, 1, request.options, request.queue);
    rd_kafka_resp_err_t code = kafka_request_wait(&request);
    if (!code) {
        size_t count;
        const rd_kafka_CreateTopics_result_t *result =
            rd_kafka_event_CreateTopics_result(request.answer);
        const rd_kafka_topic_result_t **results =
            rd_kafka_CreateTopics_result_topics(result, &count);
        code = topic_result(results, count);
    }
    kafka_request_end(&request);
    rd_kafka_NewTopic_destroy(made);
    return code;
}

/* Waits until the broker shows the partitions. */
static int wait_for_partitions(struct wire *wire, const char *topic, int32_t partitions)
{
    for (int waited_ms = 0; waited_ms < ADMIN_TIMEOUT_MS; waited_ms += AGAIN_MS) {
        int32_t count;
        int result = wire_partitions(wire, topic, &count);
        if (result == 0 && count == partitions) { return 0; }
        usleep(AGAIN_MS * 1000);
    }
    return sort(wire, "wait for topic", topic, RD_KAFKA_RESP_ERR__TIMED_OUT);
}

int admin_topic_make(struct wire *wire, const char *topic, const struct topic_form *form)
{
    rd_kafka_resp_err_t code = make_topic(kafka_of(wire)->at_once, topic, form);
    if (code) { return sort(wire, "create topic", topic, code); }
    return wait_for_partitions(wire, topic, form->partitions);
}

int admin_topic_widen(struct wire *wire, const char *topic, int32_t partitions)
{
    char text[ERROR_TEXT_MAX];
    struct kafka_request request;
    rd_kafka_t *rk = kafka_of(wire)->at_once;
    rd_kafka_NewPartitions_t *asked =
        rd_kafka_NewPartitions_new(topic, (size_t)partitions, text, sizeof(text));
    kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_CREATEPARTITIONS);
    rd_kafka_CreatePartitions(rk, &asked, 1, request.options, request.queue);
    rd_kafka_resp_err_t code = kafka_request_wait(&request);
    if (!code) {
        size_t count;
        const rd_kafka_topic_result_t **results = rd_kafka_CreatePartitions_result_topics(
            rd_kafka_event_CreatePartitions_result(request.answer), &count);
        code = topic_result(results, count);
    }
    kafka_request_end(&request);
    rd_kafka_NewPartitions_destroy(asked);
    if (code) { return sort(wire, "add partitions to topic", topic, code); }
    return wait_for_partitions(wire, topic, partitions);
}

static bool has_own_settings(rd_kafka_t *rk, const char *topic, const struct topic_form *form)
{
    struct topic_form *found = topic_form_new(form->partitions, form->copies);
    bool equal = look_at_settings(rk, topic, found) == 0;
    for (size_t i = 0; i < form->settings_count && equal; i++) {
        const struct topic_setting *setting = &form->settings[i];
        const char *value = topic_form_get(found, setting->key);
        equal = !setting->own || (value && strcmp(value, setting->value) == 0);
    }
    topic_form_free(found);
    return equal;
}

/* No error when the broker goes on describing another value: it may write one in another form than
 * it was set, and the controller has acknowledged the change. */
static void wait_for_settings(rd_kafka_t *rk, const char *topic, const struct topic_form *form)
{
    for (int waited_ms = 0; waited_ms < DESCRIBED_MS; waited_ms += AGAIN_MS) {
        if (has_own_settings(rk, topic, form)) { return; }
        usleep(AGAIN_MS * 1000);
    }
}

/* The request replaces all of a topic's own settings, so it names those that stay, too. */
int admin_topic_alter(struct wire *wire, const char *topic, const struct topic_form *form)
{
    struct kafka_request request;
    rd_kafka_t *rk = kafka_of(wire)->at_once;
    rd_kafka_ConfigResource_t *asked =
        rd_kafka_ConfigResource_new(RD_KAFKA_RESOURCE_TOPIC, topic);
    for (size_t i = 0; i < form->settings_count; i++) {
        const struct topic_setting *setting = &form->settings[i];
        if (!setting->own) { continue; }
        rd_kafka_ConfigResource_set_config(asked, setting->key, setting->value);
    }
    kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_ALTERCONFIGS);
    rd_kafka_AlterConfigs(rk, &asked, 1, request.options, request.queue);
    rd_kafka_resp_err_t code = kafka_request_wait(&request);
    if (!code) {
        size_t count;
        const rd_kafka_ConfigResource_t **told = rd_kafka_AlterConfigs_result_resources(
            rd_kafka_event_AlterConfigs_result(request.answer), &count);
        assert(count == 1);
        code = rd_kafka_ConfigResource_error(told[0]);
    }
    kafka_request_end(&request);
    rd_kafka_ConfigResource_destroy(asked);
    if (!code) { wait_for_settings(rk, topic, form); }
    return sort(wire, "change topic", topic, code);
}

static rd_kafka_resp_err_t delete_topic(rd_kafka_t *rk, const char *topic)
{
    struct kafka_request request;
    rd_kafka_DeleteTopic_t *asked = rd_kafka_DeleteTopic_new(topic);
    kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_DELETETOPICS);
    rd_kafka_DeleteTopics(rk, &asked, 1, request.options, request.queue);
    rd_kafka_resp_err_t code = kafka_request_wait(&request);
    if (!code) {
        size_t count;
        const rd_kafka_DeleteTopics_result_t *result =
            rd_kafka_event_DeleteTopics_result(request.answer);
        const rd_kafka_topic_result_t **results =
            rd_kafka_DeleteTopics_result_topics(result, &count);
        code = topic_result(results, count);
    }
    kafka_request_end(&request);
    rd_kafka_DeleteTopic_destroy(asked);
    return code == RD_KAFKA_RESP_ERR_UNKNOWN_TOPIC_OR_PART ? 0 : code;
}

/* The deletion is complete when the broker no longer lists the topic; only then is its name
 * free. */
int admin_topic_delete(struct wire *wire, const char *topic)
{
    rd_kafka_t *rk = kafka_of(wire)->at_once;
    rd_kafka_resp_err_t code = delete_topic(rk, topic);
    for (int waited_ms = 0; !code && waited_ms < ADMIN_TIMEOUT_MS; waited_ms += AGAIN_MS) {
        struct topic_form *form = NULL;
        code = look_at_partitions(rk, topic, &form);
        bool gone = !form;
        topic_form_free(form);
        if (!code && gone) { return 0; }
        usleep(AGAIN_MS * 1000);
    }
    return sort(wire, "delete topic", topic, code ? code : RD_KAFKA_RESP_ERR__TIMED_OUT);
}

/* ---- Groups ---- */

int admin_group_members(struct wire *wire, const char *group, int *ret_count)
{
    struct kafka *kafka = kafka_of(wire);
    const struct rd_kafka_group_list *list = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_list_groups(kafka->at_once, group, &list, kafka->request_ms);
    int count = 0;
    for (int i = 0; list && i < list->group_cnt; i++) {
        if (strcmp(list->groups[i].group, group) != 0) { continue; }
        /* Some brokers did not answer, but the group's did. */
        if (code == RD_KAFKA_RESP_ERR__PARTIAL) { code = RD_KAFKA_RESP_ERR_NO_ERROR; }
        if (!code) { code = list->groups[i].err; }
        count = list->groups[i].member_cnt;
    }
    if (list) { rd_kafka_group_list_destroy(list); }
    if (code) { return sort(wire, "describe group", group, code); }
    *ret_count = count;
    return 0;
}

int admin_groups(struct wire *wire, struct buf *out)
{
    const struct rd_kafka_group_list *list = NULL;
    rd_kafka_resp_err_t code =
        rd_kafka_list_groups(kafka_of(wire)->at_once, NULL, &list, REQUEST_TIMEOUT_MS);
    for (int i = 0; !code && i < list->group_cnt; i++) {
        buf_printf(out, "%s\n", list->groups[i].group);
    }
    if (list) { rd_kafka_group_list_destroy(list); }
    return code ? sort(wire, "list groups", "", code) : 0;
}

int admin_group_delete(struct wire *wire, const char *group)
{
    struct kafka_request request;
    rd_kafka_t *rk = kafka_of(wire)->at_once;
    rd_kafka_DeleteGroup_t *asked = rd_kafka_DeleteGroup_new(group);
    kafka_request_begin(&request, rk, RD_KAFKA_ADMIN_OP_DELETEGROUPS);
    rd_kafka_DeleteGroups(rk, &asked, 1, request.options, request.queue);
    rd_kafka_resp_err_t code = kafka_request_wait(&request);
    if (!code) {
        size_t count;
        const rd_kafka_group_result_t **results = rd_kafka_DeleteGroups_result_groups(
            rd_kafka_event_DeleteGroups_result(request.answer), &count);
        assert(count == 1);
        const rd_kafka_error_t *error = rd_kafka_group_result_error(results[0]);
        code = error ? rd_kafka_error_code(error) : RD_KAFKA_RESP_ERR_NO_ERROR;
    }
    kafka_request_end(&request);
    rd_kafka_DeleteGroup_destroy(asked);
    if (code == RD_KAFKA_RESP_ERR_GROUP_ID_NOT_FOUND) { return 0; }
    return sort(wire, "delete group", group, code);
}
