#include "delivery/subscription_set.h"

#include <stddef.h>
#include <stdlib.h>

#define FEW 8u
#define BUCKETS_AT_FIRST 16u
#define BUCKETS_MAX (1u << 20)

/* Topics lie at addresses that nobody outside chooses. */
static uint32_t bucket_index(const struct topic *topic, uint32_t bucket_count)
{
    uint64_t mixed = (uint64_t)(uintptr_t)topic * UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(mixed >> 32) & (bucket_count - 1);
}

/* The list that a topic's subscription is in, if it is there. */
static struct subscription **find_list(struct subscription_set *set, const struct topic *topic)
{
    if (set->buckets == NULL)
        return &set->few;
    return &set->buckets[bucket_index(topic, set->bucket_count)];
}

struct subscription *subscription_set_find(const struct subscription_set *set,
                                           const struct topic *topic)
{
    struct subscription *found = set->few;
    if (set->buckets != NULL)
        found = set->buckets[bucket_index(topic, set->bucket_count)];
    while (found != NULL && found->topic != topic)
        found = found->next;
    return found;
}

static void push(struct subscription **list, struct subscription *subscription)
{
    subscription->next = *list;
    *list = subscription;
}

static void move_list(struct subscription_set *to, struct subscription *list)
{
    while (list != NULL) {
        struct subscription *next = list->next;
        push(find_list(to, list->topic), list);
        list = next;
    }
}

/* Without memory the lists get longer, which is slower and nothing worse. */
static void grow_if_full(struct subscription_set *set)
{
    uint32_t bucket_count = set->buckets == NULL ? BUCKETS_AT_FIRST : set->bucket_count * 2;
    uint32_t full = set->buckets == NULL ? FEW : set->bucket_count;
    if (set->count < full || bucket_count > BUCKETS_MAX)
        return;
    struct subscription_set grown = {
        .bucket_count = bucket_count, .count = set->count, .named = set->named};
    grown.buckets = calloc(bucket_count, sizeof(struct subscription *));
    if (grown.buckets == NULL)
        return;
    move_list(&grown, set->few);
    for (uint32_t i = 0; set->buckets != NULL && i < set->bucket_count; i++)
        move_list(&grown, set->buckets[i]);
    free(set->buckets);
    *set = grown;
}

void subscription_set_add(struct subscription_set *set, struct subscription *subscription)
{
    grow_if_full(set);
    push(find_list(set, subscription->topic), subscription);
    set->count++;
}

void subscription_set_remove(struct subscription_set *set, struct subscription *subscription)
{
    struct subscription **link = find_list(set, subscription->topic);
    while (*link != subscription)
        link = &(*link)->next;
    *link = subscription->next;
    subscription->next = NULL;
    if (--set->count > 0)
        return;
    free(set->buckets);
    *set = (struct subscription_set){.named = set->named};
}

static int visit_list(struct subscription *list, int (*visit)(struct subscription *subscription))
{
    int error = OK;
    while (list != NULL && error == OK) {
        error = visit(list);
        list = list->next;
    }
    return error;
}

int subscription_set_for_each(struct subscription_set *set,
                              int (*visit)(struct subscription *subscription))
{
    int error = visit_list(set->few, visit);
    for (uint32_t i = 0; i < set->bucket_count && error == OK; i++)
        error = visit_list(set->buckets[i], visit);
    return error;
}

static uint32_t list_length(const struct subscription *list)
{
    uint32_t length = 0;
    for (; list != NULL; list = list->next)
        length++;
    return length;
}

/* The cursor: a list, and 1 more than the subscriptions that are still to come there (0: all),
 * which are its last ones. They are the same when one in front of them goes. */
struct subscription *subscription_set_next(const struct subscription_set *set, uint64_t *cursor)
{
    uint32_t lists = set->buckets != NULL ? set->bucket_count : 1;
    uint32_t to_come = (uint32_t)*cursor;
    for (uint32_t i = (uint32_t)(*cursor >> 32); i < lists; i++, to_come = 0) {
        struct subscription *next = set->buckets != NULL ? set->buckets[i] : set->few;
        uint32_t length = list_length(next);
        uint32_t left = to_come == 0 || to_come > length ? length : to_come - 1;
        if (left == 0)
            continue;
        for (uint32_t passed = length - left; passed > 0; passed--)
            next = next->next;
        *cursor = (uint64_t)i << 32 | left;
        return next;
    }
    return NULL;
}

struct subscription *subscription_set_take_all(struct subscription_set *set)
{
    struct subscription *all = set->few;
    for (uint32_t i = 0; i < set->bucket_count; i++) {
        while (set->buckets[i] != NULL) {
            struct subscription *taken = set->buckets[i];
            set->buckets[i] = taken->next;
            push(&all, taken);
        }
    }
    free(set->buckets);
    *set = (struct subscription_set){.named = set->named};
    return all;
}
