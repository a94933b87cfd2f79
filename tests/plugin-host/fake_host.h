/*
 * A host for testing one built plugin: it loads the .so, checks options with the server's own code,
 * runs hooks on clients and requests that a test makes up, and records what the plugin did.
 *
 * The clock is virtual and stands still until a test moves it. Memory is counted, and the nth
 * allocation can be made to fail. One fake host a process; the functions that plugins may call from
 * any thread are safe to, everything else is for the test's thread, except that different clients
 * may run hooks on different threads. What a plugin does that the contract forbids fails the test.
 */
#ifndef TESTS_FAKE_HOST_H
#define TESTS_FAKE_HOST_H

#include <sluice/plugin.h>

#define FAKE_LIST_MAX 8
#define FAKE_TEXT_SIZE 1024

struct fake_plugin {
    void *library;
    const struct sl_plugin *table;
};

struct fake_instance;

struct fake_pair {
    const char *name;
    const char *value;
};

/* An upgrade request: a test fills the lists, the plugin's answers follow. Lists end at a NULL. */
struct fake_request {
    struct sl_request base; /* filled by fake_connect, save subprotocol, which a test may set */
    struct fake_pair headers[FAKE_LIST_MAX];
    struct fake_pair query[FAKE_LIST_MAX];
    struct fake_pair cookies[FAKE_LIST_MAX];
    const char *offers[FAKE_LIST_MAX]; /* subprotocols */

    int status; /* 0: not denied */
    char reason[FAKE_TEXT_SIZE];
    struct {
        char name[64];
        char value[FAKE_TEXT_SIZE];
    } denied_with[FAKE_LIST_MAX]; /* headers of the refusal */
    size_t denied_with_count;
    char selected[FAKE_TEXT_SIZE]; /* the subprotocol that the plugin chose; empty: none */
};

/* What one fake client went through. */
struct sl_client {
    uint64_t id;
    char address[64];
    uint8_t address_bytes[16];
    char identity[256];
    size_t identity_len;
    int close_code; /* as of the last close_with; 0: none */
    char close_reason[FAKE_TEXT_SIZE];
    size_t sent; /* messages sent to it */
    enum sl_message_type last_type;
    char last_message[FAKE_TEXT_SIZE]; /* zero-terminated */
    struct {
        char name[64]; /* empty: none */
        char value[FAKE_TEXT_SIZE];
    } attributes[FAKE_LIST_MAX];
    struct {
        const struct sl_instance *instance;
        void *block;
    } states[FAKE_LIST_MAX];
};

/* Loads the plugin or fails the test. */
void fake_plugin_load(struct fake_plugin *plugin, const char *path);
void fake_plugin_unload(struct fake_plugin *plugin);

/* Creates an instance with `options`, a YAML mapping in braces. Returns it, or NULL: then
 * fake_error() is what the operator would read, from the option check or from the plugin. */
struct fake_instance *fake_instance_create(const struct fake_plugin *plugin, const char *options);
void fake_instance_destroy(struct fake_instance *instance);
const char *fake_error(void);

/* A client at a numeric address. */
struct sl_client *fake_client_create(const char *address);
void fake_client_destroy(struct sl_client *client);

/* Run one hook each; a hook that the plugin does not have continues. */
enum sl_verdict fake_connect(struct fake_instance *instance, struct sl_client *client,
                             struct fake_request *request);
void fake_open(struct fake_instance *instance, struct sl_client *client);
enum sl_verdict fake_message(struct fake_instance *instance, struct sl_client *client,
                             enum sl_message_type type, const char *data, size_t len);
void fake_close(struct fake_instance *instance, struct sl_client *client);

/* How many times a plugin has called host->close so far. Any thread. */
unsigned long fake_closes(void);

/* The value of a header of the refusal, or NULL. */
const char *fake_denied_with(const struct fake_request *request, const char *name);

/* The virtual clock, nanoseconds. */
void fake_clock_set(int64_t now);
void fake_clock_advance(int64_t by);

/* From now on the nth allocation fails, and only that one; 0: none does. */
void fake_fail_allocation(unsigned long nth);
/* Whether host->timer_start finds no memory from now on. */
void fake_fail_timers(bool fail);
size_t fake_live_allocations(void);
size_t fake_live_bytes(void);
unsigned long fake_allocations(void); /* made so far, failed ones included */

/* Everything logged since the last fake_log_clear, a line each; and how many lines there were. */
const char *fake_log_text(void);
size_t fake_log_lines(void);
void fake_log_clear(void);

#endif
