#include "pipeline/storage_kept_list.h"

#include "pipeline/storage_changes.h"
#include "pipeline/storage_kept.h"

void kept_list_init(struct kept_list *list)
{
    pthread_mutex_init(&list->lock, NULL);
    list->first = NULL;
}

void kept_list_deinit(struct kept_list *list)
{
    while (list->first != NULL) {
        struct kept_table *kept = list->first;
        list->first = kept->next;
        storage_changes_untrack(kept->table);
        kept_table_destroy(kept);
    }
    pthread_mutex_destroy(&list->lock);
}

void kept_list_add(struct kept_list *list, struct kept_table *kept)
{
    pthread_mutex_lock(&list->lock);
    kept->next = list->first;
    list->first = kept;
    pthread_mutex_unlock(&list->lock);
}

void kept_list_drop(struct kept_list *list, struct kept_table *kept)
{
    pthread_mutex_lock(&list->lock);
    atomic_store(&kept->is_dropped, true);
    pthread_mutex_unlock(&list->lock);
}

bool kept_list_has_dropped(struct kept_list *list, const char *endpoint, const char *instance)
{
    bool is_found = false;
    pthread_mutex_lock(&list->lock);
    for (const struct kept_table *at = list->first; at != NULL && !is_found; at = at->next)
        is_found = atomic_load(&at->is_dropped) &&
                   (endpoint == NULL || kept_table_has_name(at, endpoint, instance));
    pthread_mutex_unlock(&list->lock);
    return is_found;
}

uint64_t kept_list_changes(struct kept_list *list)
{
    uint64_t count = 0;
    pthread_mutex_lock(&list->lock);
    for (struct kept_table *kept = list->first; kept != NULL; kept = kept->next)
        if (!atomic_load(&kept->is_dropped))
            count += storage_changes_count(kept->table);
    pthread_mutex_unlock(&list->lock);
    return count;
}

size_t kept_list_find_dropped(struct kept_list *list, struct kept_table *found[], size_t max,
                              struct kept_table **first)
{
    size_t count = 0;
    pthread_mutex_lock(&list->lock);
    *first = list->first;
    for (struct kept_table *kept = list->first; kept != NULL && count < max; kept = kept->next)
        if (atomic_load(&kept->is_dropped))
            found[count++] = kept;
    pthread_mutex_unlock(&list->lock);
    return count;
}

void kept_list_remove(struct kept_list *list, struct kept_table *kept)
{
    pthread_mutex_lock(&list->lock);
    struct kept_table **at = &list->first;
    while (*at != kept)
        at = &(*at)->next;
    *at = kept->next;
    pthread_mutex_unlock(&list->lock);
    kept_table_destroy(kept);
}
