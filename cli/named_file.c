#include "base/base.h"
#include "base/line_file.h"
#include "cli/client.h"
#include "cli/named_file.h"

#include <sys/stat.h>
#include <unistd.h>

static int check_beginning(const char *path)
{
    struct line_file *file;
    struct reason reason = {{0}};
    if (line_file_open(path, &file, &reason)) {
        (void)client_fail("%s", reason.text);
        return EXIT_INPUT;
    }
    line_file_close(file);
    return 0;
}

static int check(const char *path, bool is_directory)
{
    struct stat about;
    int error = stat(path, &about) < 0 ? errno : 0;
    if (!error && is_directory && !S_ISDIR(about.st_mode)) { error = ENOTDIR; }
    if (!error && !is_directory && S_ISDIR(about.st_mode)) { error = EISDIR; }
    if (!error && access(path, R_OK) < 0) { error = errno; }
    if (!error) { return S_ISREG(about.st_mode) ? check_beginning(path) : 0; }
    (void)client_fail("%s: %s", path[0] ? path : "\"\"", strerror(error));
    return EXIT_INPUT;
}

int named_file_check(const char *path)
{
    if (!path || strcmp(path, "-") == 0) { return 0; }
    return check(path, /* is_directory= */ false);
}

int named_file_check_again(const char *path)
{
    struct stat about = {0};
    if (!path) { return 0; }
    bool standard = strcmp(path, "-") == 0;
    bool there = standard || (path[0] && stat(path, &about) == 0);
    if (!there || S_ISREG(about.st_mode) || S_ISDIR(about.st_mode)) {
        return check(path, /* is_directory= */ false);
    }
    (void)client_fail("%s: it is read more than once, and a pipe cannot be; hint: write it to a "
                      "file first",
                      path);
    return EXIT_INPUT;
}

int named_file_check_directory(const char *path)
{
    return check(path, /* is_directory= */ true);
}

bool named_file_is_table(const char *path)
{
    static const char *const ends[] = {".csv", ".tsv", ".csv.gz", ".tsv.gz"};
    size_t size = strlen(path);
    for (size_t i = 0; i < ARRAY_COUNT(ends); i++) {
        size_t end = strlen(ends[i]);
        if (size > end && strcasecmp(path + size - end, ends[i]) == 0) { return true; }
    }
    return false;
}
