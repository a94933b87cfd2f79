#include "unit.h"

#include "base/log_line.h"

#include <cjson/cJSON.h>
#include <stdlib.h>
#include <string.h>

static const struct log_field items[] = {{.name = "identity", .text = "a \"b\"\n\xff"},
                                         {.name = "code", .number = UINT64_MAX}};
static const struct log_fields fields = {items, 2};

static cJSON *json_of(const char *text, const struct log_fields *with)
{
    struct log_line line;
    log_line_json(&line, LOG_LEVEL_WARN, "client", text, with);
    assert_int_equal(line.text[line.len - 1], '\n');
    cJSON *object = cJSON_ParseWithLength(line.text, line.len);
    assert_non_null(object);
    return object;
}

static const char *member(const cJSON *object, const char *name)
{
    return cJSON_GetStringValue(cJSON_GetObjectItem(object, name));
}

static void a_line_of_json_has_fields_of_their_own(void **state)
{
    (void)state;
    cJSON *object = json_of("gone", &fields);
    assert_string_equal(member(object, "level"), "warn");
    assert_string_equal(member(object, "module"), "client");
    assert_string_equal(member(object, "message"), "gone");
    assert_string_equal(member(object, "identity"), "a \"b\"\n?");
    assert_true(cJSON_IsNumber(cJSON_GetObjectItem(object, "code")));
    cJSON_Delete(object);
}

static void a_line_of_text_says_where_its_body_begins(void **state)
{
    static const char body[] = "client: gone identity=\"a \\\"b\\\"\\x0a?\" "
                               "code=18446744073709551615\n";
    struct log_line line;
    (void)state;
    log_line_text(&line, LOG_LEVEL_WARN, "client", "gone", &fields);
    assert_int_equal(line.len - line.body, sizeof body - 1);
    assert_memory_equal(line.text + line.body, body, sizeof body - 1);
    assert_false(line.cut);
}

static void whatever_the_length_a_line_fits_and_stays_json(void **state)
{
    char *text = malloc(LOG_LINE_MAX + 64);
    (void)state;
    for (size_t len = LOG_LINE_MAX - 200; len < LOG_LINE_MAX + 8; len++) {
        struct log_line line;
        memset(text, 'x', len);
        text[len] = '\0';
        log_line_json(&line, LOG_LEVEL_INFO, "m", text, &fields);
        assert_true(line.len <= LOG_LINE_MAX);
        cJSON *object = cJSON_ParseWithLength(line.text, line.len);
        assert_non_null(object);
        bool has_all = cJSON_GetObjectItem(object, "code") != NULL;
        assert_true(has_all != line.cut);
        cJSON_Delete(object);
    }
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_line_of_json_has_fields_of_their_own),
        cmocka_unit_test(a_line_of_text_says_where_its_body_begins),
        cmocka_unit_test(whatever_the_length_a_line_fits_and_stays_json),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
