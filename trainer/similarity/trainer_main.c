#include "base/base.h"
#include "trainer/similarity/trainer.h"
#include "stream/worker_main.h"

int main(int argc, char **argv)
{
    return worker_main(&trainer_worker, argc, argv);
}
