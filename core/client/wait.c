/*
 * A client that waits, for a verdict or for its turn: nothing is read from it, so that the kernel's
 * buffers, and then its own, hold what it sends in the meantime. If it leaves meanwhile, its
 * messages are handled all the same: a client that waits loses nothing that would have gone through
 * without waiting.
 */
#include "client/client.h"

#include "client/shard.h"
#include "pipeline/pipeline.h"

#include <stdlib.h>

/* While it waits, an event is reported once, since a connection that is gone is reported without
 * being asked for, again and again. */
static void update_watch(struct client *client)
{
    enum receiver_watches watches = RECEIVER_WATCHES_INPUT;
    if (client->is_waiting)
        watches = client->has_left ? RECEIVER_WATCHES_BREAK : RECEIVER_WATCHES_END;
    receiver_watch(&client->receiver, watches);
}

void client_wait(struct client *client)
{
    client->is_waiting = true;
    update_watch(client);
}

void client_stop_waiting(struct client *client)
{
    client->is_waiting = false;
    client_heard(client); /* It could not be heard. */
    if (client->state != CLIENT_GONE)
        update_watch(client);
}

/* -- taking turns -- */

struct turn_mail {
    struct mail mail; /* first */
    uint64_t client_id;
};

static void deliver_turn(struct loop *loop, struct mail *mail)
{
    uint64_t id = ((struct turn_mail *)mail)->client_id;
    struct client *client = loop_current() == loop ? shard_find(shard_of(loop), id) : NULL;
    free(mail);
    if (client == NULL || !client->is_pausing)
        return;
    client->is_pausing = false;
    if (!client->is_waiting)
        return; /* Its input was thrown away. */
    client->is_waiting = false;
    client_resume_input(client);
}

void client_wait_for_turn(struct client *client)
{
    struct shard *shard = client_shard(client);
    struct turn_mail *mail = malloc(sizeof *mail);
    if (mail == NULL)
        return;
    *mail = (struct turn_mail){.mail.deliver = deliver_turn, .client_id = client->seen.id};
    client->is_pausing = true;
    counter_add(&shard->stats.input_pauses, 1);
    client_wait(client);
    loop_post(&shard->loop, &mail->mail);
}

/* -- leaving while messages wait -- */

void client_on_departure(struct client *client)
{
    struct loop *loop = &client_shard(client)->loop;
    if (client->has_left && client->state == CLIENT_OPEN)
        return;
    if (client->state != CLIENT_OPEN) {
        client_lost(client);
        return;
    }
    client->has_left = true;
    timer_start(&loop->timers, &client->timer, loop->now + CLIENT_CLOSE_TIMEOUT);
    update_watch(client);
}

/* -- what the pipeline calls -- */

static void on_wait(struct sl_client *seen)
{
    client_wait(client_of(seen));
}

static void on_resume(struct sl_client *seen, struct message *message, struct upgrade *upgrade,
                      int verdict)
{
    if (message != NULL)
        client_resume_message(client_of(seen), message, verdict);
    else if (upgrade != NULL)
        client_resume_upgrade(client_of(seen), upgrade, verdict);
    else
        client_resume_open(client_of(seen), verdict);
}

static void on_held(struct sl_client *seen)
{
    client_note_input(client_of(seen));
}

static void on_identified(struct sl_client *seen, const char *instance)
{
    client_log_identified(client_of(seen), instance);
}

static struct sl_client *on_find(struct pipeline_loop *loop, uint64_t client_id)
{
    bool is_running = loop_current() == loop->loop;
    struct client *client = is_running ? shard_find(shard_of(loop->loop), client_id) : NULL;
    return client != NULL ? &client->seen : NULL;
}

const struct pipeline_calls client_pipeline_calls = {
    .wait = on_wait,
    .resume = on_resume,
    .held = on_held,
    .identified = on_identified,
    .find = on_find,
};
