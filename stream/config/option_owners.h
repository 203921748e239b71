/* Option owners: which workers have an option, to tell whoever wrote it into another's file. */
#ifndef FRESHET_STREAM_CONFIG_OPTION_OWNERS_H
#define FRESHET_STREAM_CONFIG_OPTION_OWNERS_H

/* Returns the workers that have an option of this name ("scorer and serve"), beside those that all
 * have; NULL: none has. */
const char *option_owners(const char *key);

#endif
