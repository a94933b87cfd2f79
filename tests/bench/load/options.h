/*
 * What the load generator was asked to do.
 *
 * Filled once at the start, read-only afterwards.
 */
#ifndef LOAD_OPTIONS_H
#define LOAD_OPTIONS_H

#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>

enum mode { MODE_FANOUT, MODE_ECHO, MODE_IDLE, MODE_UPGRADES };

struct options {
    enum mode mode;
    struct sockaddr_in server;
    char authority[64]; /* "127.0.0.1:8080", for the Host header */
    char path[256];
    size_t clients;
    size_t senders; /* fan-out: how many of the clients send */
    size_t window;  /* messages that each sender keeps in flight */
    size_t payload; /* bytes of a message */
    bool compress;  /* offer permessage-deflate; what is sent is plain all the same */
    double seconds; /* how long is measured */
    double warm_up; /* seconds before that */
};

/* Reads the command line. On a mistake, or for --help, prints what is wrong and how it goes and
 * ends the program with status 2 or 0. */
void options_parse(struct options *options, int argc, char **argv);

/* The mode's name as on the command line; static storage. */
const char *mode_name(enum mode mode);

#endif
