#include "base/base.h"
#include "ingest/ingest.h"
#include "stream/worker_main.h"

int main(int argc, char **argv)
{
    return worker_main(&ingest_worker, argc, argv);
}
