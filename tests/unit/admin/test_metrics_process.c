/* core/admin/metrics_process.c */
#include "unit.h"

#include "admin/metrics_process.h"
#include "admin/metrics_writer.h"

#include <string.h>

static void write_page(const char *proc, struct buffer *text)
{
    struct metrics_writer writer = {.out = text, .error = OK};
    buffer_init(text, 1 << 16);
    metrics_write_process(&writer, proc);
    assert_int_equal(writer.error, OK);
    assert_int_equal(buffer_append(text, "", 1), OK);
}

static void has_the_names_of_client_libraries(void **state)
{
    static const char *const lines[] = {
        "# TYPE process_start_time_seconds gauge\nprocess_start_time_seconds 1",
        "# TYPE process_cpu_seconds_total counter\nprocess_cpu_seconds_total ",
        "# TYPE process_resident_memory_bytes gauge\nprocess_resident_memory_bytes ",
        "# TYPE process_virtual_memory_bytes gauge\nprocess_virtual_memory_bytes ",
        "# TYPE process_open_fds gauge\nprocess_open_fds ",
        "# TYPE process_max_fds gauge\nprocess_max_fds ",
        "# TYPE process_threads gauge\nprocess_threads 1\n",
        "sluice_build_info{version=\"",
        ",abi=\"1.",
    };
    struct buffer text;
    (void)state;
    write_page("/proc", &text);
    for (size_t i = 0; i < sizeof lines / sizeof *lines; i++)
        if (strstr((const char *)text.data, lines[i]) == NULL)
            fail_msg("is not there: %s", lines[i]);
    buffer_release(&text);
}

static void without_proc_only_the_build_is_known(void **state)
{
    struct buffer text;
    (void)state;
    write_page("/nowhere", &text);
    assert_non_null(strstr((const char *)text.data, "sluice_build_info{"));
    assert_null(strstr((const char *)text.data, "process_"));
    buffer_release(&text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(has_the_names_of_client_libraries),
        cmocka_unit_test(without_proc_only_the_build_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
