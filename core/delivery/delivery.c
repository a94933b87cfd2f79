#include "delivery/delivery.h"

#include "delivery/delivery_loop.h"
#include "delivery/interest.h" /* IWYU pragma: keep (its size) */

#include <stdlib.h>

int delivery_init(struct delivery *delivery, unsigned loop_count)
{
    *delivery = (struct delivery){.loop_count = loop_count};
    delivery->loops = calloc(loop_count, sizeof(struct delivery_loop *));
    delivery->interest = calloc(1, sizeof *delivery->interest);
    if (message_log_init(&delivery->log, loop_count, &delivery->forwarded) != OK ||
        delivery->loops == NULL || delivery->interest == NULL)
        return ERR_NO_MEMORY;
    return topic_counts_init(&delivery->topic_counts);
}

void delivery_deinit(struct delivery *delivery)
{
    topic_counts_deinit(&delivery->topic_counts);
    message_log_deinit(&delivery->log);
    free(delivery->interest);
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
