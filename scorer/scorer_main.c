#include "base/base.h"
#include "scorer/scorer.h"
#include "stream/worker_main.h"

int main(int argc, char **argv)
{
    return worker_main(&scorer_worker, argc, argv);
}
