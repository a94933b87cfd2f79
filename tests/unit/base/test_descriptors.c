/* core/base/descriptors.c under limits of several sizes. */
#include "unit.h"

#include "base/clock.h"
#include "base/descriptors.h"

#include <sys/resource.h>

static void share_of(uint32_t files, struct descriptors *out)
{
    struct rlimit before;
    assert_int_equal(getrlimit(RLIMIT_NOFILE, &before), 0);
    struct rlimit lowered = {.rlim_cur = files, .rlim_max = before.rlim_max};
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &lowered), 0);
    descriptors_share(out);
    assert_int_equal(setrlimit(RLIMIT_NOFILE, &before), 0);
}

static void clients_leave_room_for_newcomers_and_those_for_the_reserve(void **state)
{
    static const uint32_t sizes[] = {64, 128, 512, 1024};
    (void)state;
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        struct descriptors shared;
        share_of(sizes[i], &shared);
        assert_int_equal(shared.most, sizes[i]);
        assert_in_range(shared.for_clients, 1, shared.for_strangers - 8);
        assert_in_range(shared.for_strangers, 1, sizes[i] - 16);
        assert_true(shared.for_clients >= sizes[i] / 4);
    }
}

static void some_client_gets_in_however_few_there_are(void **state)
{
    struct descriptors shared;
    (void)state;
    share_of(16, &shared);
    assert_int_equal(shared.for_clients, 1);
    assert_in_range(shared.for_strangers, 1, 16);
}

static unsigned given_up(struct descriptors *shared, int64_t now)
{
    unsigned count = 0;
    while (descriptors_are_wanted(shared, now))
        count++;
    return count;
}

static void a_few_are_wanted_for_a_while_and_not_too_often(void **state)
{
    struct descriptors shared;
    const int64_t now = 1000 * NS_PER_S;
    (void)state;
    share_of(128, &shared);
    assert_int_equal(given_up(&shared, now), 0);
    descriptors_want(&shared, now);
    assert_int_equal(given_up(&shared, now), 8);
    descriptors_want(&shared, now + NS_PER_MS);
    assert_int_equal(given_up(&shared, now + NS_PER_MS), 0);
    descriptors_want(&shared, now + NS_PER_S);
    assert_int_equal(given_up(&shared, now + 3 * NS_PER_S), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(clients_leave_room_for_newcomers_and_those_for_the_reserve),
        cmocka_unit_test(some_client_gets_in_however_few_there_are),
        cmocka_unit_test(a_few_are_wanted_for_a_while_and_not_too_often),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
