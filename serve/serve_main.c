#include "base/base.h"
#include "serve/serve.h"
#include "stream/worker_main.h"

int main(int argc, char **argv)
{
    return worker_main(&serve_worker, argc, argv);
}
