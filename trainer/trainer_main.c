#include "base/base.h"
#include "trainer/trainer.h"

int main(int argc, char **argv)
{
    return worker_main(&trainer_worker, argc, argv);
}
