/*
 * A running hub for tests, and clients of it: each the other end of a socketpair, so that tests
 * need no port. Everything here fails the test that calls it if something is not as it should be.
 */
#ifndef SLUICE_TESTS_HUB_SERVING_H
#define SLUICE_TESTS_HUB_SERVING_H

#include "base/clock.h"
#include "client/handoff.h"
#include "config/config.h"
#include "host/host.h"
#include "hub/hub.h"

#include "plugins.h"
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <semaphore.h>
#include <stdlib.h>
#include <sys/socket.h>

#define PATIENCE_SECONDS 20 /* for what takes milliseconds: busy machines are slow */

struct serving {
    struct config *config;
    struct hub *hub;
};

/* A frame as it arrived. */
struct arrived {
    enum opcode opcode;
    size_t len;
    char data[4096]; /* zero-terminated */
};

/* -- the hub -- */

/* Loads a configuration from its text, without listen and plugins; `io` is epoll where it says
 * nothing else, since a ring that goes may interrupt the calls of who has made it. */
static inline struct config *load_config(const char *yaml)
{
    char folder[PATH_MAX], text[PATH_MAX + 4096], file[] = "/tmp/sluice-test-XXXXXX";
    struct config *config = NULL;
    struct diagnostics diagnostics;

    test_plugins_folder(folder);
    int len =
        snprintf(text, sizeof text,
                 "listen: [{address: '127.0.0.1:0'}]\nplugins: {path: ['%s']}\n%s", folder, yaml);
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, text, (size_t)len), len);
    close(fd);
    diagnostics_init(&diagnostics);
    const struct config_override epoll = {.path = "io", .value = "epoll"};
    size_t override_count = strstr(yaml, "io: ") == NULL;
    int error = config_load(file, &epoll, override_count, &diagnostics, &config);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    unlink(file);
    assert_int_equal(error, OK);
    return config;
}

/* A hub from a configuration, which it takes; its loops run. */
static inline struct serving serve_config(struct config *config)
{
    struct serving serving = {.config = config};
    struct diagnostics diagnostics;

    log_configure(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT);
    diagnostics_init(&diagnostics);
    int error = hub_create(serving.config, host_table(), SL_MODE_SERVE, &diagnostics, &serving.hub);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    assert_int_equal(error, OK);
    assert_int_equal(hub_start(serving.hub), OK);
    return serving;
}

/* The same from the configuration's text. */
static inline struct serving serve(const char *yaml)
{
    return serve_config(load_config(yaml));
}

static inline void end_serving(struct serving *serving)
{
    hub_destroy(serving->hub);
    config_destroy(serving->config);
}

/* Waits until an endpoint has that many clients (NULL: all endpoints together). */
static inline void wait_for_clients(struct hub *hub, const struct endpoint *endpoint,
                                    uint32_t count)
{
    int64_t deadline = clock_monotonic() + PATIENCE_SECONDS * NS_PER_S;
    while (hub_client_count(hub, endpoint) != count && clock_monotonic() < deadline)
        poll(NULL, 0, 1);
    assert_int_equal(hub_client_count(hub, endpoint), count);
}

/* -- its clients -- */

static inline struct address address_of(uint8_t last)
{
    return (struct address){.bytes = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = last}};
}

static inline struct request *upgrade_request(const char *path)
{
    static const char *const names[] = {"Host", "Upgrade", "Connection", "Sec-WebSocket-Key",
                                        "Sec-WebSocket-Version"};
    static const char *const values[] = {"localhost", "websocket", "Upgrade",
                                         "dGhlIHNhbXBsZSBub25jZQ==", "13"};
    struct request *request;
    struct request_source source = {.method = "GET",
                                    .http_version = "1.1",
                                    .path = path,
                                    .header_count = sizeof names / sizeof names[0],
                                    .header_names = names,
                                    .header_values = values};
    assert_int_equal(request_create(&source, &request), OK);
    return request;
}

/* Hands an upgrade to the hub, for which a place has been taken, with bytes that came behind its
 * request. Returns the client's end of the connection. */
static inline int hand_over(struct hub *hub, const char *path, struct address address,
                            const void *early, size_t early_len)
{
    int ends[2];
    struct timeval patience = {.tv_sec = PATIENCE_SECONDS};
    struct handoff *handoff = calloc(1, sizeof *handoff);

    assert_non_null(handoff);
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends), 0);
    assert_int_equal(fcntl(ends[0], F_SETFL, O_NONBLOCK), 0);
    setsockopt(ends[1], SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
    *handoff = (struct handoff){.socket = ends[0],
                                .endpoint = hub_find_endpoint(hub, path),
                                .address = address,
                                .request = upgrade_request(path)};
    if (early_len > 0) {
        handoff->early = malloc(early_len);
        assert_non_null(handoff->early);
        memcpy(handoff->early, early, early_len);
        handoff->early_len = early_len;
    }
    hub_accept(hub, handoff);
    return ends[1];
}

static inline void read_exactly(int client, void *data, size_t len)
{
    for (size_t at = 0; at < len;) {
        ssize_t got = recv(client, (char *)data + at, len - at, 0);
        assert_true(got > 0);
        at += (size_t)got;
    }
}

/* Reads a response's head, up to and with its empty line. */
static inline void read_head(int client, char *head, size_t size)
{
    size_t len = 0;
    do {
        assert_true(len + 1 < size);
        read_exactly(client, head + len, 1);
        head[++len] = '\0';
    } while (strstr(head, "\r\n\r\n") == NULL);
}

/* A client that has been let in. */
static inline int join(struct hub *hub, const char *path)
{
    char head[1024];
    struct address address = address_of(1);
    assert_int_equal(hub_admit(hub, hub_find_endpoint(hub, path), &address), ADMISSION_GRANTED);
    int client = hand_over(hub, path, address, NULL, 0);
    read_head(client, head, sizeof head);
    assert_memory_equal(head, "HTTP/1.1 101 ", 13);
    return client;
}

/* Writes a masked frame, at most 125 bytes long; the mask is 0. Returns its length. */
static inline size_t client_frame(char *out, enum opcode opcode, const void *data, size_t len)
{
    char head[6] = {(char)(0x80 | opcode), (char)(0x80 | len)};
    memcpy(out, head, sizeof head);
    memcpy(out + sizeof head, data, len);
    return sizeof head + len;
}

static inline void send_text(int client, const char *text)
{
    char frame[256];
    size_t len = client_frame(frame, OPCODE_TEXT, text, strlen(text));
    assert_int_equal(send(client, frame, len, MSG_NOSIGNAL), len);
}

static inline void send_close(int client, uint16_t code)
{
    char frame[16], payload[2] = {(char)(code >> 8), (char)code};
    size_t len = client_frame(frame, OPCODE_CLOSE, payload, sizeof payload);
    assert_int_equal(send(client, frame, len, MSG_NOSIGNAL), len);
}

static inline struct arrived read_frame(int client)
{
    uint8_t head[4];
    struct arrived arrived = {.len = 0};
    read_exactly(client, head, 2);
    assert_int_equal(head[0] & 0xf0, 0x80);
    arrived.opcode = head[0] & 0x0f;
    arrived.len = head[1];
    if (arrived.len == 126) {
        read_exactly(client, head + 2, 2);
        arrived.len = (size_t)head[2] << 8 | head[3];
    }
    assert_true(arrived.len < sizeof arrived.data);
    read_exactly(client, arrived.data, arrived.len);
    return arrived;
}

static inline void expect_text(int client, const char *text)
{
    struct arrived arrived = read_frame(client);
    assert_int_equal(arrived.opcode, OPCODE_TEXT);
    assert_string_equal(arrived.data, text);
}

static inline void expect_close(int client, uint16_t code, const char *reason)
{
    struct arrived arrived = read_frame(client);
    assert_int_equal(arrived.opcode, OPCODE_CLOSE);
    assert_int_equal((uint8_t)arrived.data[0] << 8 | (uint8_t)arrived.data[1], code);
    assert_string_equal(arrived.data + 2, reason);
}

/* The server has closed its end, and sends nothing more. */
static inline void expect_end(int client)
{
    char byte;
    ssize_t got = recv(client, &byte, 1, 0);
    assert_true(got == 0 || (got < 0 && errno == ECONNRESET));
    close(client);
}

/* The closing handshake, begun by the client. */
static inline void leave(int client)
{
    send_close(client, CLOSE_NORMAL);
    expect_close(client, CLOSE_NORMAL, "");
    expect_end(client);
}

/* -- on a loop -- */

static inline struct hub *hub_of_shard(const struct shard *shard)
{
    return (struct hub *)(void *)((char *)shard->set - offsetof(struct hub, set));
}

struct step {
    struct mail mail; /* first */
    void (*run)(struct shard *shard);
    sem_t done;
};

static void deliver_step(struct loop *loop, struct mail *mail)
{
    struct step *step = (struct step *)mail;
    if (step->run != NULL)
        step->run(shard_of(loop));
    sem_post(&step->done);
}

/* Has a loop run a function (NULL: pass by), and returns when that has returned; the iteration may
 * still be under way. */
static __attribute__((unused)) void run_on(struct shard *shard, void (*run)(struct shard *shard))
{
    struct step step = {.mail.deliver = deliver_step, .run = run};
    assert_int_equal(sem_init(&step.done, 0, 0), 0);
    loop_post(&shard->loop, &step.mail);
    while (sem_wait(&step.done) != 0)
        continue;
    sem_destroy(&step.done);
}

/* -- admission -- */

static inline void assert_admission(struct serving *serving, const char *path, uint8_t from,
                                    enum admission expected)
{
    struct address address = address_of(from);
    uint64_t before = atomic_load(&serving->hub->admissions[expected]);
    assert_int_equal(hub_admit(serving->hub, hub_find_endpoint(serving->hub, path), &address),
                     expected);
    assert_int_equal(atomic_load(&serving->hub->admissions[expected]), before + 1);
}

static inline void give_back(struct serving *serving, const char *path, uint8_t from)
{
    struct address address = address_of(from);
    hub_leave(serving->hub, hub_find_endpoint(serving->hub, path), &address);
}

#endif
