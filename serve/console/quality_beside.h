/* Quality beside: how the lists of other generations did, out of their topics `quality`, while
 * somebody looks at them on the console's page.
 *
 * A thread of its own, with a connection of its own, reads the newest records of each generation
 * that is asked for and what comes after them; the worker's thread, to which codecs belong, puts
 * what has been read into a board. At most BESIDE_GENERATIONS at a time; one at which nobody has
 * looked for BESIDE_AWAKE_MS gives way. In a run on an in-process log nothing is read.
 */
#ifndef FRESHET_SERVE_CONSOLE_QUALITY_BESIDE_H
#define FRESHET_SERVE_CONSOLE_QUALITY_BESIDE_H

#include "serve/console/quality_board.h"
#include "stream/worker.h"

enum { BESIDE_GENERATIONS = 3, BESIDE_AWAKE_MS = 60000, BESIDE_READ_MAX = 50000,
       BESIDE_WHY_BYTES = 200 };

enum beside_state {
    BESIDE_READING, /* not all is there yet that there was when it was asked for */
    BESIDE_KNOWN,
    BESIDE_FAILED,  /* see why */
    BESIDE_FULL,    /* others look at as many generations as are read at a time */
};

struct quality_beside;

/* Makes it; the run is borrowed. Free with quality_beside_free(), which waits for the thread. */
struct quality_beside *quality_beside_new(struct run *run);
/* Takes NULL; returns NULL. */
struct quality_beside *quality_beside_free(struct quality_beside *beside);
/* Returns the generation of the run; empty: the base. */
const char *quality_beside_own(const struct quality_beside *beside);
/* Copies the board of a generation, by its name, and why it cannot be read, where it failed;
 * somebody looks. Any thread. */
enum beside_state quality_beside_look(struct quality_beside *beside, const char *generation,
                                      struct quality_view *ret_view,
                                      char ret_why[BESIDE_WHY_BYTES]);
/* Puts what has been read into the boards. Worker's thread. */
void quality_beside_take(struct quality_beside *beside, int64_t now_ms);

#endif
