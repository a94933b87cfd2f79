/*
 * Checks of messages, of what is borrowed, and of clients that come and go.
 */
#include "workbench/checks_internal.h"

#include <stdio.h>
#include <string.h>

#define RANDOM_STEPS 1500
#define RANDOM_CLIENTS 6

void check_empty_message(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    if (plugin->table.on_message == NULL)
        situation_skip("the plugin has no on_message");
    for (int type = SL_TEXT; type <= SL_BINARY; type++) {
        struct sl_client *client = check_client_open_or_skip(instance, subject);
        situation_doing("an empty %s message", type == SL_TEXT ? "text" : "binary");
        check_client_send(instance, client, (enum sl_message_type)type, "", 0);
        check_client_leave(instance, client);
    }
    fake_instance_destroy(instance);
}

static void send_large_message(struct fake_instance *instance, const struct subject *subject)
{
    static char text[256 * 1024];
    struct sl_client *client = check_client_open_or_skip(instance, subject);
    situation_doing("a message of 256 KiB");
    memset(text, 'x', sizeof text);
    check_client_send(instance, client, SL_TEXT, text, sizeof text);
    check_client_leave(instance, client);
}

void check_messages(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    if (plugin->table.on_message == NULL)
        situation_skip("the plugin has no on_message");
    for (size_t i = 0; i < check_message_count(subject); i++) {
        struct sl_client *client = check_client_open_or_skip(instance, subject);
        situation_doing("the message '%s'", check_message(subject, i)->data);
        if (check_client_send_nth(instance, client, subject, i))
            check_client_send(instance, client, SL_BINARY, "\0\xff\x80", 3);
        check_client_leave(instance, client);
    }
    send_large_message(instance, subject);
    fake_instance_destroy(instance);
}

/* What was kept is used when the next thing happens, if not before. */
void check_borrowed(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    struct sl_client *client = check_client_open_or_skip(instance, subject);
    bool stays = true;
    for (size_t i = 0; i < check_payload_count(subject); i++)
        check_client_hear(instance, CHECK_EMITTER, client, subject, i);
    for (size_t i = 0; i < check_topic_count(subject); i++)
        check_client_use_topic(instance, client, subject, i);
    for (size_t i = 0; stays && i < check_message_count(subject); i++)
        stays = check_client_send_nth(instance, client, subject, i);
    for (int i = 0; i < 3; i++) {
        check_client_run(instance, subject);
        fake_advance(10 * SECOND);
        fake_run_offloaded();
    }
    check_client_leave(instance, client);
    fake_advance(120 * SECOND);
    fake_instance_destroy(instance);
}

void check_lifecycle(const struct subject *subject)
{
    struct plugin *plugin = subject_load(subject);
    struct fake_instance *instance = subject_create(plugin, subject, "/ws");
    struct sl_client *clients[8];
    struct fake_result result;
    situation_doing("a client that connects, and leaves before it is open");
    struct sl_client *early = fake_client_create(subject->upgrade);
    fake_connect(instance, early, &result);
    fake_result_release(&result);
    fake_client_destroy(early);
    situation_doing("eight clients that come and go in another order");
    for (size_t i = 0; i < 8; i++)
        clients[i] = check_client_open_or_skip(instance, subject);
    for (size_t i = 0; i < 8; i++) {
        check_client_hear(instance, CHECK_EMITTER, clients[i], subject, i);
        check_client_use_topic(instance, clients[i], subject, i);
        check_client_send_nth(instance, clients[i], subject, i);
    }
    for (size_t i = 0; i < 8; i++)
        check_client_leave(instance, clients[i * 3 % 8]);
    situation_doing("an instance that is destroyed while time passes");
    fake_advance(60 * SECOND);
    fake_instance_destroy(instance);
}

/* -- random messages -- */

static uint32_t next_random(uint32_t *state)
{
    *state ^= *state << 13;
    *state ^= *state >> 17;
    *state ^= *state << 5;
    return *state;
}

/* One of the messages, as far as there is room, or something like JSON. */
static size_t random_text(const struct subject *subject, uint32_t *random, char *text, size_t size)
{
    static const char alphabet[] = "{}[]\":,0123456789.-+eE abcxyz\\/\n\ttruefalsenull";
    size_t len = next_random(random) % size;
    if (next_random(random) % 4 == 0) {
        const struct scenario_message *message = check_message(subject, next_random(random));
        size_t fits = message->len < size ? message->len : 0;
        memcpy(text, message->data, fits);
        return fits;
    }
    for (size_t i = 0; i < len; i++)
        text[i] = alphabet[next_random(random) % (sizeof alphabet - 1)];
    return len;
}

static void random_step(struct fake_instance *instance, const struct subject *subject,
                        struct sl_client **client, uint32_t *random)
{
    char text[400];
    if (*client == NULL) {
        *client = check_client_open(instance, subject);
        return;
    }
    uint32_t choice = next_random(random) % 16;
    if (choice < 12) {
        enum sl_message_type type = choice == 0 ? SL_BINARY : SL_TEXT;
        if (check_client_send(instance, *client, type, text,
                              random_text(subject, random, text, sizeof text)))
            return;
    } else if (choice == 12) {
        uint32_t which = next_random(random);
        check_client_use_topic(instance, *client, subject, which);
        check_client_hear(instance, CHECK_EMITTER, which % 4 == 0 ? NULL : *client, subject, which);
        return;
    } else if (choice == 13) {
        fake_advance((int64_t)(next_random(random) % 3000) * 1000000);
        return;
    }
    check_client_leave(instance, *client);
    *client = NULL;
}

void check_random_messages(const struct subject *subject)
{
    struct fake_instance *instance = subject_create(subject_load(subject), subject, "/ws");
    struct sl_client *clients[RANDOM_CLIENTS] = {NULL};
    uint32_t random = subject->seed * 2654435761u + 1;
    for (unsigned step = 0; step < RANDOM_STEPS; step++) {
        situation_doing("step %u of random messages (--seed %u)", step, subject->seed);
        random_step(instance, subject, &clients[next_random(&random) % RANDOM_CLIENTS], &random);
        fake_forget();
    }
    for (unsigned i = 0; i < RANDOM_CLIENTS; i++)
        if (clients[i] != NULL)
            check_client_leave(instance, clients[i]);
    fake_instance_destroy(instance);
}
