#include "common.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct common {
    struct common *next;
    unsigned references;
    char name[64];
    struct limits limits;
    pthread_mutex_t lock; /* of the bucket */
    struct bucket bucket;
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct common *list;

static struct common *find(const char *name)
{
    struct common *common = list;
    while (common != NULL && strcmp(common->name, name) != 0)
        common = common->next;
    return common;
}

static struct common *add(const char *name, const struct limits *limits)
{
    struct common *common = calloc(1, sizeof *common);
    if (common == NULL)
        return NULL;
    snprintf(common->name, sizeof common->name, "%s", name);
    common->limits = *limits;
    pthread_mutex_init(&common->lock, NULL);
    common->next = list;
    list = common;
    return common;
}

static bool are_equal(const struct limits *a, const struct limits *b)
{
    return a->count.per_hour == b->count.per_hour && a->count.burst == b->count.burst &&
           a->bytes.per_hour == b->bytes.per_hour && a->bytes.burst == b->bytes.burst;
}

struct common *common_take(const char *name_cstr, const struct limits *limits, bool *differs)
{
    pthread_mutex_lock(&list_lock);
    struct common *common = find(name_cstr);
    *differs = common != NULL && !are_equal(&common->limits, limits);
    if (common == NULL)
        common = add(name_cstr, limits);
    if (*differs)
        common = NULL;
    if (common != NULL)
        common->references++;
    pthread_mutex_unlock(&list_lock);
    return common;
}

void common_leave(struct common *common)
{
    if (common == NULL)
        return;
    pthread_mutex_lock(&list_lock);
    bool is_last = --common->references == 0;
    if (is_last) {
        struct common **link = &list;
        while (*link != common)
            link = &(*link)->next;
        *link = common->next;
    }
    pthread_mutex_unlock(&list_lock);
    if (is_last) {
        pthread_mutex_destroy(&common->lock);
        free(common);
    }
}

bool common_use(struct common *common, uint64_t bytes, int64_t now, int64_t patience, int64_t *wait)
{
    pthread_mutex_lock(&common->lock);
    bool taken = bucket_take(&common->bucket, &common->limits, bytes, now, patience, wait);
    pthread_mutex_unlock(&common->lock);
    return taken;
}

void common_give(struct common *common, uint64_t bytes)
{
    pthread_mutex_lock(&common->lock);
    bucket_give(&common->bucket, &common->limits, bytes);
    pthread_mutex_unlock(&common->lock);
}
