#include "config/errors.h"
#include "config/yaml.h"
#include "failing_memory.h"

#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char path[] = "/tmp/sluice-yaml-XXXXXX";
static struct diagnostics errors;

/* Replaces the file by `len` bytes of which the first are `text`, and the rest are spaces. */
static void write_file(const char *text, size_t len)
{
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    assert_int_equal(fprintf(file, "%-*s", (int)len, text), len);
    fclose(file);
}

static int make_file(void **state)
{
    (void)state;
    int fd = mkstemp(path);
    diagnostics_init(&errors);
    return fd >= 0 ? close(fd) : -1;
}

static int remove_file(void **state)
{
    (void)state;
    return unlink(path);
}

static void reads_a_file_of_the_greatest_size(void **state)
{
    (void)state;
    struct yaml_node *node = NULL;
    write_file("a: 1\n", YAML_MAX_FILE);
    assert_int_equal(yaml_load(path, &errors, &node), OK);
    assert_string_equal(yaml_node_get(node, "a")->text, "1");
    assert_string_equal(node->position.file, path);
    yaml_node_destroy(node);
    assert_errors(&errors, "");
}

static void refuses_a_larger_one(void **state)
{
    (void)state;
    struct yaml_node *node = NULL;
    write_file("a: 1\n", YAML_MAX_FILE + 1);
    assert_int_equal(yaml_load(path, &errors, &node), ERR_CONFIG);
    assert_null(node);
    assert_errors(&errors, "0:0 larger than 1048576 bytes\n");
}

static void refuses_what_is_no_file_or_not_there(void **state)
{
    (void)state;
    struct yaml_node *node = NULL;
    assert_int_equal(yaml_load("/nowhere/a.yaml", &errors, &node), ERR_CONFIG);
    assert_int_equal(yaml_load("/tmp", &errors, &node), ERR_CONFIG);
    assert_string_equal(errors.items[0].position.file, "/nowhere/a.yaml");
    assert_errors(&errors, "0:0 No such file or directory\n0:0 it is not a regular file\n");
}

static void refuses_what_others_may_write_to(void **state)
{
    (void)state;
    struct yaml_node *node = NULL;
    char expected[128];
    write_file("a: 1\n", 5);
    assert_int_equal(chmod(path, 0602), 0);
    assert_int_equal(yaml_load(path, &errors, &node), ERR_CONFIG);
    assert_int_equal(chmod(path, 0600), 0);
    snprintf(expected, sizeof expected, "0:0 others may write to it; mend it with: chmod go-w %s\n",
             path);
    assert_errors(&errors, expected);
}

static int load_file(void *context)
{
    struct yaml_node *node = NULL;
    (void)context;
    int error = yaml_load(path, &errors, &node);
    yaml_node_destroy(node);
    return error;
}

static void survives_every_failing_allocation(void **state)
{
    (void)state;
    write_file("a: [1, 2]\n", 10);
    assert_true(survive_failing_allocations(load_file, NULL) > 5);
    assert_errors(&errors, "");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(reads_a_file_of_the_greatest_size),
        cmocka_unit_test(refuses_a_larger_one),
        cmocka_unit_test(refuses_what_is_no_file_or_not_there),
        cmocka_unit_test(refuses_what_others_may_write_to),
        cmocka_unit_test(survives_every_failing_allocation),
    };
    return cmocka_run_group_tests(tests, make_file, remove_file);
}
