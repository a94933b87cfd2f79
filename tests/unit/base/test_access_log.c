#include "unit.h"

#include "base/access_log.h"

static void off_takes_nothing(void **state)
{
    (void)state;
    access_log_configure(ACCESS_LOG_OFF, 1);
    assert_false(access_log_takes_refusal());
    assert_false(access_log_takes_client());
}

static void refusals_are_taken_alone_or_with_all(void **state)
{
    (void)state;
    access_log_configure(ACCESS_LOG_REFUSALS, 1);
    assert_true(access_log_takes_refusal());
    assert_false(access_log_takes_client());
    access_log_configure(ACCESS_LOG_ALL, 1);
    assert_true(access_log_takes_refusal());
    assert_true(access_log_takes_client());
}

static void one_in_so_many_is_taken(void **state)
{
    unsigned taken = 0;
    (void)state;
    access_log_configure(ACCESS_LOG_ALL, 100);
    for (unsigned i = 0; i < 1000; i++)
        taken += access_log_takes_client();
    assert_int_equal(taken, 10);
}

static void a_sample_is_read_from_1_to_a_million(void **state)
{
    static const char *const wrong[] = {
        "",          "1",     "1/",    "1/0",   "2/100", "1/1000001", "1/-1",
        "1/ 10",     "1/10 ", "1/1e3", "0/100", "1%",    "01/10",     "1/99999999999999999999",
        "1/00000001"};
    uint32_t sample;
    (void)state;
    assert_true(access_log_read_sample("1/1", &sample));
    assert_int_equal(sample, 1);
    assert_true(access_log_read_sample("1/1000000", &sample));
    assert_int_equal(sample, 1000000);
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        assert_false(access_log_read_sample(wrong[i], &sample));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(off_takes_nothing),
        cmocka_unit_test(refusals_are_taken_alone_or_with_all),
        cmocka_unit_test(one_in_so_many_is_taken),
        cmocka_unit_test(a_sample_is_read_from_1_to_a_million),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
