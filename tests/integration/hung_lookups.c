/*
 * hung_lookups: preloaded into the server, it has lookups of names under "hung.test" hang until the
 * file that HUNG_LOOKUPS_UNTIL names is there; then they fail.
 */
#include <dlfcn.h>
#include <netdb.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define EXPORT __attribute__((visibility("default")))

typedef int lookup(const char *restrict, const char *restrict, const struct addrinfo *restrict,
                   struct addrinfo **restrict);

static lookup *find_system_lookup(void)
{
    lookup *found = NULL;
    void *address = dlsym(RTLD_NEXT, "getaddrinfo");
    memcpy(&found, &address, sizeof found);
    return found;
}

EXPORT int getaddrinfo(const char *restrict name, const char *restrict service,
                       const struct addrinfo *restrict hints, struct addrinfo **restrict found)
{
    static const struct timespec look_again = {.tv_nsec = 10000000};
    const char *until = getenv("HUNG_LOOKUPS_UNTIL");
    if (until == NULL || name == NULL || strstr(name, "hung.test") == NULL)
        return find_system_lookup()(name, service, hints, found);
    while (access(until, F_OK) != 0)
        (void)nanosleep(&look_again, NULL);
    return EAI_AGAIN;
}
