/*
 * Loading a plugin, making instances and clients, running hooks.
 */
#include "fake_host_internal.h"

#include <arpa/inet.h>
#include <dlfcn.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void fake_plugin_load(struct fake_plugin *plugin, const char *path)
{
    plugin->library = dlopen(path, RTLD_NOW | RTLD_LOCAL);
    if (plugin->library == NULL)
        fake_abort(dlerror());
    plugin->table = dlsym(plugin->library, "sluice_plugin");
    if (plugin->table == NULL || plugin->table->magic != SL_MAGIC)
        fake_abort("the file is not a plugin");
}

void fake_plugin_unload(struct fake_plugin *plugin)
{
    dlclose(plugin->library);
}

/* Loads a configuration that has `options` where they stand in real life, so that they are checked
 * by the code that checks them there. */
static int load_config(const struct fake_plugin *plugin, const char *options,
                       struct diagnostics *diagnostics, struct fake_instance *instance)
{
    char *path = instance->file;
    snprintf(path, sizeof instance->file, "%s", "/tmp/sluice-plugin-test-XXXXXX");
    int descriptor = mkstemp(path);
    FILE *file = descriptor < 0 ? NULL : fdopen(descriptor, "w");
    if (file == NULL)
        fake_abort("no temporary file can be made");
    fprintf(file,
            "listen:\n  - address: 127.0.0.1:0\n"
            "endpoints:\n  - path: /ws\n    pipeline:\n"
            "      - plugin: %s\n        options: %s\n",
            plugin->table->name, options);
    fclose(file);
    int result = config_load(path, NULL, 0, diagnostics, &instance->config);
    unlink(path);
    return result;
}

static int check_options(const struct fake_plugin *plugin, struct fake_instance *instance,
                         const char *options)
{
    struct diagnostics diagnostics;
    const struct option_table table = {plugin->table->options, plugin->table->options_count,
                                       plugin->table->option_size};
    char text[FAKE_TEXT_SIZE];
    if (option_table_check(&table, text, sizeof text) != 0)
        fake_abort(text);
    diagnostics_init(&diagnostics);
    int result = load_config(plugin, options, &diagnostics, instance);
    if (result == 0) {
        const struct stage_config *stage = &instance->config->endpoints[0].pipeline[0];
        result = option_set_create(&table, plugin->table->name, stage->options, stage->position,
                                   &diagnostics, &instance->options);
    }
    if (result != 0 && diagnostics.count > 0)
        fake_set_error(diagnostics.items[0].text, strlen(diagnostics.items[0].text));
    diagnostics_deinit(&diagnostics);
    return result;
}

static void free_instance(struct fake_instance *instance)
{
    option_set_destroy(instance->options);
    config_destroy(instance->config);
    free(instance->base.state);
    free(instance);
}

struct fake_instance *fake_instance_create(const struct fake_plugin *plugin, const char *options)
{
    struct fake_instance *instance = calloc(1, sizeof *instance);
    fake_set_error("", 0);
    if (instance == NULL)
        fake_abort("out of memory");
    instance->table = plugin->table;
    instance->base = (struct sl_instance){.struct_size = sizeof instance->base,
                                          .host = &fake_host_table,
                                          .name = plugin->table->name,
                                          .endpoint = "/ws"};
    instance->base.state = calloc(1, plugin->table->instance_size);
    if (check_options(plugin, instance, options) != 0 ||
        (plugin->table->create != NULL && plugin->table->create(&instance->base) != 0)) {
        free_instance(instance);
        return NULL;
    }
    return instance;
}

void fake_instance_destroy(struct fake_instance *instance)
{
    if (instance->table->destroy != NULL)
        instance->table->destroy(&instance->base);
    free_instance(instance);
}

struct sl_client *fake_client_create(const char *address)
{
    static _Atomic uint64_t next_id = 1;
    struct sl_client *client = calloc(1, sizeof *client);
    struct in_addr ipv4;
    if (client == NULL)
        fake_abort("out of memory");
    client->id = atomic_fetch_add(&next_id, 1);
    snprintf(client->address, sizeof client->address, "%s", address);
    if (inet_pton(AF_INET, address, &ipv4) == 1) {
        client->address_bytes[10] = client->address_bytes[11] = 0xff;
        memcpy(client->address_bytes + 12, &ipv4, 4);
    } else if (inet_pton(AF_INET6, address, client->address_bytes) != 1) {
        fake_abort("not an address");
    }
    return client;
}

void fake_client_destroy(struct sl_client *client)
{
    for (size_t i = 0; i < FAKE_LIST_MAX; i++)
        free(client->states[i].block);
    free(client);
}

enum sl_verdict fake_connect(struct fake_instance *instance, struct sl_client *client,
                             struct fake_request *request)
{
    request->base.struct_size = sizeof request->base;
    request->base.path = (struct sl_string){"/ws", 3};
    request->base.query = (struct sl_string){"", 0};
    if (request->base.subprotocol.data == NULL)
        request->base.subprotocol = (struct sl_string){"", 0};
    if (instance->table->on_connect == NULL)
        return SL_CONTINUE;
    return instance->table->on_connect(&instance->base, client, &request->base);
}

void fake_open(struct fake_instance *instance, struct sl_client *client)
{
    if (instance->table->on_open != NULL)
        instance->table->on_open(&instance->base, client);
}

enum sl_verdict fake_message(struct fake_instance *instance, struct sl_client *client,
                             enum sl_message_type type, const char *data, size_t len)
{
    if (instance->table->on_message == NULL)
        return SL_CONTINUE;
    /* A block of exactly that size: reading past it is found by the address sanitizer. */
    char *copy = malloc(len > 0 ? len : 1);
    if (copy == NULL)
        fake_abort("out of memory");
    memcpy(copy, data, len);
    struct sl_message message = {
        .struct_size = sizeof message, .type = type, .data = copy, .len = len};
    enum sl_verdict verdict = instance->table->on_message(&instance->base, client, &message);
    free(copy);
    return verdict;
}

void fake_close(struct fake_instance *instance, struct sl_client *client)
{
    const struct sl_close how = {
        .struct_size = sizeof how, .code = 1000, .by_peer = true, .reason = {"", 0}};
    if (instance->table->on_close != NULL)
        instance->table->on_close(&instance->base, client, &how);
}
