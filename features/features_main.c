#include "base/base.h"
#include "features/features.h"
#include "stream/worker_main.h"

int main(int argc, char **argv)
{
    return worker_main(&features_worker, argc, argv);
}
