#include "base/base.h"
#include "base/buf.h"
#include "base/xalloc.h"
#include "cli/local_copy.h"

#include <curl/curl.h>
#include <glob.h>

enum { ANSWER_BYTES_MAX = 4 << 20, ANSWER_TIMEOUT_S = 2 };

static size_t receive(char *data, size_t size, size_t count, void *arg)
{
    struct buf *answer = arg;
    buf_append(answer, data, size * count);
    return buf_failed(answer) ? 0 : size * count;
}

static json_t *ask(CURL *curl, int port)
{
    struct buf answer;
    char url[64];
    json_t *status = NULL;
    buf_init(&answer, ANSWER_BYTES_MAX);
    (void)snprintf(url, sizeof(url), "http://127.0.0.1:%d/status", port);
    curl_easy_setopt(curl, CURLOPT_URL, url);
    curl_easy_setopt(curl, CURLOPT_NOPROXY, "*");
    curl_easy_setopt(curl, CURLOPT_TIMEOUT, (long)ANSWER_TIMEOUT_S);
    curl_easy_setopt(curl, CURLOPT_WRITEFUNCTION, receive);
    curl_easy_setopt(curl, CURLOPT_WRITEDATA, &answer);
    if (curl_easy_perform(curl) == CURLE_OK) {
        status = json_loadb(answer.data ? answer.data : "", answer.size, 0, NULL);
    }
    buf_release(&answer);
    return status;
}

json_t *local_copies(const char *state_dir)
{
    json_t *copies = json_array();
    glob_t files;
    CURL *curl = curl_easy_init();
    _cleanup_(xfreep) char *pattern = xprintf("%s/*/slot-*.json", state_dir);
    if (curl && glob(pattern, 0, NULL, &files) == 0) {
        for (size_t i = 0; i < files.gl_pathc; i++) {
            json_t *slot = json_load_file(files.gl_pathv[i], 0, NULL);
            int port = (int)json_integer_value(json_object_get(slot, "metrics_port"));
            json_t *status = port > 0 ? ask(curl, port) : NULL;
            if (status) {
                json_object_set(status, "pid", json_object_get(slot, "pid"));
                json_array_append_new(copies, status);
            }
            json_decref(slot);
        }
        globfree(&files);
    }
    if (curl) { curl_easy_cleanup(curl); }
    return copies;
}

const json_t *local_copy_partition(const json_t *copies, const char *worker,
                                   const char *generation, const char *topic,
                                   int32_t partition)
{
    size_t index, place;
    json_t *copy, *task;
    json_array_foreach(copies, index, copy)
    {
        const char *name = json_string_value(json_object_get(copy, "worker"));
        const char *of = json_string_value(json_object_get(copy, "generation"));
        if (!name || strcmp(name, worker) != 0) { continue; }
        if (strcmp(of ? of : "", generation) != 0) { continue; }
        json_array_foreach(json_object_get(copy, "partitions"), place, task)
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
