/* What a schema registry answers, or whatever stands at its address: the first byte chooses the
 * status, the rest is the body. Each reading ends in a fact within its limits or a fault in words.
 */
#include "base/base.h"
#include "stream/registry/registry_answer.h"
#include "stream/avro/schema.h"
#include "tests/fuzz/crumbs.h"

enum { ID = 7 };

static void check_fault(int fault, const char *why)
{
    assert(fault >= REGISTRY_REFUSED && fault <= REGISTRY_AWAY);
    assert(why[0] && memchr(why, '\0', REGISTRY_WHY_BYTES));
}

static void read_facts(const json_t *json)
{
    char why[REGISTRY_WHY_BYTES] = "";
    uint32_t id = UINT32_MAX;
    struct buf schema;
    if (registry_answer_id(json, &id)) { assert(id <= SCHEMA_ID_MAX); }
    int verdict = registry_answer_verdict(json, "subject", why);
    if (verdict) { check_fault(verdict, why); }
    buf_init(&schema, SCHEMA_BYTES_MAX + 1);
    int result = registry_answer_schema(json, ID, &schema, why);
    if (result) {
        check_fault(result, why);
    } else {
        assert(schema.size > 0 && schema.size <= SCHEMA_BYTES_MAX + 1);
        assert(strlen(schema.data) == schema.size - 1);
    }
    buf_release(&schema);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const long statuses[] = {200, 404, 400, 401, 403, 408, 409, 422, 429, 500, 503, 302, -1};
    struct crumbs crumbs = {data, size};
    const long status = statuses[crumbs_byte(&crumbs) % ARRAY_COUNT(statuses)];
    const struct slice rest = crumbs_take(&crumbs, crumbs.left);
    char *alone = crumbs_alone(rest), why[REGISTRY_WHY_BYTES] = "";
    json_t *json = NULL;
    int result = registry_answer_read("registry", status, slice_of(alone ? alone : "", rest.size),
                                      &json, why);
    if (result == 0) {
        assert(status == 200 && json);
        read_facts(json);
        json_decref(json);
    } else {
        check_fault(result, why);
    }
    free(alone);
    return 0;
}
