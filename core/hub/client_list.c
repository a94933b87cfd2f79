#include "hub/client_list.h"

#include "client/client.h"
#include "client/shard.h"
#include "delivery/topic.h"
#include "delivery/subscription_set.h"
#include "hub/hub.h"

#include <string.h>

#define PORTION 2048u /* slots that are looked at in one go */

static uint32_t slot_of(uint64_t id)
{
    return (uint32_t)id >> 8; /* See struct sl_client. */
}

static void go_to_next_loop(struct client_list *list)
{
    list->loop++;
    list->position = 0;
}

/* -- by slots -- */

static bool is_listed(const struct client_list *list, const struct client *client)
{
    return client != NULL && client->state == CLIENT_OPEN &&
           client_filter_matches(&list->filter, client);
}

static void take_portion(struct client_list *list, const struct shard *shard)
{
    uint32_t left = PORTION;
    while (list->position < shard->slot_count && list->count < list->max && left-- > 0) {
        const struct client *client = shard->slots[list->position++].client;
        if (is_listed(list, client))
            list->ids[list->count++] = client->seen.id;
    }
    if (list->position >= shard->slot_count)
        go_to_next_loop(list);
}

/* -- by identity -- */

static const struct client *member_to_list(const struct client_list *list,
                                           const struct subscription *member)
{
    const struct client *client = client_of_receiver(member->receiver);
    bool is_to_come = slot_of(client->seen.id) >= list->position;
    return is_to_come && client->state == CLIENT_OPEN ? client : NULL;
}

/* All clients of an identity that the loop has, without a look at the others. Returns false if
 * there is no room for all of them. */
static bool take_members(struct client_list *list, const struct shard *shard)
{
    const struct client_filter *filter = &list->filter;
    struct topic_key key = topic_key_of(&((struct endpoint *)(uintptr_t)filter->endpoint)->fanout,
                                        TOPIC_IDENTITY, filter->identity, strlen(filter->identity));
    const struct topic *topic = topic_find(&shard->delivery, &key);
    uint32_t count = topic != NULL ? topic->count : 0;
    uint32_t found = 0;
    for (uint32_t i = 0; i < count; i++)
        found += member_to_list(list, topic->members[i]) != NULL;
    if (found > list->max - list->count)
        return false;
    for (uint32_t i = 0; i < count; i++) {
        const struct client *client = member_to_list(list, topic->members[i]);
        if (client != NULL)
            list->ids[list->count++] = client->seen.id;
    }
    go_to_next_loop(list);
    return true;
}

/* -- from loop to loop -- */

static void deliver_home(struct loop *loop, struct mail *mail)
{
    struct client_list *list = (struct client_list *)mail;
    (void)loop;
    list->done(list);
}

static void ask_loop(struct loop *loop, struct mail *mail);

static void go_on(struct client_list *list)
{
    bool is_at_end = list->loop >= list->hub->set.count;
    if (is_at_end || list->count == list->max) {
        list->cursor = is_at_end ? 0 : (uint64_t)list->loop << 32 | list->position;
        list->mail.deliver = deliver_home;
        loop_post(list->home, &list->mail);
    } else {
        list->mail.deliver = ask_loop;
        loop_post(&list->hub->set.shards[list->loop].loop, &list->mail);
    }
}

static void ask_loop(struct loop *loop, struct mail *mail)
{
    struct client_list *list = (struct client_list *)mail;
    const struct shard *shard = shard_of(loop);
    if (atomic_load_explicit(&list->hub->set.is_stopping, memory_order_relaxed)) {
        list->count = 0;
        list->loop = list->hub->set.count;
    } else if (list->filter.identity[0] == '\0' || !take_members(list, shard)) {
        take_portion(list, shard);
    }
    go_on(list);
}

bool client_list_is_cursor(const struct hub *hub, uint64_t cursor)
{
    return cursor >> 32 < hub->set.count;
}

void client_list_begin(struct client_list *list)
{
    list->loop = (unsigned)(list->cursor >> 32);
    list->position = (uint32_t)list->cursor;
    go_on(list);
}
