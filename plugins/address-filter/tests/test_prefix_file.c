/*
 * Files of prefixes: what they may hold, and what kind of file may be one.
 */
#include "../prefix_file.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct sl_host host = {.allocate = malloc, .reallocate = realloc, .release = free};

static char folder[64];
static char path[128];
static char error[PREFIX_FILE_ERROR_SIZE];

static int make_folder(void **state)
{
    (void)state;
    strcpy(folder, "/tmp/sluice-prefix-XXXXXX");
    if (mkdtemp(folder) == NULL)
        return -1;
    snprintf(path, sizeof path, "%s/file", folder);
    return 0;
}

static int remove_folder(void **state)
{
    (void)state;
    (void)unlink(path);
    (void)rmdir(path);
    return rmdir(folder);
}

static void write_file(const char *content, size_t len, mode_t mode)
{
    int file = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    assert_true(file >= 0);
    assert_int_equal(write(file, content, len), len);
    assert_int_equal(fchmod(file, mode), 0);
    close(file);
}

/* Reads the file as one of who may come in. Returns how many prefixes it has, or -1. */
static int read_file(struct prefix_set *set)
{
    prefix_set_init(set, &host, 1000);
    error[0] = '\0';
    return prefix_file_read(set, path, PREFIX_ALLOW, error) ? (int)set->count : -1;
}

static void assert_reads(const char *content, size_t len, int expected)
{
    struct prefix_set set;
    write_file(content, len, 0600);
    assert_int_equal(read_file(&set), expected);
    prefix_set_deinit(&set);
}

#define ASSERT_READS(content, expected) assert_reads(content, sizeof(content) - 1, expected)

static void assert_refuses(const char *content, size_t len, const char *expected)
{
    assert_reads(content, len, -1);
    if (strstr(error, expected) == NULL)
        fail_msg("expected \"%s\" in: %s", expected, error);
}

#define ASSERT_REFUSES(content, expected) assert_refuses(content, sizeof(content) - 1, expected)

static void reads_prefixes_comments_and_empty_lines(void **state)
{
    (void)state;
    ASSERT_READS("", 0);
    ASSERT_READS("\n\n", 0);
    ASSERT_READS("# nothing but this", 0);
    ASSERT_READS("192.0.2.0/24", 1);
    ASSERT_READS("192.0.2.0/24\n\n  2001:db8::/32\t # Berlin\n#10.0.0.0/8\n198.51.100.7\n", 3);
    ASSERT_READS("192.0.2.0/24\r\n198.51.100.0/24\r\n", 2);
}

static void names_the_line_that_is_wrong(void **state)
{
    char text[600];
    (void)state;
    ASSERT_REFUSES("192.0.2.0/24\nnonsense\n", "file:2: \"nonsense\" is no address");
    ASSERT_REFUSES("# one\n# two\n10.1.2.3/8\n", "file:3: \"10.1.2.3/8\" has bits set");
    ASSERT_REFUSES("10.0.0.0/8 10.0.0.0/9\n", "file:1: ");
    ASSERT_REFUSES("\xef\xbb\xbf"
                   "10.0.0.0/8\n",
                   "file:1: ");
    memset(text, ' ', sizeof text);
    memcpy(text + 500, "10.0.0.0/8\n", 11);
    assert_refuses(text, 511, "file:1: \"\" is longer than 254 bytes");
}

static void a_file_with_a_nul_byte_is_refused_whole(void **state)
{
    (void)state;
    ASSERT_REFUSES("10.0.0.0/8\0garbage", "file:1: \"10.0.0.0/8\" has a NUL byte");
    ASSERT_REFUSES("10.0.0.0/8\n\0\n", "file:2: \"\" has a NUL byte");
    ASSERT_REFUSES("1\0"
                   "0\0"
                   ".\0\n\0",
                   "file:1: ");
}

static void there_may_be_only_so_many(void **state)
{
    char text[20000];
    size_t len = 0;
    (void)state;
    for (int i = 0; i < 1001; i++)
        len += (size_t)snprintf(text + len, sizeof text - len, "10.0.%d.%d\n", i / 256, i % 256);
    assert_refuses(text, len, "file:1001: \"10.0.3.232\" is one more than max_prefixes");
}

static void only_a_regular_file_of_its_owner_will_do(void **state)
{
    struct prefix_set set;
    (void)state;
    assert_int_equal(read_file(&set), -1);
    assert_non_null(strstr(error, "file: No such file"));
    prefix_set_deinit(&set);

    write_file("10.0.0.0/8\n", 11, 0602);
    assert_int_equal(read_file(&set), -1);
    assert_non_null(strstr(error, "others may write to it"));
    prefix_set_deinit(&set);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkfifo(path, 0600), 0);
    assert_int_equal(read_file(&set), -1); /* and does not wait for a writer */
    assert_non_null(strstr(error, "not a regular file"));
    prefix_set_deinit(&set);
    assert_int_equal(unlink(path), 0);

    assert_int_equal(mkdir(path, 0700), 0);
    assert_int_equal(read_file(&set), -1);
    assert_non_null(strstr(error, "not a regular file"));
    prefix_set_deinit(&set);
}

static enum prefix_verdict find(const struct prefix_set *set, const char *text)
{
    uint8_t address[16] = {[10] = 0xff, [11] = 0xff};
    assert_true(inet_pton(AF_INET, text, address + 12) == 1 ||
                inet_pton(AF_INET6, text, address) == 1);
    return prefix_set_find(set, address);
}

static void a_length_of_zero_holds_everything_of_its_kind(void **state)
{
    struct prefix_set set;
    (void)state;
    ASSERT_READS("0.0.0.0/0\n", 1);
    assert_int_equal(read_file(&set), 1);
    assert_int_equal(prefix_set_seal(&set), 0);
    assert_int_equal(find(&set, "0.0.0.0"), PREFIX_ALLOW);
    assert_int_equal(find(&set, "255.255.255.255"), PREFIX_ALLOW);
    assert_int_equal(find(&set, "::ffff:1.2.3.4"), PREFIX_ALLOW);
    assert_int_equal(find(&set, "::"), PREFIX_NONE);
    assert_int_equal(find(&set, "ffff::"), PREFIX_NONE);
    prefix_set_deinit(&set);

    write_file("::/0\n", 5, 0600);
    assert_int_equal(read_file(&set), 1);
    assert_null(prefix_set_add(&set, "10.0.0.0/8", 10, PREFIX_DENY, error));
    assert_int_equal(prefix_set_seal(&set), 0);
    assert_int_equal(find(&set, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"), PREFIX_ALLOW);
    assert_int_equal(find(&set, "192.0.2.1"), PREFIX_ALLOW); /* ::ffff:192.0.2.1 */
    assert_int_equal(find(&set, "10.255.255.255"), PREFIX_DENY);
    assert_int_equal(find(&set, "::ffff:10.0.0.0"), PREFIX_DENY);
    prefix_set_deinit(&set);
}

static void an_ipv4_address_is_the_same_written_as_ipv6(void **state)
{
    struct prefix_set set;
    (void)state;
    write_file("::ffff:192.0.2.0/120\n", 21, 0600);
    assert_int_equal(read_file(&set), 1);
    assert_int_equal(prefix_set_seal(&set), 0);
    assert_int_equal(find(&set, "192.0.2.255"), PREFIX_ALLOW);
    assert_int_equal(find(&set, "192.0.3.0"), PREFIX_NONE);
    prefix_set_deinit(&set);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)

int main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(reads_prefixes_comments_and_empty_lines),
        TEST(names_the_line_that_is_wrong),
        TEST(a_file_with_a_nul_byte_is_refused_whole),
        TEST(there_may_be_only_so_many),
        TEST(only_a_regular_file_of_its_owner_will_do),
        TEST(a_length_of_zero_holds_everything_of_its_kind),
        TEST(an_ipv4_address_is_the_same_written_as_ipv6),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
