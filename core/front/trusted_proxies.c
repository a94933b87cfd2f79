#include "front/trusted_proxies.h"

#include <sluice/address.h>
#include <stdlib.h>
#include <string.h>

struct trusted_proxies {
    atomic_uint owners;
    size_t count;
    struct sl_prefix prefixes[]; /* in order, none within another */
};

/* Two prefixes are disjoint, or one is within the other. Of two that begin alike the wider one
 * comes first. */
static int compare_prefixes(const void *a, const void *b)
{
    const struct sl_prefix *left = a;
    const struct sl_prefix *right = b;
    int order = memcmp(left->bytes, right->bytes, sizeof left->bytes);
    return order != 0 ? order : left->length - right->length;
}

/* Removes prefixes within others, so that one search finds the prefix of an address. */
static void remove_nested(struct trusted_proxies *proxies)
{
    size_t kept = 0;
    qsort(proxies->prefixes, proxies->count, sizeof proxies->prefixes[0], compare_prefixes);
    for (size_t i = 0; i < proxies->count; i++) {
        const struct sl_prefix *prefix = &proxies->prefixes[i];
        if (kept == 0 || !sl_prefix_holds(&proxies->prefixes[kept - 1], prefix->bytes))
            proxies->prefixes[kept++] = *prefix;
    }
    proxies->count = kept;
}

int trusted_proxies_create(char *const *texts, size_t count, struct trusted_proxies **out)
{
    char error[160];
    *out = NULL;
    if (count == 0)
        return OK;
    struct trusted_proxies *proxies = malloc(sizeof *proxies + count * sizeof proxies->prefixes[0]);
    if (proxies == NULL)
        return ERR_NO_MEMORY;
    for (size_t i = 0; i < count; i++) {
        if (sl_prefix_parse(texts[i], strlen(texts[i]), &proxies->prefixes[i], error) == NULL)
            continue;
        free(proxies);
        return ERR_CONFIG;
    }
    atomic_init(&proxies->owners, 1);
    proxies->count = count;
    remove_nested(proxies);
    *out = proxies;
    return OK;
}

void trusted_proxies_unref(struct trusted_proxies *proxies)
{
    if (proxies != NULL &&
        atomic_fetch_sub_explicit(&proxies->owners, 1, memory_order_acq_rel) == 1)
        free(proxies);
}

bool trusted_proxies_hold(const struct trusted_proxies *proxies, const struct address *address)
{
    size_t begin = 0;
    size_t end = proxies == NULL ? 0 : proxies->count;
    while (begin < end) {
        size_t middle = begin + (end - begin) / 2;
        if (memcmp(proxies->prefixes[middle].bytes, address->bytes, 16) <= 0)
            begin = middle + 1;
        else
            end = middle;
    }
    return begin > 0 && sl_prefix_holds(&proxies->prefixes[begin - 1], address->bytes);
}

void trust_init(struct trust *trust)
{
    atomic_init(&trust->is_given, false);
    pthread_mutex_init(&trust->lock, NULL);
    trust->proxies = NULL;
}

void trust_deinit(struct trust *trust)
{
    trusted_proxies_unref(trust->proxies);
    pthread_mutex_destroy(&trust->lock);
}

void trust_change(struct trust *trust, struct trusted_proxies *proxies)
{
    pthread_mutex_lock(&trust->lock);
    struct trusted_proxies *before = trust->proxies;
    trust->proxies = proxies;
    atomic_store_explicit(&trust->is_given, proxies != NULL, memory_order_relaxed);
    pthread_mutex_unlock(&trust->lock);
    trusted_proxies_unref(before);
}

struct trusted_proxies *trust_in_force(struct trust *trust)
{
    if (trust == NULL || !atomic_load_explicit(&trust->is_given, memory_order_relaxed))
        return NULL;
    pthread_mutex_lock(&trust->lock);
    struct trusted_proxies *proxies = trust->proxies;
    if (proxies != NULL)
        atomic_fetch_add_explicit(&proxies->owners, 1, memory_order_relaxed);
    pthread_mutex_unlock(&trust->lock);
    return proxies;
}

bool trust_holds(struct trust *trust, const struct address *address)
{
    struct trusted_proxies *proxies = trust_in_force(trust);
    bool holds = trusted_proxies_hold(proxies, address);
    trusted_proxies_unref(proxies);
    return holds;
}
