/*
 * The benchmark's CivetWeb peer: CivetWeb's own WebSocket support, a thread a client. /ws sends
 * every message to all clients under one lock, /echo to the sender only.
 *
 * usage: peer_civetweb THREADS
 */
#include <civetweb.h>

#include <pthread.h>
#include <signal.h>
#include <stdio.h>

#define CLIENTS_MAX 32768

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct mg_connection *clients[CLIENTS_MAX];
static size_t client_count;

/* Called before the 101 is sent. Returns 0 to accept. */
static int on_connect(const struct mg_connection *connection, void *data)
{
    (void)connection;
    (void)data;
    return 0;
}

static void on_ready(struct mg_connection *connection, void *data)
{
    (void)data;
    pthread_mutex_lock(&lock);
    if (client_count < CLIENTS_MAX)
        clients[client_count++] = connection;
    pthread_mutex_unlock(&lock);
}

static void on_close(const struct mg_connection *connection, void *data)
{
    (void)data;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < client_count; i++) {
        if (clients[i] == connection) {
            clients[i] = clients[--client_count];
            break;
        }
    }
    pthread_mutex_unlock(&lock);
}

static int is_message(int flags)
{
    int opcode = flags & 0xf;
    return opcode == MG_WEBSOCKET_OPCODE_TEXT || opcode == MG_WEBSOCKET_OPCODE_BINARY;
}

/* Returns 1 to keep the connection, 0 to close it. */
static int on_broadcast(struct mg_connection *connection, int flags, char *data, size_t len,
                        void *user)
{
    (void)connection;
    (void)user;
    if (!is_message(flags))
        return (flags & 0xf) != MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE;
    pthread_mutex_lock(&lock);
    for (size_t i = 0; i < client_count; i++)
        mg_websocket_write(clients[i], flags & 0xf, data, len);
    pthread_mutex_unlock(&lock);
    return 1;
}

static int on_echo(struct mg_connection *connection, int flags, char *data, size_t len, void *user)
{
    (void)user;
    if (!is_message(flags))
        return (flags & 0xf) != MG_WEBSOCKET_OPCODE_CONNECTION_CLOSE;
    return mg_websocket_write(connection, flags & 0xf, data, len) > 0;
}

static void wait_for_signal(const sigset_t *signals)
{
    int number;
    sigwait(signals, &number);
}

int main(int argc, char **argv)
{
    const char *threads = argc > 1 ? argv[1] : "50";
    const char *options[] = {"listening_ports",
                             "127.0.0.1:0",
                             "num_threads",
                             threads,
                             "websocket_timeout_ms",
                             "3600000",
                             "tcp_nodelay",
                             "1",
                             "connection_queue",
                             "1000",
                             "listen_backlog",
                             "1000",
                             NULL};
    struct mg_callbacks callbacks = {0};
    struct mg_server_port port;
    sigset_t signals;
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by CivetWeb's threads */
    mg_init_library(0);
    struct mg_context *context = mg_start(&callbacks, NULL, options);
    if (!context || mg_get_server_ports(context, 1, &port) != 1) {
        fputs("peer_civetweb: cannot start\n", stderr);
        return 1;
    }
    mg_set_websocket_handler(context, "/ws", on_connect, on_ready, on_broadcast, on_close, NULL);
    mg_set_websocket_handler(context, "/echo", on_connect, NULL, on_echo, NULL, NULL);
    printf("ws://127.0.0.1:%d\n", port.port);
    fflush(stdout);
    wait_for_signal(&signals);
    /* No mg_stop: it waits for every client, and the benchmark's are gone already. */
    return 0;
}
