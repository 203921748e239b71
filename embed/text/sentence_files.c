#include "base/base.h"
#include "base/xalloc.h"
#include "embed/text/sentence_files.h"

#include <unistd.h>

char *sentence_files_check(const char *directory)
{
    static const char *const files[] = {"config.json", "vocab.txt", "model.safetensors"};
    for (size_t i = 0; i < ARRAY_COUNT(files); i++) {
        _cleanup_(xfreep) char *path = xprintf("%s/%s", directory, files[i]);
        if (access(path, R_OK) < 0) {
            return xprintf("cannot read %s: %s", path, strerror(errno));
        }
    }
    return NULL;
}
