/*
 * What the plugin `directory` does for others: the service "directory", whose major version is that
 * of this table, and two events. A consumer copies this file.
 */
#ifndef DIRECTORY_H
#define DIRECTORY_H

#include <sluice/plugin.h>

#define DIRECTORY_NAME "directory"
#define DIRECTORY_MAJOR 1
#define DIRECTORY_MINOR 0

struct directory {
    uint32_t struct_size;
    /* The id of a client of that name; 0: nobody has it. Any thread. */
    uint64_t (*find)(struct sl_instance *provider, const char *name, size_t len);
    /* The client's name, empty if it has none; stays until on_close. In hooks of the client. */
    const char *(*name_of)(struct sl_instance *provider, struct sl_client *client);
};

/* Events about a client that has a name, which is the payload. */
#define DIRECTORY_JOINED "directory.joined"
#define DIRECTORY_LEFT "directory.left" /* the client is gone: listeners get none */

#endif
