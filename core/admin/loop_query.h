/*
 * A query of the event loops: each loop answers one question on its own thread, while the thread
 * that asks waits.
 *
 * The admin's workers ask, and end before the loops do. If a loop does not answer in time (a plugin
 * may hold it up) the query fails; its memory is freed when the last loop has answered.
 */
#ifndef SLUICE_ADMIN_LOOP_QUERY_H
#define SLUICE_ADMIN_LOOP_QUERY_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct hub;
struct shard;
struct loop_query;

#define LOOP_QUERY_TIMEOUT (INT64_C(5) * 1000000000) /* ns for the loops to answer in */

/* Answers for one loop: `answer` is zeroed memory of the loop's own. */
typedef void loop_query_ask(struct shard *shard, const void *question, void *answer);

/* Frees what an answer refers to. */
typedef void loop_query_free(void *answer);

struct loop_query_spec {
    loop_query_ask *ask;
    loop_query_free *free_answer; /* NULL: an answer refers to nothing */
    const void *question;         /* copied */
    size_t question_size;         /* bytes */
    size_t answer_size;           /* bytes */
    int64_t timeout;              /* ns */
};

/* Asks all loops and waits. *out is owned by the caller: loop_query_unref. Returns 0,
 * ERR_NO_MEMORY, or ERR_LIMIT: not all have answered in time. */
MUST_CHECK int loop_query_run(struct hub *hub, const struct loop_query_spec *spec,
                              struct loop_query **out);

/* The same with one loop, by its index. ERR_NOT_FOUND: there is no such loop. */
MUST_CHECK int loop_query_run_one(struct hub *hub, unsigned loop,
                                  const struct loop_query_spec *spec, struct loop_query **out);

/* The answers, in the order of the loops. */
size_t loop_query_count(const struct loop_query *query);
void *loop_query_answer(const struct loop_query *query, size_t index);

/* One reference less; the last one frees. */
void loop_query_unref(struct loop_query *query);

#endif
