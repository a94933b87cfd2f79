/*
 * What the load generator was asked to do.
 *
 * Filled once at the start, read-only afterwards.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <netinet/in.h>
#include <openssl/types.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#define SERVER_PROCESSES_MAX 16

enum mode { MODE_FANOUT, MODE_ECHO, MODE_LATENCY, MODE_IDLE, MODE_UPGRADES };

struct options {
    enum mode mode;
    struct sockaddr_in server;
    char authority[64]; /* "127.0.0.1:8080", for the Host header */
    char path[256];
    size_t clients;
    size_t senders; /* fan-out: how many of the clients send */
    size_t window;  /* messages that each sender keeps in flight */
    size_t payload; /* bytes of a message */
    size_t topics;  /* each client asks for one of so many (?topic=tN); 0: there are none */
    size_t slow;    /* how many of the clients, the last ones, read nothing once they are open */
    size_t rate;    /* latency: messages a second of each sender */
    bool compress;  /* offer permessage-deflate; what is sent is plain all the same */
    bool resume;    /* upgrades over TLS: resume the session of the connection before */
    SSL_CTX *tls;   /* NULL: plain */
    pid_t servers[SERVER_PROCESSES_MAX]; /* the server's processes, whose CPU time is measured */
    size_t server_count;
    double seconds; /* how long is measured */
    double warm_up; /* seconds before that */
};

/* Reads the command line. On a mistake, or for --help, prints what is wrong and how it goes and
 * ends the program with status 2 or 0. */
void options_parse(struct options *options, int argc, char **argv);

/* The mode's name as on the command line; static storage. */
const char *mode_name(enum mode mode);

#endif
