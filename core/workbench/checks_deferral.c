/*
 * Checks of deferrals that end without their completion.
 */
#include "workbench/checks_internal.h"

#define WAIT 2000 /* ms of real time for a deferred verdict */

/* Calls `end` for each thing that the plugin defers. Returns how many there were. */
static unsigned for_each_deferral(struct fake_instance *instance, const struct subject *subject,
                                  void (*end)(struct fake_instance *, struct sl_client *,
                                              bool is_open))
{
    unsigned count = 0;
    struct fake_result result;
    struct sl_client *client = fake_client_create(subject->upgrade);
    fake_connect(instance, client, &result);
    fake_result_release(&result);
    if (fake_is_deferred(client)) {
        end(instance, client, false);
        count++;
    } else {
        fake_client_destroy(client);
    }
    for (size_t i = 0; i < check_message_count(subject); i++) {
        const struct scenario_message *message = check_message(subject, i);
        client = check_client_open(instance, subject);
        if (client == NULL)
            return count;
        fake_message(instance, client, message->type, message->data, message->len, &result);
        fake_result_release(&result);
        if (fake_is_deferred(client)) {
            end(instance, client, true);
            count++;
        } else {
            check_client_leave(instance, client);
        }
    }
    return count;
}

static void leave_while_deferred(struct fake_instance *instance, struct sl_client *client,
                                 bool is_open)
{
    if (is_open)
        check_client_leave(instance, client);
    else
        fake_client_destroy(client);
    fake_run_offloaded(); /* What it had begun ends only now. */
    fake_advance(5 * SECOND);
}

static void let_deadline_pass(struct fake_instance *instance, struct sl_client *client,
                              bool is_open)
{
    struct fake_result result;
    fake_advance(3601 * SECOND);
    if (fake_await(client, WAIT, &result))
        fake_result_release(&result);
    leave_while_deferred(instance, client, is_open);
}

void check_disconnect_while_deferred(const struct subject *subject)
{
    struct fake_instance *instance = subject_create(subject_load(subject), subject, "/ws");
    situation_doing("a client that leaves while its verdict is awaited");
    if (for_each_deferral(instance, subject, leave_while_deferred) == 0)
        situation_skip("nothing was deferred");
    check_client_run(instance, subject);
    fake_instance_destroy(instance);
}

void check_deadline(const struct subject *subject)
{
    struct fake_instance *instance = subject_create(subject_load(subject), subject, "/ws");
    situation_doing("a deferral that misses its deadline");
    if (for_each_deferral(instance, subject, let_deadline_pass) == 0)
        situation_skip("nothing was deferred");
    check_client_run(instance, subject);
    fake_instance_destroy(instance);
}
