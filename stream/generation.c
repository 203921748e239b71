#include "base/base.h"
#include "base/xalloc.h"
#include "stream/generation.h"

const char generation_base[] = "base";

bool generation_valid(const char *generation)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz0123456789-";
    size_t size = strlen(generation);
    return size <= GENERATION_BYTES_MAX && strspn(generation, letters) == size &&
           generation[0] != '-' && strcmp(generation, generation_base) != 0;
}

char *generation_name(const char *name, const char *generation)
{
    return generation[0] ? xprintf("%s.%s", name, generation) : xstrdup(name);
}

const char *generation_parse(const char *label)
{
    if (strcmp(label, generation_base) == 0) { return ""; }
    return generation_valid(label) ? label : NULL;
}

const char *generation_label(const char *generation)
{
    return generation[0] ? generation : generation_base;
}
