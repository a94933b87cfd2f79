#include "cli/notify.h"

#include "base/clock.h"
#include "base/log.h"

#include <errno.h>
#include <inttypes.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

static struct sockaddr_un manager;
static socklen_t manager_len; /* 0: nobody asks */

void notify_init(void)
{
    const char *name = getenv("NOTIFY_SOCKET");
    size_t len = name != NULL ? strlen(name) : 0;
    manager_len = 0;
    if (len < 2 || len >= sizeof manager.sun_path || (name[0] != '/' && name[0] != '@'))
        return;
    manager = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(manager.sun_path, name, len);
    if (name[0] == '@')
        manager.sun_path[0] = '\0'; /* in the abstract namespace */
    manager_len = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
    unsetenv("NOTIFY_SOCKET");
}

/* The manager reads at its own pace, and nobody here waits for it. */
static void tell(const char *text)
{
    if (manager_len == 0)
        return;
    int fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    bool is_sent = fd >= 0 && sendto(fd, text, strlen(text), MSG_NOSIGNAL | MSG_DONTWAIT,
                                     (const struct sockaddr *)&manager, manager_len) >= 0;
    if (!is_sent)
        log_warn("serve",
                 "cannot tell the service manager (NOTIFY_SOCKET) how far the server is: %s",
                 strerror(errno));
    if (fd >= 0)
        close(fd);
}

void notify_ready(void)
{
    tell("READY=1\nSTATUS=serving");
}

void notify_reloading(void)
{
    char text[96];
    snprintf(text, sizeof text, "RELOADING=1\nMONOTONIC_USEC=%" PRId64 "\nSTATUS=reloading",
             clock_monotonic() / 1000);
    tell(text);
}

void notify_stopping(void)
{
    tell("STOPPING=1\nSTATUS=closing all clients");
}
