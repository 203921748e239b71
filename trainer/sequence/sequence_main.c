#include "base/base.h"
#include "trainer/sequence/sequence.h"
#include "stream/worker_main.h"

int main(int argc, char **argv)
{
    return worker_main(&sequence_worker, argc, argv);
}
