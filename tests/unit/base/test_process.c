/* core/base/process.c: this process, and files that say something else. */
#include "unit.h"

#include "base/clock.h"
#include "base/process.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static struct process_usage read_this(void)
{
    struct process_usage usage;
    assert_int_equal(process_read("/proc", &usage), OK);
    return usage;
}

static void says_what_this_process_is(void **state)
{
    (void)state;
    struct process_usage usage = read_this();
    double now = (double)clock_wall() / 1e9;
    assert_true(usage.start > now - 3600 && usage.start < now + 2);
    assert_int_equal(usage.threads, 1);
    assert_true(usage.resident_bytes > 100000);
    assert_true(usage.virtual_bytes >= usage.resident_bytes);
    assert_true(usage.cpu >= 0 && usage.cpu < 3600);
}

static void start_is_the_same_each_time(void **state)
{
    (void)state;
    assert_true(read_this().start == read_this().start);
}

static void counts_descriptors(void **state)
{
    int opened[10];
    (void)state;
    uint64_t before = read_this().open_descriptors;
    for (size_t i = 0; i < 10; i++)
        assert_true((opened[i] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0);
    struct process_usage usage = read_this();
    assert_int_equal(usage.open_descriptors, before + 10);
    assert_int_equal(usage.max_descriptors, sysconf(_SC_OPEN_MAX));
    for (size_t i = 0; i < 10; i++)
        close(opened[i]);
    assert_int_equal(read_this().open_descriptors, before);
}

/* -- a folder in the place of /proc -- */

static char folder[] = "/tmp/sluice-process-XXXXXX";

static void in_folder(char path[128], const char *name)
{
    snprintf(path, 128, "%s/%s", folder, name);
}

static void put(const char *name, const char *text)
{
    char path[128];
    in_folder(path, name);
    FILE *file = fopen(path, "we");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static int make_folder(void **state)
{
    char path[128];
    (void)state;
    if (mkdtemp(folder) == NULL)
        return -1;
    in_folder(path, "self");
    if (mkdir(path, 0700) != 0)
        return -1;
    in_folder(path, "self/fd");
    return mkdir(path, 0700);
}

static int remove_folder(void **state)
{
    static const char *const names[] = {"self/stat", "stat", "self/fd", "self", "."};
    char path[128];
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names - 1; i++) {
        in_folder(path, names[i]);
        remove(path);
    }
    return rmdir(folder);
}

#define NUMBERS " S 1 2 3 4 -1 5 6 7 8 9 150 50 0 0 20 0 7 0 400 8192 3 18446744073709551615 1\n"

static void a_name_may_hold_anything(void **state)
{
    struct process_usage usage;
    (void)state;
    put("self/stat", "42 (a) b) (1 2 3) R"
                     ")" NUMBERS);
    put("stat", "cpu 1 2 3\nintr 1 2 3\nbtime 1000\n");
    assert_int_equal(process_read(folder, &usage), OK);
    double per_second = (double)sysconf(_SC_CLK_TCK);
    assert_true(usage.cpu == 200 / per_second);
    assert_true(usage.start == 1000 + 400 / per_second);
    assert_int_equal(usage.threads, 7);
    assert_int_equal(usage.virtual_bytes, 8192);
    assert_int_equal(usage.resident_bytes, 3 * sysconf(_SC_PAGESIZE));
}

static void long_lines_before_the_boot_time_do_no_harm(void **state)
{
    struct process_usage usage;
    char text[4096] = "intr";
    (void)state;
    memset(text + 4, '0', 3000);
    strcat(text, "\nbtime 7\n");
    put("self/stat", "42 (x)" NUMBERS);
    put("stat", text);
    assert_int_equal(process_read(folder, &usage), OK);
    assert_true((uint64_t)usage.start == 7 + 400 / (uint64_t)sysconf(_SC_CLK_TCK));
}

static void what_cannot_be_understood_is_an_error(void **state)
{
    static const char *const wrong[] = {"", "42", "42 (x) S 1 2 3\n", ("42 (x" NUMBERS)};
    struct process_usage usage;
    (void)state;
    put("stat", "btime 7\n");
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++) {
        put("self/stat", wrong[i]);
        assert_int_equal(process_read(folder, &usage), ERR_SYSTEM);
    }
    put("self/stat", "42 (x)" NUMBERS);
    put("stat", "cpu 1\n");
    assert_int_equal(process_read(folder, &usage), ERR_SYSTEM);
    assert_int_equal(process_read("/nowhere", &usage), ERR_SYSTEM);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(says_what_this_process_is),
        cmocka_unit_test(start_is_the_same_each_time),
        cmocka_unit_test(counts_descriptors),
        cmocka_unit_test(a_name_may_hold_anything),
        cmocka_unit_test(long_lines_before_the_boot_time_do_no_harm),
        cmocka_unit_test(what_cannot_be_understood_is_an_error),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
