#include "admin/loop_query.h"

#include "base/clock.h"
#include "hub/hub.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct loop_query_mail {
    struct mail mail; /* first */
    struct loop_query *query;
    void *answer; /* owned */
};

struct loop_query {
    _Atomic unsigned references; /* the thread that asks, and each mail under way */
    pthread_mutex_t lock;
    pthread_cond_t is_answered;
    size_t pending; /* with the lock */
    struct loop_query_spec spec;
    void *question; /* owned */
    size_t count;
    struct loop_query_mail mails[];
};

static void destroy_query(struct loop_query *query)
{
    for (size_t i = 0; i < query->count; i++) {
        if (query->spec.free_answer != NULL && query->mails[i].answer != NULL)
            query->spec.free_answer(query->mails[i].answer);
        free(query->mails[i].answer);
    }
    pthread_cond_destroy(&query->is_answered);
    pthread_mutex_destroy(&query->lock);
    free(query->question);
    free(query);
}

void loop_query_unref(struct loop_query *query)
{
    if (atomic_fetch_sub(&query->references, 1) == 1)
        destroy_query(query);
}

/* On the loop. */
static void answer_on_loop(struct loop *loop, struct mail *mail)
{
    struct loop_query_mail *own = (struct loop_query_mail *)mail;
    struct loop_query *query = own->query;
    query->spec.ask(shard_of(loop), query->question, own->answer);
    pthread_mutex_lock(&query->lock);
    if (--query->pending == 0)
        pthread_cond_signal(&query->is_answered);
    pthread_mutex_unlock(&query->lock);
    loop_query_unref(query);
}

static int create_query(const struct loop_query_spec *spec, size_t count, struct loop_query **out)
{
    struct loop_query *query = calloc(1, sizeof *query + count * sizeof query->mails[0]);
    if (query == NULL)
        return ERR_NO_MEMORY;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&query->is_answered, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&query->lock, NULL);
    query->references = 1;
    query->spec = *spec;
    query->pending = count;
    query->question = malloc(spec->question_size);
    bool good = query->question != NULL;
    if (good)
        memcpy(query->question, spec->question, spec->question_size);
    for (query->count = 0; good && query->count < count; query->count++) {
        struct loop_query_mail *mail = &query->mails[query->count];
        *mail = (struct loop_query_mail){.mail.deliver = answer_on_loop, .query = query};
        mail->answer = calloc(1, spec->answer_size);
        good = mail->answer != NULL;
    }
    if (!good) {
        query->spec.free_answer = NULL; /* Nothing has been answered. */
        loop_query_unref(query);
        return ERR_NO_MEMORY;
    }
    *out = query;
    return OK;
}

static int wait_for_answers(struct loop_query *query)
{
    int64_t deadline = clock_monotonic() + query->spec.timeout;
    struct timespec until = {.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
    int error = 0;
    pthread_mutex_lock(&query->lock);
    while (query->pending > 0 && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&query->is_answered, &query->lock, &until);
    bool is_complete = query->pending == 0;
    pthread_mutex_unlock(&query->lock);
    return is_complete ? OK : ERR_LIMIT;
}

static int ask_loops(struct hub *hub, unsigned first, size_t count,
                     const struct loop_query_spec *spec, struct loop_query **out)
{
    struct loop_query *query;
    int error = create_query(spec, count, &query);
    if (error != OK)
        return error;
    atomic_fetch_add(&query->references, (unsigned)count);
    for (size_t i = 0; i < count; i++)
        loop_post(&hub->set.shards[first + i].loop, &query->mails[i].mail);
    error = wait_for_answers(query);
    if (error != OK) {
        loop_query_unref(query);
        return error;
    }
    *out = query;
    return OK;
}

int loop_query_run(struct hub *hub, const struct loop_query_spec *spec, struct loop_query **out)
{
    return ask_loops(hub, 0, hub->set.count, spec, out);
}

int loop_query_run_one(struct hub *hub, unsigned loop, const struct loop_query_spec *spec,
                       struct loop_query **out)
{
    return loop < hub->set.count ? ask_loops(hub, loop, 1, spec, out) : ERR_NOT_FOUND;
}

size_t loop_query_count(const struct loop_query *query)
{
    return query->count;
}

void *loop_query_answer(const struct loop_query *query, size_t index)
{
    return query->mails[index].answer;
}
