/*
 * Counters that each shard has, added up.
 *
 * Any thread.
 */
#ifndef SLUICE_ADMIN_METRICS_SUM_H
#define SLUICE_ADMIN_METRICS_SUM_H

#include <stddef.h>
#include <stdint.h>

struct hub;
struct metrics_writer;

/* Where a counter lies in each shard. */
#define METRICS_IN_SHARD(member) offsetof(struct shard, member)

/* The sum over all shards of the counter at `offset` bytes into struct shard. */
uint64_t metrics_sum(struct hub *hub, size_t offset);

/* Writes one sample that is such a sum: `sample` is its name, with its labels. */
void metrics_put_sum(struct metrics_writer *writer, const char *sample, struct hub *hub,
                     size_t offset);

#endif
