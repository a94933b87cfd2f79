/*
 * What the kernel allows: the same frame is sent to all clients in turn, over and over, and nothing
 * else is done. No server that makes one send for a message and client can be faster.
 *
 * usage: peer_bare CLIENTS
 *
 * The answer to every upgrade is the same, since the load generator's key is.
 */
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/socket.h>

#define PAYLOAD 64

static const char reply[] =
    "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n";

static int start(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    socklen_t len = sizeof address;
    int listener = socket(AF_INET, SOCK_STREAM, 0);
    if (listener < 0 || bind(listener, (struct sockaddr *)&address, len) < 0 ||
        listen(listener, 1024) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &len) < 0) {
        perror("peer_bare");
        exit(1);
    }
    printf("ws://127.0.0.1:%u\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

/* Accepts one client and answers its upgrade. */
static int accept_client(int listener)
{
    char head[2048];
    size_t len = 0;
    int one = 1;
    int client = accept(listener, NULL, NULL);
    setsockopt(client, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    do {
        ssize_t got = recv(client, head + len, sizeof head - 1 - len, 0);
        if (got <= 0)
            exit(1);
        len += (size_t)got;
        head[len] = '\0';
    } while (!strstr(head, "\r\n\r\n"));
    if (send(client, reply, sizeof reply - 1, MSG_NOSIGNAL) < 0)
        exit(1);
    return client;
}

int main(int argc, char **argv)
{
    size_t count = argc > 1 ? strtoul(argv[1], NULL, 10) : 1;
    struct rlimit files;
    char frame[2 + PAYLOAD] = {(char)0x81, PAYLOAD};
    memset(frame + 2, 'x', PAYLOAD);
    getrlimit(RLIMIT_NOFILE, &files);
    files.rlim_cur = files.rlim_max;
    setrlimit(RLIMIT_NOFILE, &files);
    int *clients = calloc(count, sizeof *clients);
    if (!clients)
        return 1;
    int listener = start();
    for (size_t i = 0; i < count; i++)
        clients[i] = accept_client(listener);
    for (;;)
        for (size_t i = 0; i < count; i++)
            send(clients[i], frame, sizeof frame, MSG_DONTWAIT | MSG_NOSIGNAL);
}
