#include "client/certificate_watch.h"

#include "base/clock.h"
#include "client/certificate.h"
#include "client/client.h"
#include "client/shard.h"

#include <stddef.h>
#include <stdlib.h>

#define CLOSE_EXPIRED 4401
#define LOOK_AGAIN (60 * NS_PER_S)

struct certificate_watch {
    struct timer timer;
    struct client *client;
    int64_t end; /* wall clock, ns */
};

static void restart(struct certificate_watch *watch)
{
    struct loop *loop = &client_shard(watch->client)->loop;
    int64_t left = watch->end - clock_wall();
    timer_start(&loop->timers, &watch->timer, loop->now + (left < LOOK_AGAIN ? left : LOOK_AGAIN));
}

static void look(struct loop *loop, struct timer *timer)
{
    static const char reason[] = "certificate expired";
    struct certificate_watch *watch =
        (struct certificate_watch *)((char *)timer - offsetof(struct certificate_watch, timer));
    (void)loop;
    if (watch->client->state != CLIENT_OPEN)
        return;
    if (clock_wall() < watch->end)
        restart(watch);
    else
        client_close(watch->client, CLOSE_EXPIRED, reason, sizeof reason - 1);
}

int certificate_watch_start(struct client *client)
{
    int64_t end = client->receiver.tls != NULL ? certificate_end(client->receiver.tls)
                                               : CERTIFICATE_WITHOUT_END;
    if (end == CERTIFICATE_WITHOUT_END)
        return OK;
    struct certificate_watch *watch = calloc(1, sizeof *watch);
    if (watch == NULL)
        return ERR_NO_MEMORY;
    watch->timer.fire = look;
    watch->client = client;
    watch->end = end;
    client->certificate_watch = watch;
    restart(watch);
    return OK;
}

void certificate_watch_destroy(struct certificate_watch *watch)
{
    if (watch == NULL)
        return;
    timer_stop(&watch->timer);
    free(watch);
}
