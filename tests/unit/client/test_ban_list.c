/* core/client/ban_list.c */
#include "unit.h"

#include "client/ban_list.h"
#include "failing_memory.h"

#include <stdlib.h>
#include <string.h>

#define MANY 20000

static struct ban_list list;

static int start(void **state)
{
    (void)state;
    return ban_list_init(&list, 100000);
}

static int end(void **state)
{
    (void)state;
    ban_list_deinit(&list);
    return 0;
}

static struct ban ban_of(const char *text, int64_t until)
{
    struct ban ban = {.since = 1, .until = until};
    char fault[256];
    bool is_identity = strpbrk(text, ".:") == NULL;
    assert_null(is_identity ? ban_read_identity(&ban, text) : ban_read_address(&ban, text, fault));
    strcpy(ban.reason, "spam");
    strcpy(ban.by, "the tests");
    return ban;
}

static uint64_t put_until(const char *text, int64_t until)
{
    struct ban ban = ban_of(text, until);
    assert_int_equal(ban_list_put(&list, &ban), OK);
    return ban.id;
}

static uint64_t put(const char *text)
{
    return put_until(text, BAN_FOR_GOOD);
}

static bool is_banned_at(const char *text, int64_t now)
{
    struct ban ban = ban_of(text, 0);
    return ban.is_address ? ban_list_has_address(&list, ban.address.bytes, now)
                          : ban_list_has_identity(&list, ban.identity, now);
}

static bool is_banned(const char *text)
{
    return is_banned_at(text, 100);
}

static bool lift(const char *text)
{
    struct ban ban = ban_of(text, 0);
    return ban_list_remove(&list, 0, &ban);
}

static void an_identity_is_banned_until_it_is_taken_out(void **state)
{
    (void)state;
    assert_false(is_banned("ann"));
    assert_false(lift("ann"));
    put("ann");
    assert_true(is_banned("ann"));
    assert_false(is_banned("anna"));
    assert_false(is_banned("An"));
    assert_int_equal(ban_list_count(&list), 1);
    assert_true(lift("ann"));
    assert_false(is_banned("ann"));
    assert_int_equal(ban_list_count(&list), 0);
}

static void prefixes_of_any_length_hold_their_addresses(void **state)
{
    (void)state;
    put("192.0.2.0/24");
    put("198.51.100.7");
    put("2001:db8::/33");
    assert_true(is_banned("192.0.2.0"));
    assert_true(is_banned("192.0.2.255"));
    assert_true(is_banned("::ffff:192.0.2.9"));
    assert_false(is_banned("192.0.3.0"));
    assert_true(is_banned("198.51.100.7"));
    assert_false(is_banned("198.51.100.8"));
    assert_true(is_banned("2001:db8:7fff::1"));
    assert_false(is_banned("2001:db8:8000::1"));
    assert_false(is_banned("::192.0.2.9")); /* not a mapped one */
    put("192.0.2.0/25");
    assert_true(lift("192.0.2.0/24"));
    assert_true(is_banned("192.0.2.127"));
    assert_false(is_banned("192.0.2.128"));
}

static void a_wider_ban_counts_when_a_narrower_one_has_ended(void **state)
{
    (void)state;
    put_until("192.0.2.7", 50);
    put("192.0.2.0/24");
    assert_true(is_banned_at("192.0.2.7", 49));
    assert_true(is_banned_at("192.0.2.7", 51));
}

static void an_end_counts_at_once(void **state)
{
    (void)state;
    put_until("ann", 50);
    assert_true(is_banned_at("ann", 49));
    assert_false(is_banned_at("ann", 50));
}

static void those_that_have_ended_are_taken_out_one_by_one(void **state)
{
    struct ban_walk walk = {.next = BAN_FOR_GOOD};
    struct ban ban;
    (void)state;
    put_until("a", 50);
    put_until("b", 70);
    put("c");
    put_until("d", 40);
    assert_true(ban_list_take_ended(&list, 60, &walk, &ban));
    assert_string_equal(ban.identity, "a");
    assert_true(ban_list_take_ended(&list, 60, &walk, &ban));
    assert_string_equal(ban.identity, "d");
    assert_false(ban_list_take_ended(&list, 60, &walk, &ban));
    assert_true(walk.next == 70);
    assert_int_equal(ban_list_count(&list), 2);
}

static void a_second_ban_replaces_the_first(void **state)
{
    struct ban copied[2];
    (void)state;
    uint64_t id = put_until("192.0.2.0/24", 50);
    put("ann");
    assert_int_equal(put_until("192.0.2.0/24", 200), id);
    assert_int_equal(ban_list_count(&list), 2);
    assert_true(is_banned_at("192.0.2.1", 100));
    assert_int_equal(ban_list_copy(&list, 0, copied, 2), 2);
    assert_int_equal(copied[0].id, id);
    assert_true(copied[0].until == 200);
    assert_string_equal(copied[0].reason, "spam");
    assert_string_equal(copied[0].by, "the tests");
    assert_string_equal(copied[1].identity, "ann");
}

static void ids_are_not_used_again_and_those_of_a_file_are_kept(void **state)
{
    struct ban kept = ban_of("bob", BAN_FOR_GOOD), again = ban_of("eve", BAN_FOR_GOOD);
    struct ban copied[4];
    (void)state;
    assert_int_equal(put("ann"), 1);
    kept.id = 7;
    again.id = 7;
    assert_int_equal(ban_list_put(&list, &kept), OK);
    assert_int_equal(kept.id, 7);
    assert_int_equal(ban_list_put(&list, &again), OK);
    assert_int_equal(again.id, 8);
    kept = ban_of("carl", BAN_FOR_GOOD);
    kept.id = 3;
    assert_int_equal(ban_list_put(&list, &kept), OK);
    assert_true(ban_list_remove(&list, 8, &again));
    assert_string_equal(again.identity, "eve");
    assert_false(ban_list_remove(&list, 8, &again));
    assert_int_equal(put("fay"), 9);
    assert_int_equal(ban_list_copy(&list, 1, copied, 4), 3);
    assert_int_equal(copied[0].id, 3);
    assert_int_equal(copied[1].id, 7);
    assert_int_equal(copied[2].id, 9);
    assert_int_equal(ban_list_copy(&list, UINT64_MAX, copied, 4), 0);
}

static void there_are_at_most_so_many(void **state)
{
    struct ban ban = ban_of("bob", BAN_FOR_GOOD);
    (void)state;
    ban_list_set_max(&list, 1);
    put("ann");
    assert_int_equal(ban_list_put(&list, &ban), ERR_LIMIT);
    put_until("ann", 5); /* Changing one takes no place. */
    assert_true(lift("ann"));
    assert_int_equal(ban_list_put(&list, &ban), OK);
}

static void many_come_and_go(void **state)
{
    char text[32];
    (void)state;
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, i % 2 == 0 ? "10.%d.%d.0/24" : "name-%d-%d", i / 256, i % 256);
        put(text);
    }
    assert_int_equal(ban_list_count(&list), MANY);
    assert_true(is_banned("10.3.254.9"));
    for (int i = 0; i < MANY; i++) {
        snprintf(text, sizeof text, i % 2 == 0 ? "10.%d.%d.0/24" : "name-%d-%d", i / 256, i % 256);
        if (i % 10 != 0)
            assert_true(lift(text));
    }
    assert_int_equal(ban_list_count(&list), MANY / 10);
    for (int i = 0; i < MANY; i += 10) {
        snprintf(text, sizeof text, "10.%d.%d.77", i / 256, i % 256);
        assert_true(is_banned(text));
    }
    assert_true(list.entry_count < MANY / 2);
}

static int put_some(void *context)
{
    int error = OK;
    (void)context;
    for (int i = 0; i < 40 && error == OK; i++) {
        struct ban ban = ban_of("ann", BAN_FOR_GOOD);
        snprintf(ban.identity, sizeof ban.identity, "name-%d", i);
        error = ban_list_put(&list, &ban);
    }
    return error;
}

static void without_memory_what_is_there_stays(void **state)
{
    (void)state;
    assert_true(survive_failing_allocations(put_some, NULL) > 3);
    assert_int_equal(ban_list_count(&list), 40);
    assert_true(is_banned("name-0"));
    assert_true(is_banned("name-39"));
}

static void *look_up(void *argument)
{
    atomic_bool *is_over = argument;
    uintptr_t looked = 0;
    while (!atomic_load(is_over)) {
        assert_true(is_banned("ann"));
        assert_true(is_banned("192.0.2.1"));
        looked++;
    }
    return (void *)looked;
}

static void who_looks_up_sees_a_list_that_is_whole(void **state)
{
    atomic_bool is_over = false;
    pthread_t thread;
    (void)state;
    put("ann");
    put("192.0.2.0/24");
    assert_int_equal(pthread_create(&thread, NULL, look_up, &is_over), 0);
    for (int i = 0; i < 3; i++)
        put_some(NULL);
    for (int i = 0; i < 2000; i++) {
        char text[32];
        snprintf(text, sizeof text, "name-%d", i);
        put(text);
        if (i % 3 == 0)
            assert_true(lift(text));
    }
    atomic_store(&is_over, true);
    pthread_join(thread, NULL);
}

int main(void)
{
#define WITH_LIST(test) cmocka_unit_test_setup_teardown(test, start, end)
    const struct CMUnitTest tests[] = {
        WITH_LIST(an_identity_is_banned_until_it_is_taken_out),
        WITH_LIST(prefixes_of_any_length_hold_their_addresses),
        WITH_LIST(a_wider_ban_counts_when_a_narrower_one_has_ended),
        WITH_LIST(an_end_counts_at_once),
        WITH_LIST(those_that_have_ended_are_taken_out_one_by_one),
        WITH_LIST(a_second_ban_replaces_the_first),
        WITH_LIST(ids_are_not_used_again_and_those_of_a_file_are_kept),
        WITH_LIST(there_are_at_most_so_many),
        WITH_LIST(many_come_and_go),
        WITH_LIST(without_memory_what_is_there_stays),
        WITH_LIST(who_looks_up_sees_a_list_that_is_whole),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
