/*
 * What the files of the admin listener know of it.
 */
#ifndef SLUICE_ADMIN_ADMIN_INTERNAL_H
#define SLUICE_ADMIN_ADMIN_INTERNAL_H

#include "admin/places.h"
#include "config/diagnostics.h"
#include "front/listener.h"
#include "front/server.h"

#include <openssl/sha.h>
#include <pthread.h>

struct front;
struct hub;
struct watchdog;

struct admin {
    struct server server;
    struct listener listener;
    char address[256]; /* as configured */
    struct hub *hub;
    struct front *front;
    struct watchdog *watchdog;
    int (*reload)(void *context, const char *file, struct diagnostics *diagnostics);
    void *reload_context;
    struct places places;
    pthread_mutex_t lock; /* of the token, which a reload changes */
    bool has_token;
    unsigned char token_hash[SHA256_DIGEST_LENGTH];
};

#endif
