#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "cli/local_copy.h"
#include "stream/registry/http.h"

#include <glob.h>

enum { ANSWER_BYTES_MAX = 4 << 20, ANSWER_TIMEOUT_MS = 2000 };

static json_t *ask(struct http *http, int port)
{
    struct buf answer;
    char url[64];
    long code = 0;
    json_t *status = NULL;
    buf_init(&answer, ANSWER_BYTES_MAX);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/status", port);
    if (http_request(http, url, NULL, &code, &answer) == 0) {
        status = json_loadb(buf_slice(&answer).data, answer.size, 0, NULL);
    }
    buf_release(&answer);
    return status;
}

json_t *local_copies(const char *state_dir)
{
    json_t *copies = json_array();
    glob_t files;
    const struct http_settings settings = {
        .timeout_ms = ANSWER_TIMEOUT_MS, .answer_bytes_max = ANSWER_BYTES_MAX, .direct = true};
    struct http *http = http_new(&settings);
    _cleanup_(xfreep) char *pattern = xprintf("%s/*/slot-*.json", state_dir);
    if (glob(pattern, 0, NULL, &files) == 0) {
        for (size_t i = 0; i < files.gl_pathc; i++) {
            json_t *slot = json_load_file(files.gl_pathv[i], 0, NULL);
            int port = (int)json_integer_value(json_object_get(slot, "metrics_port"));
            json_t *status = port > 0 ? ask(http, port) : NULL;
            if (status) {
                json_object_set(status, "pid", json_object_get(slot, "pid"));
                json_array_append_new(copies, status);
            }
            json_decref(slot);
        }
        globfree(&files);
    }
    http_free(http);
    return copies;
}

const json_t *local_copy_partition(const json_t *copies, const char *worker,
                                   const char *generation, const char *topic,
                                   int32_t partition)
{
    size_t index, at_task;
    json_t *copy, *task;
    json_array_foreach(copies, index, copy)
    {
        const char *name = json_string_value(json_object_get(copy, "worker"));
        const char *of = json_string_value(json_object_get(copy, "generation"));
        if (!name || strcmp(name, worker) != 0) { continue; }
        if (strcmp(of ? of : "", generation) != 0) { continue; }
        json_array_foreach(json_object_get(copy, "partitions"), at_task, task)
        {
            const char *at = json_string_value(json_object_get(task, "topic"));
            if (json_integer_value(json_object_get(task, "partition")) == partition && at &&
                strcmp(at, topic) == 0) {
                return task;
            }
        }
    }
    return NULL;
}
