/* core/front/front.c: reload in its two phases. What clients see of it is tested with the whole
 * server. */
#include "hub/serving.h"

#include "front/front.h"

#include <arpa/inet.h>
#include <netinet/in.h>

#define ENDPOINT "endpoints: [{path: /ws}]\n"

/* A hub and a front, and the configuration that the front must not need any more. */
struct house {
    struct serving serving;
    struct front *front;
};

static struct config *configure(const char *listen)
{
    static const char yaml[] = "listen: [{address: '127.0.0.1:0'}]\n" ENDPOINT;
    struct config_override override = {.path = "listen", .value = listen};
    struct config *config;
    struct diagnostics diagnostics;
    char file[] = "/tmp/sluice-test-XXXXXX";
    int fd = mkstemp(file);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, yaml, sizeof yaml - 1), sizeof yaml - 1);
    close(fd);
    diagnostics_init(&diagnostics);
    int error = config_load(file, &override, 1, &diagnostics, &config);
    diagnostics_print(&diagnostics);
    diagnostics_deinit(&diagnostics);
    unlink(file);
    assert_int_equal(error, OK);
    return config;
}

static struct house open_house(const char *listen)
{
    struct house house = {.serving = serve(ENDPOINT)};
    struct config *config = configure(listen);
    struct diagnostics diagnostics;
    diagnostics_init(&diagnostics);
    assert_int_equal(front_create(config, house.serving.hub, &diagnostics, &house.front), OK);
    diagnostics_deinit(&diagnostics);
    config_destroy(config);
    return house;
}

static void close_house(struct house *house)
{
    front_destroy(house->front);
    end_serving(&house->serving);
}

/* Prepares for other listeners; the configuration is gone when it returns. */
static int prepare(struct house *house, const char *listen, struct diagnostics *diagnostics,
                   struct front_reload **out)
{
    struct config *config = configure(listen);
    diagnostics_init(diagnostics);
    int error = front_reload_prepare(house->front, config, diagnostics, out);
    config_destroy(config);
    return error;
}

static void reload(struct house *house, const char *listen)
{
    struct diagnostics diagnostics;
    struct front_reload *prepared;
    assert_int_equal(prepare(house, listen, &diagnostics, &prepared), OK);
    front_reload_commit(house->front, prepared);
    diagnostics_deinit(&diagnostics);
}

static unsigned port_of(const struct house *house, size_t index)
{
    char url[256];
    front_listener_url(house->front, index, url, sizeof url);
    return (unsigned)atoi(strrchr(url, ':') + 1);
}

static bool listens(unsigned port)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons((uint16_t)port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int fd = socket(AF_INET, SOCK_STREAM, 0);
    bool accepted = connect(fd, (const struct sockaddr *)&address, sizeof address) == 0;
    close(fd);
    return accepted;
}

static void commit_keeps_adds_and_removes_listeners(void **state)
{
    struct house house = open_house("[{address: '127.0.0.1:0'}, {address: '127.0.0.1:00'}]");
    unsigned stays = port_of(&house, 0);
    unsigned goes = port_of(&house, 1);
    (void)state;
    reload(&house, "[{address: '127.0.0.1:000'}, {address: '127.0.0.1:0'}]");
    assert_int_equal(front_listener_count(house.front), 2);
    assert_int_equal(port_of(&house, 1), stays);
    assert_string_equal(front_listener_address(house.front, 1), "127.0.0.1:0");
    assert_true(listens(stays));
    assert_true(listens(port_of(&house, 0)));
    assert_false(listens(goes));
    close_house(&house);
}

static void the_same_address_twice_is_matched_one_by_one(void **state)
{
    struct house house = open_house("[{address: '127.0.0.1:0'}, {address: '127.0.0.1:0'}]");
    unsigned first = port_of(&house, 0);
    unsigned second = port_of(&house, 1);
    (void)state;
    assert_int_not_equal(first, second);
    reload(&house, "[{address: '127.0.0.1:0'}, {address: '127.0.0.1:0'}]");
    assert_int_equal(port_of(&house, 0), first);
    assert_int_equal(port_of(&house, 1), second);
    reload(&house, "[{address: '127.0.0.1:0'}]");
    assert_int_equal(port_of(&house, 0), first);
    assert_false(listens(second));
    close_house(&house);
}

static void abort_closes_what_was_opened(void **state)
{
    struct house house = open_house("[{address: '127.0.0.1:0'}]");
    struct house other = open_house("[{address: '127.0.0.1:0'}]");
    unsigned free_port = port_of(&other, 0);
    unsigned stays = port_of(&house, 0);
    struct diagnostics diagnostics;
    struct front_reload *prepared;
    char listen[128];
    (void)state;
    close_house(&other);
    snprintf(listen, sizeof listen, "[{address: '127.0.0.1:%u'}]", free_port);
    assert_int_equal(prepare(&house, listen, &diagnostics, &prepared), OK);
    assert_true(listens(free_port));
    assert_true(listens(stays));
    front_reload_abort(prepared);
    assert_false(listens(free_port));
    assert_true(listens(stays));
    assert_int_equal(front_listener_count(house.front), 1);
    diagnostics_deinit(&diagnostics);
    front_reload_abort(NULL);
    close_house(&house);
}

static void every_mistake_is_reported_with_its_position(void **state)
{
    struct house house = open_house("[{address: '127.0.0.1:0'}]");
    struct house other = open_house("[{address: '127.0.0.1:0'}]");
    struct diagnostics diagnostics;
    struct front_reload *prepared;
    char listen[512];
    (void)state;
    snprintf(listen, sizeof listen,
             "[{address: '127.0.0.1:%u'}, {address: '127.0.0.1:0', tls: {certificate: /none.crt, "
             "key: /none.key}}]",
             port_of(&other, 0));
    assert_int_equal(prepare(&house, listen, &diagnostics, &prepared), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 3);
    assert_non_null(strstr(diagnostics.items[0].text, "certificate '/none.crt'"));
    assert_non_null(strstr(diagnostics.items[1].text, "key '/none.key'"));
    assert_non_null(strstr(diagnostics.items[2].text, "another program"));
    diagnostics_deinit(&diagnostics);
    assert_true(listens(port_of(&house, 0)));
    close_house(&other);
    close_house(&house);
}

static void overlap_with_a_listener_that_goes_is_said(void **state)
{
    struct house house = open_house("[{address: '127.0.0.1:0'}]");
    struct diagnostics diagnostics;
    struct front_reload *prepared;
    char listen[128];
    (void)state;
    snprintf(listen, sizeof listen, "[{address: '0.0.0.0:%u'}]", port_of(&house, 0));
    assert_int_equal(prepare(&house, listen, &diagnostics, &prepared), ERR_CONFIG);
    assert_int_equal(diagnostics.count, 1);
    assert_non_null(strstr(diagnostics.items[0].text, "only with a restart"));
    diagnostics_deinit(&diagnostics);
    close_house(&house);
}

static void stopped_front_still_has_its_counts(void **state)
{
    struct house house = open_house("[{address: '127.0.0.1:0'}]");
    (void)state;
    front_stop(house.front);
    assert_int_equal(front_responses(house.front, 4), 0);
    assert_int_equal(front_responses(house.front, 99), 0);
    assert_int_equal(front_waiting(house.front), 0);
    close_house(&house);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(commit_keeps_adds_and_removes_listeners),
        cmocka_unit_test(the_same_address_twice_is_matched_one_by_one),
        cmocka_unit_test(abort_closes_what_was_opened),
        cmocka_unit_test(every_mistake_is_reported_with_its_position),
        cmocka_unit_test(overlap_with_a_listener_that_goes_is_said),
        cmocka_unit_test(stopped_front_still_has_its_counts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
