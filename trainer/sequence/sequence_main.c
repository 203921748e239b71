#include "base/base.h"
#include "trainer/sequence/sequence.h"

int main(int argc, char **argv)
{
    return worker_main(&sequence_worker, argc, argv);
}
