#include "admin/survey.h"

#include "base/clock.h"
#include "hub/hub_internal.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

struct survey_mail {
    struct mail mail; /* first */
    struct survey *survey;
    void *answer; /* owned */
};

struct survey {
    _Atomic unsigned references; /* who asks, and each mail that is on its way */
    pthread_mutex_t lock;
    pthread_cond_t is_answered;
    size_t pending; /* with the lock */
    struct survey_form form;
    void *question; /* owned */
    size_t count;
    struct survey_mail mails[];
};

static void destroy(struct survey *survey)
{
    for (size_t i = 0; i < survey->count; i++) {
        if (survey->form.forget != NULL && survey->mails[i].answer != NULL)
            survey->form.forget(survey->mails[i].answer);
        free(survey->mails[i].answer);
    }
    pthread_cond_destroy(&survey->is_answered);
    pthread_mutex_destroy(&survey->lock);
    free(survey->question);
    free(survey);
}

void survey_unref(struct survey *survey)
{
    if (atomic_fetch_sub(&survey->references, 1) == 1)
        destroy(survey);
}

/* On the loop. */
static void deliver(struct loop *loop, struct mail *mail)
{
    struct survey_mail *own = (struct survey_mail *)mail;
    struct survey *survey = own->survey;
    survey->form.ask(shard_of(loop), survey->question, own->answer);
    pthread_mutex_lock(&survey->lock);
    if (--survey->pending == 0)
        pthread_cond_signal(&survey->is_answered);
    pthread_mutex_unlock(&survey->lock);
    survey_unref(survey);
}

static int create(const struct survey_form *form, size_t count, struct survey **out)
{
    struct survey *survey = calloc(1, sizeof *survey + count * sizeof survey->mails[0]);
    if (survey == NULL)
        return ERR_NO_MEMORY;
    pthread_condattr_t attributes;
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&survey->is_answered, &attributes);
    pthread_condattr_destroy(&attributes);
    pthread_mutex_init(&survey->lock, NULL);
    survey->references = 1;
    survey->form = *form;
    survey->pending = count;
    survey->question = malloc(form->question_size);
    bool good = survey->question != NULL;
    if (good)
        memcpy(survey->question, form->question, form->question_size);
    for (survey->count = 0; good && survey->count < count; survey->count++) {
        struct survey_mail *mail = &survey->mails[survey->count];
        *mail = (struct survey_mail){.mail.deliver = deliver, .survey = survey};
        mail->answer = calloc(1, form->answer_size);
        good = mail->answer != NULL;
    }
    if (!good) {
        survey->form.forget = NULL; /* Nothing has been answered. */
        survey_unref(survey);
        return ERR_NO_MEMORY;
    }
    *out = survey;
    return OK;
}

static int wait_for_answers(struct survey *survey)
{
    int64_t deadline = clock_monotonic() + survey->form.timeout;
    struct timespec until = {.tv_sec = deadline / NS_PER_S, .tv_nsec = deadline % NS_PER_S};
    int error = 0;
    pthread_mutex_lock(&survey->lock);
    while (survey->pending > 0 && error != ETIMEDOUT)
        error = pthread_cond_timedwait(&survey->is_answered, &survey->lock, &until);
    bool is_complete = survey->pending == 0;
    pthread_mutex_unlock(&survey->lock);
    return is_complete ? OK : ERR_LIMIT;
}

static int run(struct hub *hub, unsigned first, size_t count, const struct survey_form *form,
               struct survey **out)
{
    struct survey *survey;
    int error = create(form, count, &survey);
    if (error != OK)
        return error;
    atomic_fetch_add(&survey->references, (unsigned)count);
    for (size_t i = 0; i < count; i++)
        loop_post(&hub->shards[first + i].loop, &survey->mails[i].mail);
    error = wait_for_answers(survey);
    if (error != OK) {
        survey_unref(survey);
        return error;
    }
    *out = survey;
    return OK;
}

int survey_run(struct hub *hub, const struct survey_form *form, struct survey **out)
{
    return run(hub, 0, hub->shard_count, form, out);
}

int survey_run_one(struct hub *hub, unsigned loop, const struct survey_form *form,
                   struct survey **out)
{
    return loop < hub->shard_count ? run(hub, loop, 1, form, out) : ERR_NOT_FOUND;
}

size_t survey_count(const struct survey *survey)
{
    return survey->count;
}

void *survey_answer(const struct survey *survey, size_t index)
{
    return survey->mails[index].answer;
}
