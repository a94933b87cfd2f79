/*
 * The benchmark's libwebsockets peer: a list of clients, each with a queue of messages that it
 * shares with the others. /echo answers the sender only.
 *
 * usage: peer_lws [--compress] [CERTIFICATE KEY]
 */
#include <libwebsockets.h>

#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#define QUEUE_MAX 4096

struct message {
    size_t references;
    size_t len;
    enum lws_write_protocol type;
    unsigned char bytes[]; /* LWS_PRE for the frame's head, then the payload */
};

struct client {
    struct lws *wsi;
    struct client *next;
    struct client *previous;
    struct message *incoming;
    struct message **queue; /* a ring that grows */
    size_t capacity;
    size_t first;
    size_t count;
    bool echo;
};

static struct client everybody = {.next = &everybody, .previous = &everybody};
static bool compress;
static volatile sig_atomic_t stopping;

static void release(struct message *message)
{
    if (message && --message->references == 0)
        free(message);
}

/* A full queue drops the message, so that a client that does not read costs no more memory than
 * that. */
static void enqueue(struct client *client, struct message *message)
{
    if (client->count == client->capacity) {
        size_t capacity = client->capacity > 0 ? client->capacity * 2 : 8;
        struct message **queue = capacity <= QUEUE_MAX ? malloc(capacity * sizeof *queue) : NULL;
        if (!queue)
            return;
        for (size_t i = 0; i < client->count; i++)
            queue[i] = client->queue[(client->first + i) % client->capacity];
        free(client->queue);
        client->queue = queue;
        client->capacity = capacity;
        client->first = 0;
    }
    client->queue[(client->first + client->count++) % client->capacity] = message;
    message->references++;
    lws_callback_on_writable(client->wsi);
}

static int open_client(struct client *client, struct lws *wsi)
{
    char path[16] = "";
    lws_hdr_copy(wsi, path, sizeof path, WSI_TOKEN_GET_URI);
    *client = (struct client){.wsi = wsi, .echo = strcmp(path, "/echo") == 0};
    client->next = everybody.next;
    client->previous = &everybody;
    client->next->previous = client;
    everybody.next = client;
    return 0;
}

static int close_client(struct client *client)
{
    if (!client->wsi)
        return 0;
    client->next->previous = client->previous;
    client->previous->next = client->next;
    for (size_t i = 0; i < client->count; i++)
        release(client->queue[(client->first + i) % client->capacity]);
    free(client->queue);
    release(client->incoming);
    client->wsi = NULL;
    return 0;
}

/* Adds what came to the message that is coming. Returns 0, or -1 if there is no memory. */
static int collect(struct client *client, const void *data, size_t len)
{
    size_t before = client->incoming ? client->incoming->len : 0;
    struct message *message = realloc(client->incoming, sizeof *message + LWS_PRE + before + len);
    if (!message)
        return -1;
    message->references = 1;
    message->len = before + len;
    message->type = lws_frame_is_binary(client->wsi) ? LWS_WRITE_BINARY : LWS_WRITE_TEXT;
    if (len > 0)
        memcpy(message->bytes + LWS_PRE + before, data, len);
    client->incoming = message;
    return 0;
}

static int on_receive(struct client *client, const void *data, size_t len)
{
    if (collect(client, data, len) < 0)
        return -1;
    if (!lws_is_final_fragment(client->wsi) || lws_remaining_packet_payload(client->wsi) > 0)
        return 0;
    if (client->echo)
        enqueue(client, client->incoming);
    else
        for (struct client *other = everybody.next; other != &everybody; other = other->next)
            enqueue(other, client->incoming);
    release(client->incoming);
    client->incoming = NULL;
    return 0;
}

/* Writes as much as the socket takes; one message with compression, which may have to go on with
 * it. */
static int on_writable(struct client *client)
{
    while (client->count > 0) {
        struct message *message = client->queue[client->first];
        int sent = lws_write(client->wsi, message->bytes + LWS_PRE, message->len, message->type);
        client->first = (client->first + 1) % client->capacity;
        client->count--;
        release(message);
        if (sent < 0)
            return -1;
        if (client->count > 0 && (compress || lws_send_pipe_choked(client->wsi))) {
            lws_callback_on_writable(client->wsi);
            break;
        }
    }
    return 0;
}

static int on_event(struct lws *wsi, enum lws_callback_reasons reason, void *user, void *data,
                    size_t len)
{
    switch (reason) {
    case LWS_CALLBACK_ESTABLISHED:
        return open_client(user, wsi);
    case LWS_CALLBACK_CLOSED:
        return close_client(user);
    case LWS_CALLBACK_RECEIVE:
        return on_receive(user, data, len);
    case LWS_CALLBACK_SERVER_WRITEABLE:
        return on_writable(user);
    default:
        return lws_callback_http_dummy(wsi, reason, user, data, len);
    }
}

static const struct lws_protocols protocols[] = {{.name = "bench",
                                                  .callback = on_event,
                                                  .per_session_data_size = sizeof(struct client),
                                                  .rx_buffer_size = 8192},
                                                 {0}};

static const struct lws_extension extensions[] = {
    {"permessage-deflate", lws_extension_callback_pm_deflate,
     "permessage-deflate; server_no_context_takeover; client_no_context_takeover"},
    {0}};

static bool listen_on(struct lws_context *context, const char *scheme, const char *certificate,
                      const char *key)
{
    struct lws_context_creation_info info = {.port = 0,
                                             .iface = "127.0.0.1",
                                             .protocols = protocols,
                                             .vhost_name = scheme,
                                             .extensions = compress ? extensions : NULL,
                                             .ssl_cert_filepath = certificate,
                                             .ssl_private_key_filepath = key};
    if (certificate)
        info.options = LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT;
    struct lws_vhost *vhost = lws_create_vhost(context, &info);
    if (!vhost)
        return false;
    printf("%s://127.0.0.1:%d\n", scheme, lws_get_vhost_listen_port(vhost));
    fflush(stdout);
    return true;
}

static void on_signal(int number)
{
    (void)number;
    stopping = 1;
}

int main(int argc, char **argv)
{
    int word = 1;
    if (argc > word && strcmp(argv[word], "--compress") == 0) {
        compress = true;
        word++;
    }
    const char *certificate = argc > word + 1 ? argv[word] : NULL;
    struct rlimit files;
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max < 131072 ? files.rlim_max : 131072;
    setrlimit(RLIMIT_NOFILE, &files);
    lws_set_log_level(LLL_ERR, NULL);
    struct lws_context_creation_info info = {.options = LWS_SERVER_OPTION_EXPLICIT_VHOSTS |
                                                        LWS_SERVER_OPTION_DO_SSL_GLOBAL_INIT};
    struct lws_context *context = lws_create_context(&info);
    signal(SIGTERM, on_signal);
    signal(SIGINT, on_signal);
    if (!context || !listen_on(context, "ws", NULL, NULL) ||
        (certificate && !listen_on(context, "wss", certificate, argv[word + 1]))) {
        fputs("peer_lws: cannot start\n", stderr);
        return 1;
    }
    while (!stopping && lws_service(context, 0) >= 0) {
    }
    return 0; /* without lws_context_destroy, which closes every client */
}
