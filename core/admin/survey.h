/*
 * A survey: one question that is put to loops, each of which answers on its own thread, while the
 * thread that asks waits.
 *
 * Asked on the admin's workers, which have ended before the loops do. A loop that does not answer
 * in time (a plugin may hold it up) is given up: the survey lives until the last of them has come
 * to it.
 */
#ifndef SLUICE_ADMIN_SURVEY_H
#define SLUICE_ADMIN_SURVEY_H

#include "base/error.h"

#include <stddef.h>
#include <stdint.h>

struct hub;
struct shard;
struct survey;

#define SURVEY_TIMEOUT (INT64_C(5) * 1000000000) /* ns that the loops usually have */

/* Answers for one loop: `answer` is zeroed memory of the loop's own. */
typedef void survey_ask(struct shard *shard, const void *question, void *answer);

/* Frees what an answer refers to. */
typedef void survey_forget(void *answer);

struct survey_form {
    survey_ask *ask;
    survey_forget *forget; /* NULL: an answer refers to nothing */
    const void *question;  /* copied */
    size_t question_size;  /* bytes */
    size_t answer_size;    /* bytes */
    int64_t timeout;       /* ns */
};

/* Asks all loops and waits. *out is the caller's: survey_unref. Returns 0, ERR_NO_MEMORY, or
 * ERR_LIMIT: not all have answered in time. */
MUST_CHECK int survey_run(struct hub *hub, const struct survey_form *form, struct survey **out);

/* The same with one loop, by its index. ERR_NOT_FOUND: there is no such loop. */
MUST_CHECK int survey_run_one(struct hub *hub, unsigned loop, const struct survey_form *form,
                              struct survey **out);

/* The answers, in the order of the loops. */
size_t survey_count(const struct survey *survey);
void *survey_answer(const struct survey *survey, size_t index);

/* Gives it up. */
void survey_unref(struct survey *survey);

#endif
