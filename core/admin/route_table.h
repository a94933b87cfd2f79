/*
 * Which of a table's routes a request asks for.
 *
 * Pure, any thread.
 */
#ifndef SLUICE_ADMIN_ROUTE_TABLE_H
#define SLUICE_ADMIN_ROUTE_TABLE_H

#include <stdbool.h>
#include <stddef.h>

struct admin;
struct mg_connection;

/* One method of one path. A path that ends in "/" stands for all that have exactly one segment
 * behind it. */
struct route {
    const char *path;
    const char *method;                                             /* GET stands for HEAD too */
    bool is_open;                                                   /* without the token */
    int (*handle)(struct admin *admin, struct mg_connection *conn); /* returns the HTTP status */
};

#define ROUTE_ALLOW_MAX 64

struct route_match {
    const struct route *route;   /* NULL: nothing has this path and method */
    bool has_path;               /* with this method or another */
    bool is_open;                /* the path */
    char allow[ROUTE_ALLOW_MAX]; /* "GET, HEAD, DELETE": the methods that the path has */
};

struct route_match route_find(const struct route *routes, size_t count, const char *path,
                              const char *method);

#endif
