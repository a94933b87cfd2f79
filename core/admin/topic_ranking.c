#include "admin/topic_ranking.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define PORTION 512u  /* topics that are looked at while the lock is held */
#define PAUSE 100000L /* ns in which others get the lock */

typedef int topic_compare(const void *left, const void *right);

/* What a walk builds: a heap of the first topics, with the last of them on top. */
struct topic_search {
    const struct topic_question *question;
    topic_compare *compare;
    size_t part_len;
    struct topic_ranking *ranking;
};

/* -- orders: of pointers to topics -- */

static int compare_names(const void *left, const void *right)
{
    const struct ranked_topic *a = *(struct ranked_topic *const *)left;
    const struct ranked_topic *b = *(struct ranked_topic *const *)right;
    int order = memcmp(a->name, b->name, a->len < b->len ? a->len : b->len);
    if (order != 0)
        return order;
    if (a->len != b->len)
        return a->len < b->len ? -1 : 1;
    return a->fanout == b->fanout ? 0 : (uintptr_t)a->fanout < (uintptr_t)b->fanout ? -1 : 1;
}

static int compare_subscribers(const void *left, const void *right)
{
    const struct ranked_topic *a = *(struct ranked_topic *const *)left;
    const struct ranked_topic *b = *(struct ranked_topic *const *)right;
    if (a->subscribers != b->subscribers)
        return a->subscribers > b->subscribers ? -1 : 1;
    return compare_names(left, right);
}

/* -- the heap -- */

static bool comes_later(const struct topic_search *search, size_t left, size_t right)
{
    struct ranked_topic *const *heap = search->ranking->sorted;
    return search->compare(&heap[left], &heap[right]) > 0;
}

static void swap_topics(const struct topic_search *search, size_t left, size_t right)
{
    struct ranked_topic **heap = search->ranking->sorted;
    struct ranked_topic *kept = heap[left];
    heap[left] = heap[right];
    heap[right] = kept;
}

static void sift_up(const struct topic_search *search, size_t at)
{
    for (; at > 0 && comes_later(search, at, (at - 1) / 2); at = (at - 1) / 2)
        swap_topics(search, at, (at - 1) / 2);
}

static void sift_down(const struct topic_search *search)
{
    size_t count = search->ranking->count;
    for (size_t at = 0, child = 1; child < count; at = child, child = 2 * at + 1) {
        if (child + 1 < count && comes_later(search, child + 1, child))
            child++;
        if (!comes_later(search, child, at))
            break;
        swap_topics(search, at, child);
    }
}

static void copy_topic(struct ranked_topic *to, const struct topic_key *key, uint32_t clients)
{
    to->fanout = key->fanout;
    to->subscribers = clients;
    to->len = key->len;
    memcpy(to->name, key->name, key->len);
    to->name[key->len] = '\0';
}

/* Whether one comes before the last of a full heap, seen without copying it. */
static bool may_be_among_the_first(const struct topic_search *search, const struct topic_key *key,
                                   uint32_t clients)
{
    const struct ranked_topic *last = search->ranking->sorted[0];
    if (search->question->order == TOPIC_ORDER_SUBSCRIBERS && clients != last->subscribers)
        return clients > last->subscribers;
    size_t common = key->len < last->len ? key->len : last->len;
    int order = memcmp(key->name, last->name, common);
    return order < 0 || (order == 0 && key->len < last->len);
}

static bool is_wanted(const struct topic_search *search, const struct topic_key *key)
{
    const struct topic_question *question = search->question;
    return key->kind == TOPIC_NAMED &&
           (question->fanout == NULL || key->fanout == question->fanout) &&
           (question->part == NULL ||
            memmem(key->name, key->len, question->part, search->part_len) != NULL);
}

static void visit_topic(void *context, const struct topic_key *key, uint32_t clients)
{
    const struct topic_search *search = context;
    struct topic_ranking *ranking = search->ranking;
    if (!is_wanted(search, key))
        return;
    ranking->found++;
    if (ranking->count < search->question->limit) {
        copy_topic(ranking->sorted[ranking->count], key, clients);
        sift_up(search, ranking->count++);
    } else if (may_be_among_the_first(search, key, clients)) {
        copy_topic(ranking->sorted[0], key, clients);
        sift_down(search);
    }
}

/* -- all topics -- */

static int prepare_ranking(struct topic_ranking *ranking, size_t limit)
{
    *ranking = (struct topic_ranking){.topics = malloc(limit * sizeof *ranking->topics)};
    if (ranking->topics == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < limit; i++)
        ranking->sorted[i] = &ranking->topics[i];
    return OK;
}

int topic_ranking_find(struct topic_counts *counts, const struct topic_question *question,
                       struct topic_ranking *out)
{
    const struct timespec pause = {.tv_nsec = PAUSE};
    struct topic_search search = {
        .question = question,
        .compare = question->order == TOPIC_ORDER_NAME ? compare_names : compare_subscribers,
        .part_len = question->part != NULL ? strlen(question->part) : 0,
        .ranking = out};
    struct hash_walk walk = {.is_over = false};
    int error = prepare_ranking(out, question->limit);
    if (error != OK)
        return error;
    for (;;) {
        topic_counts_walk(counts, &walk, PORTION, visit_topic, &search);
        if (walk.is_over)
            break;
        nanosleep(&pause, NULL);
    }
    qsort(out->sorted, out->count, sizeof out->sorted[0], search.compare);
    return OK;
}

void topic_ranking_free(struct topic_ranking *ranking)
{
    free(ranking->topics);
}
