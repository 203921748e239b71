/* Which partitions a copy stands by for. */
#ifndef FRESHET_STREAM_STANDBY_H
#define FRESHET_STREAM_STANDBY_H

#include "base/base.h"

/* Says whether the member of this rank, one of so many that share the partitions by range, would be
 * given the partition if some others, `lost_max` at most, were gone: the group will bring it
 * exactly there. Its own partitions may be among them. */
bool standby_wants(size_t rank, size_t members, int32_t partitions, size_t lost_max,
                   int32_t partition);

#endif
