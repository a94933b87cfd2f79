#include "common.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct common;

struct common_part {
    struct common *common;
    struct common_part *next; /* joined before this one */
    struct common_place place;
    struct limits limits;
};

struct common {
    struct common *next;
    struct common_part *parts; /* the one that joined last is first */
    char name[64];
    pthread_mutex_t lock; /* of what follows */
    struct limits limits; /* those of the first part */
    struct bucket bucket;
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER; /* of the list and the parts */
static struct common *list;

static struct common *find_common(const char *name)
{
    struct common *common = list;
    while (common != NULL && strcmp(common->name, name) != 0)
        common = common->next;
    return common;
}

static struct common *add_common(const char *name)
{
    struct common *common = calloc(1, sizeof *common);
    if (common == NULL)
        return NULL;
    snprintf(common->name, sizeof common->name, "%s", name);
    pthread_mutex_init(&common->lock, NULL);
    common->next = list;
    list = common;
    return common;
}

static void remove_common(struct common *common)
{
    struct common **link = &list;
    while (*link != common)
        link = &(*link)->next;
    *link = common->next;
    pthread_mutex_destroy(&common->lock);
    free(common);
}

static bool are_equal(const struct limits *a, const struct limits *b)
{
    return a->count.per_hour == b->count.per_hour && a->count.burst == b->count.burst &&
           a->bytes.per_hour == b->bytes.per_hour && a->bytes.burst == b->bytes.burst;
}

static bool is_same_place(const struct common_place *a, const struct common_place *b)
{
    return a->rule == b->rule && strcmp(a->endpoint, b->endpoint) == 0 &&
           strcmp(a->instance, b->instance) == 0;
}

/* Whether other entries give the name different limits. An entry that has a part already is being
 * reloaded, and the others may be reloaded next, so it may differ. */
static bool is_in_conflict(const struct common *common, const struct common_part *joining)
{
    bool differs = false;
    for (const struct common_part *part = common->parts; part != NULL; part = part->next) {
        if (is_same_place(&part->place, &joining->place))
            return false;
        differs |= !are_equal(&part->limits, &joining->limits);
    }
    return differs;
}

static void use_limits_of_first(struct common *common)
{
    pthread_mutex_lock(&common->lock);
    common->limits = common->parts->limits;
    pthread_mutex_unlock(&common->lock);
}

static bool join_common(struct common_part *part, const char *name, bool *differs)
{
    struct common *common = find_common(name);
    *differs = common != NULL && is_in_conflict(common, part);
    if (common == NULL)
        common = add_common(name);
    if (common == NULL || *differs)
        return false;
    part->common = common;
    part->next = common->parts;
    common->parts = part;
    use_limits_of_first(common);
    return true;
}

struct common_part *common_join(const char *name_cstr, const struct common_place *place,
                                const struct limits *limits, bool *differs)
{
    struct common_part *part = calloc(1, sizeof *part);
    *differs = false;
    if (part == NULL)
        return NULL;
    part->place = *place;
    part->limits = *limits;
    pthread_mutex_lock(&list_lock);
    bool joined = join_common(part, name_cstr, differs);
    pthread_mutex_unlock(&list_lock);
    if (joined)
        return part;
    free(part);
    return NULL;
}

void common_leave(struct common_part *part)
{
    if (part == NULL)
        return;
    pthread_mutex_lock(&list_lock);
    struct common *common = part->common;
    struct common_part **link = &common->parts;
    while (*link != part)
        link = &(*link)->next;
    *link = part->next;
    if (common->parts == NULL)
        remove_common(common);
    else
        use_limits_of_first(common);
    pthread_mutex_unlock(&list_lock);
    free(part);
}

bool common_use(struct common_part *part, uint64_t bytes, int64_t now, int64_t patience,
                int64_t *wait)
{
    struct common *common = part->common;
    pthread_mutex_lock(&common->lock);
    bool taken = bucket_take(&common->bucket, &common->limits, bytes, now, patience, wait);
    pthread_mutex_unlock(&common->lock);
    return taken;
}

void common_give(struct common_part *part, uint64_t bytes)
{
    struct common *common = part->common;
    pthread_mutex_lock(&common->lock);
    bucket_give(&common->bucket, &common->limits, bytes);
    pthread_mutex_unlock(&common->lock);
}
