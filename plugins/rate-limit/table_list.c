#include "table_list.h"

#include <pthread.h>
#include <string.h>

struct entry {
    struct entry *next;
    const struct sl_host *host;
    struct table *table;
    unsigned references;
    char id[];
};

static pthread_mutex_t list_lock = PTHREAD_MUTEX_INITIALIZER;
static struct entry *list;

static struct entry *find_entry(const char *id)
{
    struct entry *entry = list;
    while (entry != NULL && strcmp(entry->id, id) != 0)
        entry = entry->next;
    return entry;
}

static struct entry *add_entry(const struct sl_host *host, const char *id, uint32_t max_keys)
{
    struct entry *entry = host->allocate(sizeof *entry + strlen(id) + 1);
    if (entry == NULL)
        return NULL;
    *entry = (struct entry){.next = list, .host = host, .table = table_create(host, max_keys)};
    if (entry->table == NULL) {
        host->release(entry);
        return NULL;
    }
    memcpy(entry->id, id, strlen(id) + 1);
    list = entry;
    return entry;
}

struct table *table_list_join(const struct sl_host *host, const char *id_cstr, uint32_t max_keys)
{
    pthread_mutex_lock(&list_lock);
    struct entry *entry = find_entry(id_cstr);
    if (entry == NULL)
        entry = add_entry(host, id_cstr, max_keys);
    if (entry != NULL)
        entry->references++;
    pthread_mutex_unlock(&list_lock);
    return entry != NULL ? entry->table : NULL;
}

void table_list_leave(struct table *table)
{
    if (table == NULL)
        return;
    pthread_mutex_lock(&list_lock);
    struct entry **link = &list;
    while ((*link)->table != table)
        link = &(*link)->next;
    struct entry *entry = *link;
    bool is_last = --entry->references == 0;
    if (is_last)
        *link = entry->next;
    pthread_mutex_unlock(&list_lock);
    if (!is_last)
        return;
    table_destroy(table);
    entry->host->release(entry);
}
