/* Memory plan: how a worker's budget of memory (`memory.max`) is cut into its caches and batches.
 *
 * A size that the configuration gives is kept; the others are cut from what remains. The plan is
 * arithmetic: it knows no files and allocates only its texts. Sizes are bytes.
 *
 * What a part takes at its peak differs from its size: a batch is in memory three times (staged,
 * in RocksDB's write and in its buffer), what is prefetched twice (the group's input, and broadcast
 * inputs), a write buffer twice (one fills, one is written).
 */
#ifndef FRESHET_STREAM_CONFIG_MEMORY_PLAN_H
#define FRESHET_STREAM_CONFIG_MEMORY_PLAN_H

#include "base/base.h"
#include "base/buf.h"

/* The parts; an option of a size may be one (`part` in option.h). */
enum memory_part {
    MEMORY_NONE,
    MEMORY_BUDGET,        /* memory.max */
    MEMORY_CACHE,         /* what the worker holds decoded; without a cache: its tables */
    MEMORY_BATCH,         /* batch.bytes.max */
    MEMORY_FETCH,         /* fetch.bytes.max */
    MEMORY_LOAD,          /* restore.bytes.max; taken while the cache is empty */
    MEMORY_WRITE_BUFFERS, /* RocksDB's; of all partitions, but an option gives that of one */
    MEMORY_BLOCK_CACHES,  /* the same */
    MEMORY_PARTS,
};

#define MEMORY_AUTO INT64_C(-1)            /* the size is to be cut from the budget */
#define MEMORY_LEAST (INT64_C(64) << 20)   /* the smallest budget */
#define MEMORY_FIXED (INT64_C(32) << 20)   /* of a process without data */

enum { MEMORY_BATCH_DIVISOR = 9 }; /* of most programs' budgets, for a batch */

/* How a worker uses memory. */
struct memory_shares {
    const char *worker;
    int64_t divisor;   /* the default is the memory of the machine divided by it */
    int64_t batch_divisor; /* of the budget, for a batch: the larger a checkpoint, the fewer */
    const char *cache; /* the option of its cache; NULL: it has tables without a bound */
};

struct memory_plan {
    int64_t limit; /* of the machine or container; 0: unknown */
    int64_t at[MEMORY_PARTS];
    bool given[MEMORY_PARTS]; /* by the configuration */
};

/* Returns how a worker uses memory; NULL for a program that is no worker. */
const struct memory_shares *memory_shares_of(const char *worker);
/* Returns the shares by index; NULL beyond the last. */
const struct memory_shares *memory_shares_at(size_t index);

/* Cuts the budget: `given` has a size or MEMORY_AUTO for each part. 0; or -EINVAL with the reason,
 * which says what to do and which the caller frees, when memory.max is given and is more than the
 * machine has, or less than the other given sizes need. */
int memory_plan_cut(const struct memory_shares *shares, int64_t limit,
                    const int64_t given[MEMORY_PARTS], struct memory_plan *ret_plan,
                    char **ret_why);
/* Returns what the parts take at their peak, all together. */
int64_t memory_plan_peak(const struct memory_plan *plan);
/* Returns the size of one partition's write buffer or block cache under a budget, for a copy that
 * has so many partitions at most. */
int64_t memory_store_bytes(int64_t budget, enum memory_part part, int32_t partitions);
/* Appends `memory=2.9g of=23.5g cache=1.8g batch=245m fetch=32m stores=184m`. */
void memory_plan_print(const struct memory_plan *plan, struct buf *out);
/* Appends a size as people read it: 1.8g, 245m. */
void memory_size_print(int64_t bytes, struct buf *out);

#endif
