/*
 * What the files of the admin listener share.
 */
#ifndef SLUICE_ADMIN_ADMIN_INTERNAL_H
#define SLUICE_ADMIN_ADMIN_INTERNAL_H

#include "admin/admin_access.h"
#include "admin/admin_token.h"
#include "admin/request_slots.h"
#include "config/config.h"
#include "config/diagnostics.h"
#include "front/bind_address.h"
#include "front/civetweb_context.h"

#include <stdatomic.h>
#include <sys/types.h>

#define ADMIN_ADDRESSES_MAX 512

/* Requests for a reload that may wait at once: one that is under way, and one that begins after it
 * and reads what the files say then. They hold no slot. */
#define ADMIN_RELOADS_MAX 2

struct event_ring;
struct front;
struct hub;
struct reload_order;
struct watchdog;

struct admin;

/* One address that is listened on. */
struct admin_listener {
    struct civetweb_context civetweb;
    struct bind_address address;
    struct request_slots slots; /* of its callers */
    struct admin *admin;        /* that it belongs to */
    ino_t socket_file;          /* of a Unix socket: the file's; 0: there is none */
};

struct admin {
    struct admin_listener listeners[ADMIN_LISTENERS_MAX];
    size_t listener_count;
    char addresses[ADMIN_ADDRESSES_MAX]; /* as configured */
    struct hub *hub;
    struct front *front;
    struct watchdog *watchdog;
    struct event_ring *events;
    int (*reload)(void *context, struct reload_order *order);
    void *reload_context;
    _Atomic int readiness;    /* that /readyz has answered last, see admin/readiness.h */
    _Atomic unsigned reloads; /* that are asked for and have no answer yet */
    atomic_bool has_console;
    struct admin_tokens tokens;
    struct admin_denials denials;
};

#endif
