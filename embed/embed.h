/* Worker `embed`: reads the catalogue and publishes each item's vectors. See docs/embed.md. */
#ifndef FRESHET_EMBED_EMBED_H
#define FRESHET_EMBED_EMBED_H

#include "stream/worker.h"

extern const struct worker embed_worker;

#endif
