#include "base/base.h"
#include "embed/embed.h"
#include "stream/worker_main.h"

int main(int argc, char **argv)
{
    return worker_main(&embed_worker, argc, argv);
}
