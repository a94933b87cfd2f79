#include "pipeline/plugin.h"
#include "plugins.h"
#include "unit.h"

#include <stdlib.h>
#include <sys/stat.h>

/* A folder of our own, then the one with the built plugins. */
static char own[] = "/tmp/sluice-test-XXXXXX";
static char built[PATH_MAX];
static char *folders[] = {own, built};
static struct plugin_set set;
static char text[PLUGIN_TEXT_MAX];

static int set_up_folders(void **state)
{
    (void)state;
    test_plugins_folder(built);
    return mkdtemp(own) != NULL ? 0 : -1;
}

static int remove_folders(void **state)
{
    (void)state;
    return rmdir(own);
}

static int set_up(void **state)
{
    (void)state;
    plugin_set_init(&set, folders, 2, NULL);
    return 0;
}

static int tear_down(void **state)
{
    (void)state;
    plugin_set_deinit(&set);
    return 0;
}

static const char *own_path(const char *file)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", own, file);
    return path;
}

/* Copies a built plugin, or a text if `from` is NULL, into our own folder. */
static void put(const char *from, const char *file, mode_t mode)
{
    char command[3 * PATH_MAX];
    if (from != NULL)
        snprintf(command, sizeof command, "cp '%s/%s' '%s'", built, from, own_path(file));
    else
        snprintf(command, sizeof command, "echo no plugin > '%s'", own_path(file));
    assert_int_equal(system(command), 0);
    assert_int_equal(chmod(own_path(file), mode), 0);
}

static void assert_refused(const char *name, int error, const char *expected)
{
    struct plugin *plugin = NULL;
    assert_int_equal(plugin_load(&set, name, text, &plugin), error);
    assert_null(plugin);
    assert_int_equal(set.count, 0);
    assert_string_equal(text, expected);
}

/* Refused with "PATH REST", or "PATH: REST". */
static void assert_built_refused(const char *name, const char *rest)
{
    char expected[PATH_MAX + 512];
    snprintf(expected, sizeof expected, "%s/%s.so%s", built, name, rest);
    assert_refused(name, ERR_PLUGIN, expected);
}

static void loads_a_plugin_once(void **state)
{
    struct plugin *first, *again, *other;
    (void)state;
    assert_int_equal(plugin_load(&set, "probe", text, &first), OK);
    assert_string_equal(first->table.name, "probe");
    assert_int_equal(first->options.count, 4);
    assert_string_equal(option_table_row(&first->options, 0)->name, "greeting");
    assert_int_equal(plugin_load(&set, "leave-notice", text, &other), OK);
    assert_ptr_not_equal(other, first);
    assert_int_equal(plugin_load(&set, "probe", text, &again), OK);
    assert_ptr_equal(again, first);
}

static void earlier_folder_wins(void **state)
{
    struct plugin *plugin;
    (void)state;
    put("probe.so", "probe.so", 0644);
    int error = plugin_load(&set, "probe", text, &plugin);
    unlink(own_path("probe.so"));
    assert_int_equal(error, OK);
    assert_string_equal(plugin->path, own_path("probe.so"));
}

static void name_cannot_leave_the_folders(void **state)
{
    char longest[200];
    (void)state;
    assert_refused("../probe", ERR_PLUGIN,
                   "'../probe' is not a plugin's name (letters, digits, '-' and '_')");
    assert_refused("", ERR_PLUGIN, "'' is not a plugin's name (letters, digits, '-' and '_')");
    assert_refused("probe.so", ERR_PLUGIN,
                   "'probe.so' is not a plugin's name (letters, digits, '-' and '_')");
    memset(longest, 'p', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    assert_int_equal(plugin_load(&set, longest, text, &(struct plugin *){NULL}), ERR_PLUGIN);
}

static void missing_plugin_names_the_nearest_and_the_folders(void **state)
{
    char expected[2 * PATH_MAX];
    (void)state;
    snprintf(expected, sizeof expected,
             "there is no plugin 'prob'; did you mean 'probe'? (looked for prob.so in %s, %s)", own,
             built);
    assert_refused("prob", ERR_NOT_FOUND, expected);
    snprintf(expected, sizeof expected,
             "there is no plugin 'something-else' (looked for something-else.so in %s, %s)", own,
             built);
    assert_refused("something-else", ERR_NOT_FOUND, expected);
}

static void many_folders_do_not_overflow_the_sentence(void **state)
{
    char long_folder[PLUGIN_TEXT_MAX];
    char *many[4] = {long_folder, long_folder, long_folder, long_folder};
    (void)state;
    memset(long_folder, 'f', sizeof long_folder - 1);
    long_folder[sizeof long_folder - 1] = '\0';
    plugin_set_init(&set, many, 4, NULL);
    assert_int_equal(plugin_load(&set, "probe", text, &(struct plugin *){NULL}), ERR_NOT_FOUND);
    assert_int_equal(strlen(text), PLUGIN_TEXT_MAX - 1);
}

static void refuses_what_is_no_shared_object(void **state)
{
    (void)state;
    put(NULL, "broken.so", 0644);
    assert_int_equal(plugin_load(&set, "broken", text, &(struct plugin *){NULL}), ERR_PLUGIN);
    unlink(own_path("broken.so"));
    assert_ptr_equal(strstr(text, "cannot load plugin 'broken': "), text);
    assert_non_null(strstr(text, own));
}

static void refuses_a_folder_in_place_of_a_file(void **state)
{
    (void)state;
    assert_int_equal(mkdir(own_path("folder.so"), 0755), 0);
    assert_int_equal(plugin_load(&set, "folder", text, &(struct plugin *){NULL}), ERR_PLUGIN);
    rmdir(own_path("folder.so"));
    assert_ptr_equal(strstr(text, "cannot load plugin 'folder': "), text);
}

static void refuses_a_file_that_everybody_may_write_to(void **state)
{
    char expected[PLUGIN_TEXT_MAX];
    (void)state;
    put("probe.so", "probe.so", 0646);
    snprintf(expected, sizeof expected,
             "cannot load plugin 'probe': %s/probe.so: others may write to it; mend it with: chmod "
             "go-w %s/probe.so",
             own, own);
    assert_refused("probe", ERR_PLUGIN, expected);
    unlink(own_path("probe.so"));
}

static void refuses_a_folder_that_everybody_may_write_to(void **state)
{
    char expected[PLUGIN_TEXT_MAX];
    (void)state;
    put("probe.so", "probe.so", 0644);
    chmod(own, 0777);
    snprintf(expected, sizeof expected,
             "cannot load plugin 'probe': %s is a folder that others may write to, so they could "
             "change what the server runs; mend it with: chmod go-w %s",
             own, own);
    assert_refused("probe", ERR_PLUGIN, expected);
    chmod(own, 0700);
    unlink(own_path("probe.so"));
}

static void refuses_what_is_no_plugin(void **state)
{
    (void)state;
    assert_built_refused("no-symbol", ": not a Sluice plugin: it does not export the symbol "
                                      "sluice_plugin (declare it with SL_EXPORT)");
}

static void refuses_another_magic(void **state)
{
    (void)state;
    assert_built_refused("bad-magic", ": sluice_plugin does not begin with SL_PLUGIN_HEADER "
                                      "(expected magic 0x43554c53, found 0x12345678)");
}

static void refuses_another_major_version(void **state)
{
    char expected[256];
    (void)state;
    snprintf(expected, sizeof expected,
             ": built for plugin ABI 2.0, but this server has %d.%d; rebuild it with this server's "
             "sluice/plugin.h",
             SL_ABI_MAJOR, SL_ABI_MINOR);
    assert_built_refused("other-major", expected);
}

static void refuses_a_table_that_is_too_small(void **state)
{
    char expected[256];
    (void)state;
    snprintf(expected, sizeof expected,
             ": struct_size is 24 bytes, but ABI 1 needs at least %zu; use SL_PLUGIN_HEADER",
             offsetof(struct sl_plugin, on_close) + sizeof(void *));
    assert_built_refused("small-struct", expected);
}

static void refuses_a_plugin_without_its_texts(void **state)
{
    (void)state;
    assert_built_refused("no-license", ": name, version, summary and license must all be set");
}

static void refuses_a_plugin_of_another_name(void **state)
{
    (void)state;
    assert_built_refused("misnamed", ": the plugin calls itself 'another-name'; its file must be "
                                     "called another-name.so");
}

static void refuses_state_that_is_too_large(void **state)
{
    (void)state;
    assert_built_refused("huge-state",
                         ": instance_size (0 bytes, at most 1 GiB) or client_size (1048577 bytes, "
                         "at most 1 MiB) is too large");
}

static void refuses_a_missing_option_table(void **state)
{
    (void)state;
    assert_built_refused("no-table",
                         ": option table: it is NULL but should have 2 rows; use SL_OPTIONS");
}

static void refuses_a_wrong_option_table(void **state)
{
    char beginning[PATH_MAX + 64];
    (void)state;
    snprintf(beginning, sizeof beginning, "%s/bad-default.so: option table: ", built);
    assert_int_equal(plugin_load(&set, "bad-default", text, &(struct plugin *){NULL}), ERR_PLUGIN);
    assert_ptr_equal(strstr(text, beginning), text);
    assert_non_null(strstr(text, "wait"));
    assert_non_null(strstr(text, "soon"));
}

static void assert_too_new(const char *name, unsigned minor)
{
    char expected[256];
    snprintf(expected, sizeof expected,
             ": uses hooks or flags of plugin ABI %u.%u that this server, with %u.%u, does not "
             "have; use a newer server",
             SL_ABI_MAJOR, minor, SL_ABI_MAJOR, SL_ABI_MINOR);
    assert_built_refused(name, expected);
}

static void refuses_hooks_that_it_would_never_call(void **state)
{
    (void)state;
    assert_too_new("longer-table", SL_ABI_MINOR + 1);
}

static void refuses_flags_that_it_does_not_know(void **state)
{
    (void)state;
    assert_too_new("unknown-flag", SL_ABI_MINOR);
}

static void accepts_a_newer_table_that_uses_nothing_new(void **state)
{
    struct plugin *plugin;
    (void)state;
    assert_int_equal(plugin_load(&set, "longer-unused", text, &plugin), OK);
    assert_string_equal(plugin->table.name, "longer-unused");
}

static void refused_plugin_does_not_stand_in_for_another(void **state)
{
    struct plugin *plugin;
    (void)state;
    assert_int_equal(plugin_load(&set, "misnamed", text, &plugin), ERR_PLUGIN);
    assert_int_equal(plugin_load(&set, "another-name", text, &plugin), ERR_NOT_FOUND);
    assert_int_equal(plugin_load(&set, "probe", text, &plugin), OK);
}

/* -- listing -- */

struct listing {
    char names[64][64];
    int count;
};

static void add_name(const char *name, void *context)
{
    struct listing *listing = context;
    snprintf(listing->names[listing->count++], sizeof listing->names[0], "%s", name);
}

static int list_index(const struct listing *listing, const char *name)
{
    for (int i = 0; i < listing->count; i++)
        if (strcmp(listing->names[i], name) == 0)
            return i;
    return -1;
}

static void lists_each_name_once_and_sorted(void **state)
{
    struct listing listing = {.count = 0};
    (void)state;
    put("probe.so", "probe.so", 0644);
    put(NULL, "readme.txt", 0644);
    put(NULL, ".so", 0644);
    int count = plugin_names(&set, add_name, &listing);
    unlink(own_path("probe.so"));
    unlink(own_path("readme.txt"));
    unlink(own_path(".so"));
    assert_int_equal(count, listing.count);
    for (int i = 1; i < listing.count; i++)
        assert_true(strcmp(listing.names[i - 1], listing.names[i]) < 0);
    assert_true(list_index(&listing, "probe") >= 0);
    assert_true(list_index(&listing, "bad-magic") >= 0);
    assert_int_equal(list_index(&listing, "readme"), -1);
    assert_int_equal(list_index(&listing, ""), -1);
}

static void folders_that_are_not_there_are_empty(void **state)
{
    struct listing listing = {.count = 0};
    char *nowhere[] = {"/nonexistent/sluice"};
    (void)state;
    plugin_set_init(&set, nowhere, 1, NULL);
    assert_int_equal(plugin_names(&set, add_name, &listing), 0);
    assert_refused("probe", ERR_NOT_FOUND,
                   "there is no plugin 'probe' (looked for probe.so in /nonexistent/sluice)");
}

int main(void)
{
#define TEST(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        TEST(loads_a_plugin_once),
        TEST(earlier_folder_wins),
        TEST(name_cannot_leave_the_folders),
        TEST(missing_plugin_names_the_nearest_and_the_folders),
        TEST(many_folders_do_not_overflow_the_sentence),
        TEST(refuses_what_is_no_shared_object),
        TEST(refuses_a_folder_in_place_of_a_file),
        TEST(refuses_a_file_that_everybody_may_write_to),
        TEST(refuses_a_folder_that_everybody_may_write_to),
        TEST(refuses_what_is_no_plugin),
        TEST(refuses_another_magic),
        TEST(refuses_another_major_version),
        TEST(refuses_a_table_that_is_too_small),
        TEST(refuses_a_plugin_without_its_texts),
        TEST(refuses_a_plugin_of_another_name),
        TEST(refuses_state_that_is_too_large),
        TEST(refuses_a_missing_option_table),
        TEST(refuses_a_wrong_option_table),
        TEST(refuses_hooks_that_it_would_never_call),
        TEST(refuses_flags_that_it_does_not_know),
        TEST(accepts_a_newer_table_that_uses_nothing_new),
        TEST(refused_plugin_does_not_stand_in_for_another),
        TEST(lists_each_name_once_and_sorted),
        TEST(folders_that_are_not_there_are_empty),
    };
    return cmocka_run_group_tests(tests, set_up_folders, remove_folders);
}
