/*
 * rooms: rooms with a history. Whoever joins gets what was said before and what is said afterwards:
 * nothing is missing, nothing comes twice, and everybody sees the same order, on however many
 * loops.
 *
 * That takes one lock. It is held while a line is published and stored, and while a client is
 * subscribed and sent what is stored: so each line is either stored before somebody joins, or
 * published afterwards.
 */
#include <sluice/plugin.h>

#include <inttypes.h>
#include <pthread.h>
#include <string.h>

#define NAME_MAX_SIZE 64u

struct line {
    char *text; /* "kitchen 17 hello", of host->allocate */
    size_t len;
};

struct room {
    struct room *next;
    char name[NAME_MAX_SIZE];
    uint64_t said;       /* lines so far: the number of the last one */
    struct line lines[]; /* the last `history` ones; number n is at n % history */
};

struct rooms {
    pthread_mutex_t lock; /* of everything below */
    struct room *first;
    uint64_t count;
    uint64_t max;
    uint64_t history;
};

/* One client's request. */
struct request {
    struct sl_instance *self;
    struct sl_client *client;
    char room[NAME_MAX_SIZE];
    struct sl_string text;
};

static const struct sl_option options[] = {
    {.name = "history",
     .type = SL_OPTION_INTEGER,
     .default_value = "100",
     .minimum = 1,
     .maximum = 10000,
     .summary = "How many lines of a room are kept"},
    {.name = "rooms",
     .type = SL_OPTION_INTEGER,
     .default_value = "100",
     .minimum = 1,
     .maximum = 10000,
     .summary = "How many rooms there may be; they stay"},
};

static void answer(const struct request *request, const char *what)
{
    char text[32 + NAME_MAX_SIZE];
    int len = snprintf(text, sizeof text, "%s %s", what, request->room);
    request->self->host->client_send(request->client, SL_TEXT, text, (size_t)len);
}

/* -- rooms, under the lock -- */

static struct room *find_room(const struct rooms *rooms, const char *name)
{
    struct room *room = rooms->first;
    while (room != NULL && strcmp(room->name, name) != 0)
        room = room->next;
    return room;
}

/* The room, made if it is not there. NULL: there are too many, or there is no memory. */
static struct room *need_room(const struct sl_instance *self, const char *name)
{
    struct rooms *rooms = self->state;
    struct room *room = find_room(rooms, name);
    if (room != NULL || rooms->count == rooms->max)
        return room;
    size_t size = sizeof *room + rooms->history * sizeof room->lines[0];
    room = self->host->allocate(size);
    if (room == NULL)
        return NULL;
    memset(room, 0, size);
    memcpy(room->name, name, strlen(name));
    room->next = rooms->first;
    rooms->first = room;
    rooms->count++;
    return room;
}

/* "kitchen 17 hello"; without text: there is no memory. */
static struct line make_line(const struct request *request, uint64_t number)
{
    size_t size = NAME_MAX_SIZE + 32 + request->text.len;
    struct line line = {.text = request->self->host->allocate(size)};
    if (line.text != NULL)
        line.len = (size_t)snprintf(line.text, size, "%s %" PRIu64 " %.*s", request->room, number,
                                    (int)request->text.len, request->text.data);
    return line;
}

static bool say_in(const struct request *request, struct room *room)
{
    const struct sl_instance *self = request->self;
    const struct rooms *rooms = self->state;
    struct line line = make_line(request, room->said + 1);
    if (line.text == NULL || self->host->publish(self, NULL, room->name, strlen(room->name),
                                                 SL_TEXT, line.text, line.len) != 0) {
        self->host->release(line.text);
        return false;
    }
    struct line *place = &room->lines[++room->said % rooms->history];
    self->host->release(place->text);
    *place = line;
    return true;
}

static void send_history(const struct request *request, const struct room *room)
{
    const struct rooms *rooms = request->self->state;
    uint64_t first = room->said > rooms->history ? room->said - rooms->history + 1 : 1;
    for (uint64_t number = first; number <= room->said; number++) {
        const struct line *line = &room->lines[number % rooms->history];
        request->self->host->client_send(request->client, SL_TEXT, line->text, line->len);
    }
}

/* -- what clients ask for -- */

static bool is_in_room(const struct request *request)
{
    struct sl_string topic;
    uint64_t cursor = 0;
    while (request->self->host->client_topics(request->client, &cursor, &topic))
        if (strcmp(topic.data, request->room) == 0)
            return true;
    return false;
}

static void join(const struct request *request)
{
    struct rooms *rooms = request->self->state;
    if (is_in_room(request))
        return; /* It has the history already. */
    pthread_mutex_lock(&rooms->lock);
    const struct room *room = find_room(rooms, request->room);
    if (request->self->host->subscribe(request->client, request->room, strlen(request->room)) !=
        0) {
        answer(request, "cannot join");
    } else {
        answer(request, "joined");
        if (room != NULL)
            send_history(request, room);
    }
    pthread_mutex_unlock(&rooms->lock);
}

static void leave(const struct request *request)
{
    request->self->host->unsubscribe(request->client, request->room, strlen(request->room));
    answer(request, "left");
}

static void say(const struct request *request)
{
    struct rooms *rooms = request->self->state;
    pthread_mutex_lock(&rooms->lock);
    struct room *room = need_room(request->self, request->room);
    bool is_said = room != NULL && say_in(request, room);
    pthread_mutex_unlock(&rooms->lock);
    if (!is_said)
        answer(request, "cannot say anything in");
}

static const struct command {
    const char *name;
    void (*run)(const struct request *request);
} commands[] = {{"join ", join}, {"leave ", leave}, {"say ", say}};

/* Reads "kitchen hello". */
static bool read_room(struct request *request, const char *rest, size_t len)
{
    const char *space = memchr(rest, ' ', len);
    size_t name_len = space != NULL ? (size_t)(space - rest) : len;
    if (name_len == 0 || name_len >= sizeof request->room)
        return false;
    memcpy(request->room, rest, name_len);
    if (space != NULL)
        request->text = (struct sl_string){.data = space + 1, .len = len - name_len - 1};
    return true;
}

static enum sl_verdict on_message(struct sl_instance *self, struct sl_client *client,
                                  const struct sl_message *message)
{
    struct request request = {.self = self, .client = client, .text = {.data = "", .len = 0}};
    for (size_t i = 0; message->type == SL_TEXT && i < sizeof commands / sizeof commands[0]; i++) {
        size_t len = strlen(commands[i].name);
        if (message->len < len || memcmp(message->data, commands[i].name, len) != 0)
            continue;
        if (!read_room(&request, message->data + len, message->len - len))
            return SL_DROP;
        commands[i].run(&request);
        return SL_HANDLED;
    }
    return SL_CONTINUE; /* To all clients, as without this plugin. */
}

/* -- the instance -- */

static int create(struct sl_instance *self)
{
    struct rooms *rooms = self->state;
    rooms->history = (uint64_t)sl_option_integer(self, "history");
    rooms->max = (uint64_t)sl_option_integer(self, "rooms");
    return pthread_mutex_init(&rooms->lock, NULL) == 0 ? 0 : sl_fail(self, "no lock");
}

static void destroy(struct sl_instance *self)
{
    struct rooms *rooms = self->state;
    while (rooms->first != NULL) {
        struct room *room = rooms->first;
        rooms->first = room->next;
        for (uint64_t i = 0; i < rooms->history; i++)
            self->host->release(room->lines[i].text);
        self->host->release(room);
    }
    pthread_mutex_destroy(&rooms->lock);
}

SL_EXPORT const struct sl_plugin sluice_plugin = {
    SL_PLUGIN_HEADER,
    .name = "rooms",
    .version = "1.0.0",
    .summary = "Rooms with a history",
    .license = "MIT",
    SL_OPTIONS(options),
    .instance_size = sizeof(struct rooms),
    .create = create,
    .destroy = destroy,
    .on_message = on_message,
};
