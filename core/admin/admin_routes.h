/*
 * Which of a table's routes a request asks for.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_ADMIN_ADMIN_ROUTES_H
#define SLUICE_ADMIN_ADMIN_ROUTES_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

struct admin;
struct mg_connection;

/* One method of one path. A path that ends in "/" stands for all that have exactly one segment
 * behind it. */
struct admin_route {
    const char *path;
    const char *method;   /* GET stands for HEAD too */
    enum admin_role role; /* that it takes; NONE: open to everybody */
    int (*handle)(struct admin *admin, struct mg_connection *conn); /* returns the HTTP status */
};

#define ROUTE_ALLOW_MAX 64

struct admin_route_match {
    const struct admin_route *route; /* NULL: nothing has this path and method */
    bool has_path;                   /* with this method or another */
    bool is_open;                    /* the path */
    char allow[ROUTE_ALLOW_MAX];     /* "GET, HEAD, DELETE": the methods that the path has */
};

struct admin_route_match admin_route_find(const struct admin_route *routes, size_t count,
                                          const char *path, const char *method);

#endif
