#include "http/http_lookups.h"
#include "base/clock.h"
#include "failing_memory.h"
#include "http/http_transfers.h"
#include "http/served.h"

#include <netdb.h>
#include <stdlib.h>

#define PATIENCE (60 * NS_PER_S)
#define PER_OWNER 8
#define UNDER_WAY 12

/* -- libcurl's resolver is the test's: names that begin with "hang" wait until they are let go --
 */

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static bool lets_go;
static unsigned begun; /* lookups */
static unsigned hanging;

__attribute__((visibility("default"))) int getaddrinfo(const char *name, const char *service,
                                                       const struct addrinfo *hints,
                                                       struct addrinfo **found)
{
    struct {
        struct addrinfo info;
        struct sockaddr_in address;
    } *answer = calloc(1, sizeof *answer);
    (void)hints;
    pthread_mutex_lock(&lock);
    begun++;
    hanging++;
    pthread_cond_broadcast(&changed);
    while (strncmp(name, "hang", 4) == 0 && !lets_go)
        pthread_cond_wait(&changed, &lock);
    hanging--;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
    if (answer == NULL)
        return EAI_MEMORY;
    answer->address = (struct sockaddr_in){.sin_family = AF_INET,
                                           .sin_port = htons((uint16_t)atoi(service)),
                                           .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    answer->info = (struct addrinfo){.ai_family = AF_INET,
                                     .ai_socktype = SOCK_STREAM,
                                     .ai_protocol = IPPROTO_TCP,
                                     .ai_addrlen = sizeof answer->address,
                                     .ai_addr = (struct sockaddr *)&answer->address};
    *found = &answer->info;
    return 0;
}

__attribute__((visibility("default"))) void freeaddrinfo(struct addrinfo *found)
{
    free(found);
}

static unsigned lookups_begun(void)
{
    pthread_mutex_lock(&lock);
    unsigned count = begun;
    pthread_mutex_unlock(&lock);
    return count;
}

static void let_go(void)
{
    pthread_mutex_lock(&lock);
    lets_go = true;
    pthread_cond_broadcast(&changed);
    pthread_mutex_unlock(&lock);
}

/* -- what asks it -- */

static struct served served;
static struct http_transfers transfers;
static struct http_exchange exchange;

static int set_up(void **state)
{
    (void)state;
    lets_go = false;
    begun = 0;
    served_begin(&served);
    assert_null(http_transfers_init(&transfers, UNDER_WAY, PER_OWNER));
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    http_transfers_deinit(&transfers);
    let_go();
    pthread_mutex_lock(&lock);
    while (hanging > 0)
        pthread_cond_wait(&changed, &lock);
    pthread_mutex_unlock(&lock);
    served_end(&served);
    return 0;
}

static int begin(const char *name, uint64_t owner)
{
    char url[64];
    struct sl_http_request checked;
    snprintf(url, sizeof url, "http://%s:%u/ok", name, served.port);
    const struct sl_http_request given = {.struct_size = sizeof given,
                                          .url = sl_string_of(url),
                                          .method = sl_string_of("PUT"),
                                          .body = sl_string_of("text"),
                                          .timeout = PATIENCE};
    assert_null(http_check(&given, &checked));
    assert_int_equal(http_exchange_init(&exchange, &checked), OK);
    exchange.owner_number = owner;
    exchange.is_under_way = true;
    exchange.begun = clock_monotonic();
    exchange.deadline = exchange.begun + checked.timeout;
    return http_transfers_start(&transfers, &exchange);
}

static void perform(void)
{
    http_transfers_wait(&transfers, 1000);
    http_transfers_perform(&transfers);
    assert_true(clock_monotonic() < exchange.begun + PATIENCE);
}

/* How a request ends, and with which sentence. */
static void expect_end(const char *name, uint64_t owner, enum sl_http_outcome outcome,
                       const char *sentence)
{
    assert_int_equal(begin(name, owner), OK);
    while (http_transfers_take_ended(&transfers) == NULL)
        perform();
    struct sl_http_response response = http_exchange_response(&exchange);
    if (response.outcome != outcome)
        fail_msg("%s: %d: %s", name, response.outcome, exchange.error);
    if (sentence != NULL)
        assert_string_equal(exchange.error, sentence);
    http_exchange_deinit(&exchange);
}

static void expect_answer(const char *name, uint64_t owner)
{
    expect_end(name, owner, SL_HTTP_ANSWERED, NULL);
}

static void expect_refused(const char *name, uint64_t owner, const char *sentence)
{
    unsigned before = lookups_begun();
    expect_end(name, owner, SL_HTTP_REFUSED, sentence);
    assert_int_equal(lookups_begun(), before);
}

/* Begins a request, up to where its name is being looked up. */
static void begin_to_hang(const char *name, uint64_t owner)
{
    unsigned before = lookups_begun();
    assert_int_equal(begin(name, owner), OK);
    while (lookups_begun() == before)
        perform();
}

/* Leaves so many lookups that hang, each of a name of its own or all of "hang.test". */
static void leave_hanging(unsigned count, uint64_t owner, bool has_names)
{
    static unsigned names;
    char name[32] = "hang.test";
    for (unsigned i = 0; i < count; i++) {
        if (has_names)
            snprintf(name, sizeof name, "hang%u.test", names++);
        begin_to_hang(name, owner);
        http_transfers_take(&transfers, &exchange);
        http_exchange_deinit(&exchange);
    }
}

/* Makes the lookups that hang as old as those count that may not only be slow. */
static void age_lookups(void)
{
    for (struct http_lookup *lookup = transfers.lookups.first; lookup != NULL;
         lookup = lookup->next)
        lookup->begun = clock_monotonic() - HTTP_LOOKUP_HANGS_AFTER;
}

static void wait_until_none_hangs(void)
{
    exchange.begun = clock_monotonic();
    while (transfers.lookups.count > 0) {
        assert_null(http_transfers_take_ended(&transfers));
        perform();
    }
}

/* -- tests -- */

static void a_request_that_is_late_leaves_its_lookup_until_that_is_over(void **state)
{
    (void)state;
    begin_to_hang("hang.test", 1);
    assert_null(http_transfers_take_ended(&transfers));
    exchange.deadline = transfers.next_deadline = clock_monotonic();
    assert_ptr_equal(http_transfers_take_ended(&transfers), &exchange);
    assert_int_equal(exchange.outcome, SL_HTTP_TIMEOUT);
    assert_string_equal(exchange.error, "the server's name was not found in DNS in time");
    http_exchange_deinit(&exchange);
    assert_null(transfers.first);
    assert_int_equal(transfers.lookups.count, 1);
    let_go();
    wait_until_none_hangs();
    assert_int_equal(atomic_load(&served.connections), 0);
    expect_answer("hang.test", 1);
    assert_int_equal(lookups_begun(), 1); /* libcurl has kept what came of it. */
}

static void a_request_that_is_cancelled_leaves_its_lookup_too(void **state)
{
    (void)state;
    leave_hanging(3, 1, false);
    assert_int_equal(transfers.lookups.count, 3);
    let_go();
    wait_until_none_hangs();
    assert_int_equal(atomic_load(&served.connections), 0);
}

static void a_lookup_that_is_over_leaves_nothing(void **state)
{
    (void)state;
    expect_answer("fine.test", 1);
    assert_int_equal(transfers.lookups.count, 0);
    assert_int_equal(lookups_begun(), 1);
}

static void a_name_that_hangs_fails_at_once_and_others_go_on(void **state)
{
    (void)state;
    leave_hanging(HTTP_LOOKUPS_OF_SERVER, 1, false);
    age_lookups();
    expect_refused("hang.test", 1, "earlier lookups of the server's name in DNS hang");
    expect_refused("HANG.test", 2, "earlier lookups of the server's name in DNS hang");
    assert_int_equal(transfers.lookups.count, HTTP_LOOKUPS_OF_SERVER);
    expect_answer("fine.test", 1);
    expect_answer("other.test", 2);
    let_go();
    wait_until_none_hangs();
    expect_answer("hang.test", 1);
}

/* Peers that leave at once make no name look hung. */
static void a_young_lookup_does_not_count_for_its_name(void **state)
{
    struct http_lookups *lookups = &transfers.lookups;
    const int64_t now = clock_monotonic();
    (void)state;
    leave_hanging(HTTP_LOOKUPS_OF_SERVER, 1, false);
    const uint64_t server = lookups->first->server;
    for (struct http_lookup *lookup = lookups->first; lookup != NULL; lookup = lookup->next) {
        assert_true(lookup->begun >= now);
        lookup->begun = now - HTTP_LOOKUP_HANGS_AFTER;
    }
    lookups->first->begun = now;
    assert_null(http_lookups_error(lookups, server, 2, now));
    assert_null(http_lookups_error(lookups, server, 2, now + HTTP_LOOKUP_HANGS_AFTER - 1));
    assert_string_equal(http_lookups_error(lookups, server, 2, now + HTTP_LOOKUP_HANGS_AFTER),
                        "earlier lookups of the server's name in DNS hang");
}

static void what_hangs_is_limited_for_an_owner_and_in_all(void **state)
{
    (void)state;
    leave_hanging(2 * PER_OWNER, 1, true);
    expect_refused("fine.test", 1, "too many lookups of servers' names in DNS hang");
    expect_answer("fine.test", 2);
    leave_hanging(2 * UNDER_WAY - 2 * PER_OWNER, 2, true);
    expect_refused("new.test", 2, "too many lookups of servers' names in DNS hang");
    expect_refused("new.test", 3, "too many lookups of servers' names in DNS hang");
    expect_answer("fine.test", 3); /* libcurl still knows its address. */
    expect_answer("127.0.0.1", 3);
    let_go();
    wait_until_none_hangs();
    expect_answer("new.test", 1);
}

static void the_end_does_not_wait_for_what_hangs(void **state)
{
    (void)state;
    leave_hanging(2, 1, true);
    http_transfers_deinit(&transfers);
    assert_int_equal(transfers.lookups.count, 0);
    pthread_mutex_lock(&lock);
    assert_int_equal(hanging, 2);
    pthread_mutex_unlock(&lock);
    assert_null(http_transfers_init(&transfers, UNDER_WAY, PER_OWNER));
}

/* As it is when libcurl's own timeout has come first, on a machine that is starved. */
static void a_lookup_whose_end_nobody_sees_counts_for_a_time(void **state)
{
    const int64_t now = clock_monotonic();
    struct http_lookups *lookups = &transfers.lookups;
    (void)state;
    for (unsigned i = 0; i < HTTP_LOOKUPS_OF_SERVER; i++) {
        assert_int_equal(begin("hang.test", 1), OK);
        exchange.lookup->server = 7;
        exchange.lookup->begun = now - HTTP_LOOKUP_HANGS_AFTER;
        http_lookups_keep_for_a_time(lookups, &exchange, now);
        transfers.curl->multi_remove_handle(transfers.multi, exchange.handle);
        http_exchange_release(&exchange, transfers.curl);
        http_exchange_deinit(&exchange);
        transfers.first = NULL;
    }
    assert_non_null(http_lookups_error(lookups, 7, 2, now + HTTP_LOOKUP_TIME - 1));
    assert_null(http_lookups_error(lookups, 8, 2, now));
    assert_null(http_lookups_error(lookups, 7, 2, now + HTTP_LOOKUP_TIME));
    assert_int_equal(lookups->count, 0);
}

static void without_memory_nothing_is_sent(void **state)
{
    (void)state;
    const struct sl_http_request given = {.struct_size = sizeof given,
                                          .url = sl_string_of("http://fine.test/")};
    struct sl_http_request checked;
    assert_null(http_check(&given, &checked));
    assert_int_equal(http_exchange_init(&exchange, &checked), OK);
    fail_allocation(1);
    int error = http_transfers_start(&transfers, &exchange);
    assert_true(end_failing_allocations());
    assert_int_equal(error, ERR_NO_MEMORY);
    assert_int_equal(exchange.outcome, SL_HTTP_FAILED);
    assert_null(transfers.first);
    assert_null(exchange.lookup);
    http_exchange_deinit(&exchange);
}

#define lookup_test(test) cmocka_unit_test_setup_teardown(test, set_up, tear_down)

int main(void)
{
    const struct CMUnitTest tests[] = {
        lookup_test(a_request_that_is_late_leaves_its_lookup_until_that_is_over),
        lookup_test(a_request_that_is_cancelled_leaves_its_lookup_too),
        lookup_test(a_lookup_that_is_over_leaves_nothing),
        lookup_test(a_name_that_hangs_fails_at_once_and_others_go_on),
        lookup_test(a_young_lookup_does_not_count_for_its_name),
        lookup_test(what_hangs_is_limited_for_an_owner_and_in_all),
        lookup_test(the_end_does_not_wait_for_what_hangs),
        lookup_test(a_lookup_whose_end_nobody_sees_counts_for_a_time),
        lookup_test(without_memory_nothing_is_sent),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
