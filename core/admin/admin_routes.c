#include "admin/admin_routes.h"

#include <stdio.h>
#include <string.h>

static bool has_path(const struct admin_route *route, const char *path)
{
    size_t len = strlen(route->path);
    if (len < 2 || route->path[len - 1] != '/')
        return strcmp(route->path, path) == 0;
    return strncmp(route->path, path, len) == 0 && path[len] != '\0' &&
           strchr(path + len, '/') == NULL;
}

static bool takes_method(const struct admin_route *route, const char *method)
{
    return strcmp(method, route->method) == 0 ||
           (strcmp(method, "HEAD") == 0 && strcmp(route->method, "GET") == 0);
}

static void add_allowed_method(struct admin_route_match *match, const struct admin_route *route)
{
    size_t len = strlen(match->allow);
    snprintf(match->allow + len, sizeof match->allow - len, "%s%s%s", len > 0 ? ", " : "",
             route->method, strcmp(route->method, "GET") == 0 ? ", HEAD" : "");
}

struct admin_route_match admin_route_find(const struct admin_route *routes, size_t count,
                                          const char *path, const char *method)
{
    struct admin_route_match match = {.route = NULL};
    for (size_t i = 0; i < count; i++) {
        if (!has_path(&routes[i], path))
            continue;
        match.has_path = true;
        match.is_open = routes[i].role == ADMIN_ROLE_NONE;
        add_allowed_method(&match, &routes[i]);
        if (takes_method(&routes[i], method))
            match.route = &routes[i];
    }
    return match;
}
