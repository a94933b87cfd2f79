#include "client/lifetime.h"

#include "base/clock.h"
#include "client/certificate.h"
#include "client/client.h"
#include "client/shard.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#define LOOK_AGAIN (60 * NS_PER_S)
#define JITTER_PARTS 10 /* of the age: one of them is spread over */

struct lifetime {
    struct timer timer;
    struct client *client;
    int64_t certificate_end; /* wall clock, ns; CERTIFICATE_WITHOUT_END */
    int64_t began;           /* monotonic ns */
    int64_t age;             /* ns; 0: any */
};

static int64_t until_certificate_end(const struct lifetime *lifetime)
{
    if (lifetime->certificate_end == CERTIFICATE_WITHOUT_END)
        return INT64_MAX;
    return lifetime->certificate_end - clock_wall();
}

static int64_t until_age(const struct lifetime *lifetime)
{
    if (lifetime->age == 0)
        return INT64_MAX;
    return lifetime->began + lifetime->age - client_shard(lifetime->client)->loop.now;
}

/* The certificate's end is looked at again in between. */
static void wait_for_end(struct lifetime *lifetime)
{
    struct loop *loop = &client_shard(lifetime->client)->loop;
    int64_t left = until_certificate_end(lifetime);
    if (left != INT64_MAX && left > LOOK_AGAIN)
        left = LOOK_AGAIN;
    if (until_age(lifetime) < left)
        left = until_age(lifetime);
    if (left == INT64_MAX)
        timer_stop(&lifetime->timer);
    else
        timer_start(&loop->timers, &lifetime->timer, loop->now + left);
}

static void close_old(struct client *client, uint16_t code, const char *reason)
{
    client_close(client, code, reason, strlen(reason));
}

static void on_lifetime_timer(struct loop *loop, struct timer *timer)
{
    struct lifetime *lifetime =
        (struct lifetime *)((char *)timer - offsetof(struct lifetime, timer));
    (void)loop;
    if (lifetime->client->state != CLIENT_OPEN)
        return;
    if (until_certificate_end(lifetime) <= 0)
        close_old(lifetime->client, CLOSE_UNAUTHORIZED, "certificate expired");
    else if (until_age(lifetime) <= 0)
        close_old(lifetime->client, CLOSE_GOING_AWAY, "maximum age reached; reconnect");
    else
        wait_for_end(lifetime);
}

/* The endpoint's age for this client: ids that follow each other are spread evenly. */
static int64_t age_of(const struct client *client)
{
    int64_t most = client_setup(client)->config->clients_max_age;
    uint64_t mixed = client->seen.id * UINT64_C(0x9e3779b97f4a7c15);
    return most - most / JITTER_PARTS / 1024 * (int64_t)(mixed >> 54);
}

static int begin_lifetime(struct client *client, int64_t certificate_end)
{
    struct lifetime *lifetime = calloc(1, sizeof *lifetime);
    if (lifetime == NULL)
        return ERR_NO_MEMORY;
    *lifetime = (struct lifetime){.timer.fire = on_lifetime_timer,
                                  .client = client,
                                  .certificate_end = certificate_end,
                                  .began = client_shard(client)->loop.now,
                                  .age = age_of(client)};
    client->lifetime = lifetime;
    wait_for_end(lifetime);
    return OK;
}

int lifetime_start(struct client *client)
{
    int64_t end = client->receiver.tls != NULL ? certificate_end(client->receiver.tls)
                                               : CERTIFICATE_WITHOUT_END;
    if (end == CERTIFICATE_WITHOUT_END && client_setup(client)->config->clients_max_age == 0)
        return OK;
    return begin_lifetime(client, end);
}

void lifetime_adjust(struct client *client)
{
    struct lifetime *lifetime = client->lifetime;
    if (client->state != CLIENT_OPEN)
        return;
    if (lifetime == NULL) {
        if (client_setup(client)->config->clients_max_age > 0 &&
            begin_lifetime(client, CERTIFICATE_WITHOUT_END) != OK)
            shard_count_drop(client_shard(client), DROP_NO_MEMORY);
        return;
    }
    int64_t age = age_of(client);
    if (lifetime->age == 0)
        lifetime->began = client_shard(client)->loop.now;
    if (lifetime->age != age) {
        lifetime->age = age;
        wait_for_end(lifetime);
    }
}

void lifetime_destroy(struct lifetime *lifetime)
{
    if (lifetime == NULL)
        return;
    timer_stop(&lifetime->timer);
    free(lifetime);
}
