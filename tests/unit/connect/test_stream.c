/* core/connect/stream.c: how the time is shared out among a host's addresses. The clock goes on
 * only where something is waited for, and nobody has to wait for it. */
#include "unit.h"

#include "base/clock.h"
#include "connect/stream.h"

#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <poll.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>

#define EXPORT __attribute__((visibility("default")))
#define TIME (10 * NS_PER_S)
#define ADDRESSES_MAX 4

/* What the host's addresses do. */
enum behaviour { NOT_THERE, SILENT, REFUSES, TAKES };

static enum behaviour behaviours[ADDRESSES_MAX];
static int64_t waited[ADDRESSES_MAX]; /* ns, for each address */
static int64_t now;                   /* ns */
static int asked;                     /* index of the address that was asked last */

/* -- the system is the test's -- */

EXPORT int clock_gettime(clockid_t clock, struct timespec *out)
{
    (void)clock;
    *out = (struct timespec){.tv_sec = now / NS_PER_S, .tv_nsec = now % NS_PER_S};
    return 0;
}

EXPORT int getaddrinfo(const char *name, const char *service, const struct addrinfo *hints,
                       struct addrinfo **found)
{
    static struct addrinfo infos[ADDRESSES_MAX];
    static struct sockaddr_in addresses[ADDRESSES_MAX];
    (void)name;
    (void)service;
    (void)hints;
    for (int i = 0; i < ADDRESSES_MAX && behaviours[i] != NOT_THERE; i++) {
        addresses[i] = (struct sockaddr_in){.sin_family = AF_INET, .sin_port = htons(1 + i)};
        infos[i] = (struct addrinfo){.ai_family = AF_INET,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_addrlen = sizeof addresses[i],
                                     .ai_addr = (struct sockaddr *)&addresses[i]};
        if (i > 0)
            infos[i - 1].ai_next = &infos[i];
    }
    *found = infos;
    return 0;
}

EXPORT void freeaddrinfo(struct addrinfo *found)
{
    (void)found;
}

EXPORT int connect(int fd, const struct sockaddr *address, socklen_t len)
{
    (void)fd;
    (void)len;
    asked = ntohs(((const struct sockaddr_in *)(const void *)address)->sin_port) - 1;
    if (behaviours[asked] == TAKES)
        return 0;
    errno = behaviours[asked] == REFUSES ? ECONNREFUSED : EINPROGRESS;
    return -1;
}

/* Nothing ever happens. */
EXPORT int ppoll(struct pollfd *fds, nfds_t count, const struct timespec *time,
                 const sigset_t *signals)
{
    (void)fds;
    (void)count;
    (void)signals;
    int64_t ns = time->tv_sec * NS_PER_S + time->tv_nsec;
    now += ns;
    waited[asked] += ns;
    return 0;
}

/* -- the tests -- */

static bool open_stream(const char **why)
{
    static const struct url url = {.host = "a.test", .port = "80"};
    static const struct stream_tls tls = {.ca = NULL};
    static char text[256];
    struct stream stream;
    memset(waited, 0, sizeof waited);
    text[0] = '\0';
    *why = text;
    bool is_open = stream_open(&stream, &url, &tls, now + TIME, text, sizeof text);
    if (is_open)
        stream_close(&stream);
    return is_open;
}

#define SET(...)                                                                                   \
    memcpy(behaviours, ((enum behaviour[ADDRESSES_MAX]){__VA_ARGS__}), sizeof behaviours)

static void a_silent_address_leaves_time_for_the_next(void **state)
{
    const char *why;
    (void)state;
    SET(SILENT, TAKES);
    assert_true(open_stream(&why));
    assert_true(waited[0] == TIME / 2);
}

static void all_have_the_same_share_and_together_the_whole_time(void **state)
{
    const char *why;
    (void)state;
    SET(SILENT, SILENT, SILENT, SILENT);
    assert_false(open_stream(&why));
    assert_string_equal(why, "the time is over");
    for (int i = 0; i < ADDRESSES_MAX; i++)
        assert_true(waited[i] == TIME / ADDRESSES_MAX);
}

static void what_is_refused_leaves_its_time_to_the_others(void **state)
{
    const char *why;
    (void)state;
    SET(REFUSES, SILENT, TAKES);
    assert_true(open_stream(&why));
    assert_true(waited[1] == TIME / 2);
    SET(SILENT, REFUSES);
    assert_false(open_stream(&why));
    assert_string_equal(why, strerror(ECONNREFUSED));
}

static void the_only_one_has_all_of_it(void **state)
{
    const char *why;
    (void)state;
    SET(SILENT);
    assert_false(open_stream(&why));
    assert_true(waited[0] == TIME);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_silent_address_leaves_time_for_the_next),
        cmocka_unit_test(all_have_the_same_share_and_together_the_whole_time),
        cmocka_unit_test(what_is_refused_leaves_its_time_to_the_others),
        cmocka_unit_test(the_only_one_has_all_of_it),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
