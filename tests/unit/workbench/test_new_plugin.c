#include "unit.h"

#include "workbench/new_plugin.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char folder[] = "/tmp/sluice-new-plugin-XXXXXX";

static int make_folder(void **state)
{
    (void)state;
    return mkdtemp(folder) != NULL && chdir(folder) == 0 ? 0 : -1;
}

static int remove_folder(void **state)
{
    char command[64];
    (void)state;
    snprintf(command, sizeof command, "rm -rf '%s'", folder);
    return chdir("/") == 0 && system(command) == 0 ? 0 : -1;
}

static int run_with(const char *first, const char *second, const char *third)
{
    char *arguments[] = {(char *)(uintptr_t)"new-plugin", (char *)(uintptr_t)first,
                         (char *)(uintptr_t)second, (char *)(uintptr_t)third, NULL};
    int count = 1;
    while (arguments[count] != NULL)
        count++;
    optind = 0;
    return new_plugin_main(count, arguments);
}

static void assert_file_has(const char *path, const char *text)
{
    static char content[65536];
    FILE *file = fopen(path, "r");
    assert_non_null(file);
    content[fread(content, 1, sizeof content - 1, file)] = '\0';
    fclose(file);
    assert_non_null(strstr(content, text));
    assert_null(strstr(content, "@NAME@"));
    assert_null(strstr(content, "@IDENT@"));
}

static void writes_a_plugin_in_c(void **state)
{
    (void)state;
    assert_int_equal(run_with("word-count", NULL, NULL), 0);
    assert_file_has("word-count/word_count.c", "\"word-count\"");
    assert_file_has("word-count/CMakeLists.txt", "word_count.c");
    assert_file_has("word-count/README.md", "word-count");
    assert_file_has("word-count/tests/word-count.yaml", "steps");
}

static void writes_a_plugin_in_cpp_into_another_folder(void **state)
{
    (void)state;
    assert_int_equal(run_with("shout", "there", "--language=c++"), 0);
    assert_file_has("there/shout.cpp", "\"shout\"");
    assert_file_has("there/CMakeLists.txt", "LANGUAGES CXX");
}

static void writes_a_crate_in_rust_with_the_crate_that_it_needs(void **state)
{
    (void)state;
    assert_int_equal(run_with("no-links", "--language=rust", NULL), 0);
    assert_file_has("no-links/Cargo.toml", "name = \"no-links-plugin\"");
    assert_file_has("no-links/src/lib.rs", "name: \"no-links\"");
    assert_file_has("no-links/README.md", "libno_links_plugin.so");
    assert_file_has("no-links/tests/no-links.yaml", "steps");
    assert_file_has("no-links/sluice/Cargo.toml", "name = \"sluice\"");
    assert_file_has("no-links/sluice/src/lib.rs", "pub trait Plugin");
}

static void writes_over_nothing(void **state)
{
    (void)state;
    assert_int_equal(run_with("twice", NULL, NULL), 0);
    assert_int_equal(run_with("twice", NULL, NULL), 1);
}

static void refuses_names_that_no_plugin_has(void **state)
{
    static const char *const names[] = {"", "Upper", "a_b", "1st", "-a", "a-", "a b", "a/b"};
    (void)state;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        assert_int_equal(run_with(names[i], NULL, NULL), 2);
    assert_int_equal(run_with("a", "--language=cobol", NULL), 2);
    assert_int_equal(run_with(NULL, NULL, NULL), 2);
    assert_int_equal(run_with("a", "b", "c"), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(writes_a_plugin_in_c),
        cmocka_unit_test(writes_a_plugin_in_cpp_into_another_folder),
        cmocka_unit_test(writes_a_crate_in_rust_with_the_crate_that_it_needs),
        cmocka_unit_test(writes_over_nothing),
        cmocka_unit_test(refuses_names_that_no_plugin_has),
    };
    return cmocka_run_group_tests(tests, make_folder, remove_folder);
}
