#include "delivery/delivery.h"

#include "delivery/delivery_loop.h"
#include "delivery/interest.h"

#include <stdlib.h>
#include <string.h>

int delivery_init(struct delivery *delivery, unsigned loop_count)
{
    *delivery = (struct delivery){.loop_count = loop_count};
    size_t interests_size = loop_count * sizeof(struct interest);
    delivery->loops = calloc(loop_count, sizeof(struct delivery_loop *));
    delivery->interests = aligned_alloc(_Alignof(struct interest), interests_size);
    if (delivery->loops == NULL || delivery->interests == NULL)
        return ERR_NO_MEMORY;
    memset(delivery->interests, 0, interests_size);
    return topic_counts_init(&delivery->topic_counts);
}

void delivery_deinit(struct delivery *delivery)
{
    topic_counts_deinit(&delivery->topic_counts);
    free(delivery->interests);
    free(delivery->loops);
}

void delivery_set_limit(struct delivery *delivery, size_t bytes)
{
    memory_account_set_limit(&delivery->queued, bytes);
    memory_account_set_limit(&delivery->forwarded, bytes);
}

struct delivery_loop *delivery_current_loop(const struct delivery *delivery)
{
    const struct loop *loop = loop_current();
    if (loop == NULL || loop->index >= delivery->loop_count)
        return NULL;
    struct delivery_loop *here = delivery->loops[loop->index];
    return here != NULL && here->loop == loop ? here : NULL;
}
