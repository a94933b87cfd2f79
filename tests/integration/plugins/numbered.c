/*
 * numbered: sends numbers, which it counts under a lock of its own, from the hooks of clients on
 * all loops and from threads, to everybody, to a topic and to single clients. Whoever gets any of
 * them must get them in the order in which they were counted. A text message is a command and its
 * arguments.
 */
#include <sluice/plugin.h>

#include <inttypes.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define THREADS_MAX 16u
#define TOPIC "numbers"
#define TOPIC_LEN (sizeof TOPIC - 1)

struct numbered {
    pthread_mutex_t lock;
    uint64_t count;         /* guarded by `lock` */
    _Atomic uint64_t asked; /* the last question that has been put to everybody */
    pthread_t threads[THREADS_MAX];
    unsigned thread_count;
};

/* One command: how often, and whom it concerns. */
struct task {
    struct sl_instance *self;
    uint64_t times;
    uint64_t id;
};

static int create(struct sl_instance *self)
{
    struct numbered *numbered = self->state;
    return pthread_mutex_init(&numbered->lock, NULL);
}

static void destroy(struct sl_instance *self)
{
    struct numbered *numbered = self->state;
    for (unsigned i = 0; i < numbered->thread_count; i++)
        pthread_join(numbered->threads[i], NULL);
    pthread_mutex_destroy(&numbered->lock);
}

/* -- what is counted -- */

static int write_number(char text[static 32], const char *kind, uint64_t number)
{
    return snprintf(text, 32, "%s %" PRIu64, kind, number);
}

static void send_to_all(struct sl_instance *self, uint64_t number)
{
    char text[32];
    int len = write_number(text, "all", number);
    self->host->broadcast(self, NULL, SL_TEXT, text, (size_t)len);
}

static void send_to_topic(struct sl_instance *self, uint64_t number)
{
    char text[32];
    int len = write_number(text, "topic", number);
    self->host->publish(self, NULL, TOPIC, TOPIC_LEN, SL_TEXT, text, (size_t)len);
}

static void send_to_one(struct sl_instance *self, uint64_t id, uint64_t number)
{
    char text[32];
    int len = write_number(text, "one", number);
    self->host->send(self, id, SL_TEXT, text, (size_t)len);
}

static void send_mixed(const struct task *task)
{
    struct numbered *numbered = task->self->state;
    for (uint64_t i = 0; i < task->times; i++) {
        pthread_mutex_lock(&numbered->lock);
        uint64_t number = ++numbered->count;
        if (number % 3 == 0)
            send_to_all(task->self, number);
        else if (number % 3 == 1)
            send_to_topic(task->self, number);
        else
            send_to_one(task->self, task->id, number);
        pthread_mutex_unlock(&numbered->lock);
    }
}

static void *run_thread(void *context)
{
    struct task *task = context;
    send_mixed(task);
    free(task);
    return NULL;
}

static void start_thread(struct sl_instance *self, const struct task *task)
{
    struct numbered *numbered = self->state;
    struct task *copy = malloc(sizeof *copy);
    if (copy == NULL)
        return;
    *copy = *task;
    pthread_mutex_lock(&numbered->lock);
    if (numbered->thread_count == THREADS_MAX ||
        pthread_create(&numbered->threads[numbered->thread_count], NULL, run_thread, copy) != 0)
        free(copy);
    else
        numbered->thread_count++;
    pthread_mutex_unlock(&numbered->lock);
}

/* Tells the client what had been counted when it joined or left the topic. */
static void move(struct sl_instance *self, struct sl_client *client, bool joins)
{
    struct numbered *numbered = self->state;
    char text[32];
    pthread_mutex_lock(&numbered->lock);
    if (joins)
        self->host->subscribe(client, TOPIC, TOPIC_LEN);
    else
        self->host->unsubscribe(client, TOPIC, TOPIC_LEN);
    int len = write_number(text, joins ? "joined" : "left", numbered->count);
    self->host->client_send(client, SL_TEXT, text, (size_t)len);
    pthread_mutex_unlock(&numbered->lock);
}

/* The last number for a client, and its end. */
static void close_one(struct sl_instance *self, uint64_t id)
{
    struct numbered *numbered = self->state;
    pthread_mutex_lock(&numbered->lock);
    send_to_one(self, id, ++numbered->count);
    self->host->close(self, id, 4000, "enough");
    send_to_one(self, id, ++numbered->count); /* For nobody. */
    pthread_mutex_unlock(&numbered->lock);
}

/* -- questions and answers, without a lock -- */

static void ask(const struct task *task)
{
    struct numbered *numbered = task->self->state;
    char text[32];
    for (uint64_t i = 0; i < task->times; i++) {
        uint64_t question = atomic_load(&numbered->asked) + 1;
        int len = write_number(text, "question", question);
        task->self->host->broadcast(task->self, NULL, SL_TEXT, text, (size_t)len);
        atomic_store(&numbered->asked, question);
    }
}

/* Answers the last question: to its own client, which comes first, and to everybody. */
static void give_answer(const struct task *task, struct sl_client *client)
{
    struct numbered *numbered = task->self->state;
    char text[32];
    for (uint64_t i = 0; i < task->times; i++) {
        int len = write_number(text, "answer", atomic_load(&numbered->asked));
        task->self->host->client_send(client, SL_TEXT, text, (size_t)len);
        task->self->host->broadcast(task->self, NULL, SL_TEXT, text, (size_t)len);
    }
}

/* -- commands -- */

static void say_id(struct sl_instance *self, struct sl_client *client)
{
    char text[32];
    int len = snprintf(text, sizeof text, "%" PRIu64, self->host->client_id(client));
    self->host->client_send(client, SL_TEXT, text, (size_t)len);
}

static bool run_command(struct sl_client *client, const char *command, const struct task *task)
{
    if (strcmp(command, "id") == 0)
        say_id(task->self, client);
    else if (strcmp(command, "mixed") == 0)
        send_mixed(task);
    else if (strcmp(command, "thread") == 0)
        start_thread(task->self, task);
    else if (strcmp(command, "join") == 0 || strcmp(command, "leave") == 0)
        move(task->self, client, command[0] == 'j');
    else if (strcmp(command, "close") == 0)
        close_one(task->self, task->id);
    else if (strcmp(command, "ask") == 0)
        ask(task);
    else if (strcmp(command, "answer") == 0)
        give_answer(task, client);
    else
        return false;
    return true;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    char text[80], command[16] = "";
    struct task task = {.self = self};
    snprintf(text, sizeof text, "%.*s", (int)message->len, message->data);
    if (sscanf(text, "%15s %" SCNu64 " %" SCNu64, command, &task.times, &task.id) < 1)
        return SL_CONTINUE;
    return run_command(client, command, &task) ? SL_HANDLED : SL_CONTINUE;
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,         .name = "numbered",
    .version = "1.0.0",       .summary = "Sends numbers in the order of a lock",
    .license = "MIT",         .instance_size = sizeof(struct numbered),
    .create = create,         .destroy = destroy,
    .on_message = on_message,
};
