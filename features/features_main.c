#include "base/base.h"
#include "features/features.h"

int main(int argc, char **argv)
{
    return worker_main(&features_worker, argc, argv);
}
