#include "slow_queue.h"

#include <string.h>

/* A network that has jobs. */
struct slow_network {
    struct slow_network *next; /* in the ring */
    struct slow_network *previous;
    uint64_t key;
    size_t places; /* jobs that wait or run */
    struct slow_job *first;
    struct slow_job **last;
};

void slow_queue_init(struct slow_queue *queue, const struct sl_host *host)
{
    *queue = (struct slow_queue){.host = host};
    pthread_mutex_init(&queue->lock, NULL);
}

void slow_queue_deinit(struct slow_queue *queue)
{
    pthread_mutex_destroy(&queue->lock);
}

uint64_t slow_network_of(const uint8_t address[16])
{
    static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
    uint64_t key;
    if (memcmp(address, mapped, sizeof mapped) == 0)
        memcpy(&key, address + 8,
               sizeof key); /* 0000:ffff:a.b.c.d cannot be the front of an IPv6 network. */
    else
        memcpy(&key, address, sizeof key);
    return key;
}

/* -- networks; called with the lock -- */

static struct slow_network *find_network(const struct slow_queue *queue, uint64_t key)
{
    struct slow_network *network = queue->turn;
    if (network == NULL)
        return NULL;
    do {
        if (network->key == key)
            return network;
        network = network->next;
    } while (network != queue->turn);
    return NULL;
}

/* A new network has its turn after all others. */
static struct slow_network *add_network(struct slow_queue *queue, uint64_t key)
{
    struct slow_network *network = queue->host->allocate(sizeof *network);
    if (network == NULL)
        return NULL;
    *network = (struct slow_network){.next = network, .previous = network, .key = key};
    network->last = &network->first;
    if (queue->turn == NULL) {
        queue->turn = network;
        return network;
    }
    network->next = queue->turn;
    network->previous = queue->turn->previous;
    network->previous->next = network;
    network->next->previous = network;
    return network;
}

static void give_back_place(struct slow_queue *queue, struct slow_job *job)
{
    struct slow_network *network = job->holder;
    job->holder = NULL;
    if (--network->places > 0)
        return;
    network->previous->next = network->next;
    network->next->previous = network->previous;
    if (queue->turn == network)
        queue->turn = network->next != network ? network->next : NULL;
    queue->host->release(network);
}

static void unlink_job(struct slow_queue *queue, struct slow_job **link)
{
    struct slow_job *job = *link;
    struct slow_network *network = job->holder;
    *link = job->next;
    if (*link == NULL)
        network->last = link;
    job->next = NULL;
    queue->waiting--;
}

/* -- public functions -- */

bool slow_queue_add(struct slow_queue *queue, struct slow_job *job, size_t places,
                    size_t places_per_network)
{
    pthread_mutex_lock(&queue->lock);
    struct slow_network *network = find_network(queue, job->network);
    bool has_place = queue->waiting + queue->running < places &&
                     (network == NULL || network->places < places_per_network);
    if (has_place && network == NULL)
        network = add_network(queue, job->network);
    has_place = has_place && network != NULL;
    if (has_place) {
        job->holder = network;
        job->is_running = false;
        job->next = NULL;
        *network->last = job;
        network->last = &job->next;
        network->places++;
        queue->waiting++;
    }
    pthread_mutex_unlock(&queue->lock);
    return has_place;
}

struct slow_job *slow_queue_take(struct slow_queue *queue)
{
    struct slow_job *job = NULL;
    pthread_mutex_lock(&queue->lock);
    if (queue->running < SLOW_RUNNING_MAX && queue->waiting > 0) {
        struct slow_network *network = queue->turn;
        while (network->first == NULL)
            network = network->next;
        queue->turn = network->next;
        job = network->first;
        unlink_job(queue, &network->first);
        job->is_running = true;
        queue->running++;
    }
    pthread_mutex_unlock(&queue->lock);
    return job;
}

void slow_queue_end(struct slow_queue *queue, struct slow_job *job)
{
    pthread_mutex_lock(&queue->lock);
    queue->running--;
    give_back_place(queue, job);
    pthread_mutex_unlock(&queue->lock);
}

bool slow_queue_leave(struct slow_queue *queue, struct slow_job *job)
{
    pthread_mutex_lock(&queue->lock);
    bool waits = job->holder != NULL && !job->is_running;
    if (waits) {
        struct slow_job **link = &job->holder->first;
        while (*link != job)
            link = &(*link)->next;
        unlink_job(queue, link);
        give_back_place(queue, job);
    }
    pthread_mutex_unlock(&queue->lock);
    return waits;
}
