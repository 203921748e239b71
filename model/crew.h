/* A crew of threads that share out numbered parts of a job.
 *
 * Which thread does which part is chance; a job whose parts write to places of their own comes out
 * the same whatever the number of threads. One caller at a time.
 */
#ifndef FRESHET_MODEL_CREW_H
#define FRESHET_MODEL_CREW_H

#include "base/base.h"

struct crew;

/* Makes a crew of `threads` >= 1, the caller among them; free with crew_free(). */
struct crew *crew_new(size_t threads);
/* Ends the threads; takes NULL; returns NULL. */
struct crew *crew_free(struct crew *crew);
/* Runs work(arg, part) for each part of 0 .. parts - 1 and returns when all are done. */
void crew_run(struct crew *crew, size_t parts, void (*work)(void *arg, size_t part), void *arg);

#endif
