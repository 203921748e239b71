#include "base/base.h"
#include "base/message.h"
#include "base/quote.h"
#include "stream/config/setting.h"

enum { QUOTED_MAX = 512, HINT_QUOTED_MAX = 1024 };

bool setting_contradicts(const struct setting *setting, const struct setting *other)
{
    bool one_place = setting->rank == other->rank &&
                     (setting->rank != RANK_FILE || setting->source == other->source);
    return one_place && strcmp(setting->key, other->key) == 0 &&
           strcmp(setting->value, other->value) != 0;
}

const struct setting *setting_repeated(const struct setting *setting, const struct setting *end)
{
    if (setting->rank != RANK_FILE) { return NULL; }
    for (const struct setting *later = setting + 1; later < end; later++) {
        bool one_name = !setting->former == !later->former;
        if (one_name && setting_contradicts(setting, later)) { return later; }
    }
    return NULL;
}

void fault_pair(FILE *err, const char *name, const char *value)
{
    char quoted[QUOTED_MAX];
    fprintf(err, " %s=%s", name, quote_value(value, strlen(value), quoted, sizeof(quoted)));
}

void fault_end(FILE *err, struct buf *hint)
{
    char quoted[HINT_QUOTED_MAX];
    quote_value(hint->data, hint->size, quoted, sizeof(quoted));
    bool is_plain = quoted[0] != '"';
    fprintf(err, is_plain ? " hint=\"%s\"\n" : " hint=%s\n", quoted);
    buf_release(hint);
}

void setting_print(const struct setting *setting, const char *value, FILE *err)
{
    fprintf(err, "level=error msg=\"bad option\"");
    fault_pair(err, "key", setting->former ? setting->former : setting->key);
    if (value) { fault_pair(err, "value", value); }
    if (setting->rank == RANK_FILE) {
        fault_pair(err, "file", setting->source);
        fprintf(err, " line=%d", setting->line);
    } else if (setting->rank == RANK_ENVIRONMENT) {
        fault_pair(err, "variable", setting->source);
    } else {
        fault_pair(err, "argument", "--set");
    }
}

void setting_fault(const struct setting *setting, FILE *err, int *faults, const char *format, ...)
{
    char text[QUOTED_MAX];
    struct buf hint;
    va_list args;
    va_start(args, format);
    message_write(text, sizeof(text), format, args);
    va_end(args);
    buf_init(&hint, sizeof(text));
    buf_printf(&hint, "%s", text);
    setting_print(setting, NULL, err);
    fault_end(err, &hint);
    ++*faults;
}

void fault_of_file(FILE *err, const char *file, int line, const char *reason)
{
    struct buf hint;
    buf_init(&hint, QUOTED_MAX);
    buf_printf(&hint, "%s", reason);
    fprintf(err, "level=error msg=\"bad configuration file\"");
    fault_pair(err, "file", file);
    if (line) { fprintf(err, " line=%d", line); }
    fault_end(err, &hint);
}

void fault_of_argument(FILE *err, const char *argument, const char *format, va_list args)
{
    char text[QUOTED_MAX];
    message_write(text, sizeof(text), format, args);
    struct buf hint;
    buf_init(&hint, sizeof(text));
    buf_printf(&hint, "%s", text);
    fprintf(err, "level=error msg=\"bad argument\"");
    fault_pair(err, "argument", argument);
    fault_end(err, &hint);
}
