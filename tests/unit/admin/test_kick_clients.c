/* core/admin/kick_clients.c; in portions and on several loops: test_api_kick.c. */
#include "hub/serving.h"

#include "admin/kick_clients.h"
#include "client/client_filter.h"

#include <string.h>

static struct close_words words_of(const char *text)
{
    struct close_words words = close_words_usual();
    assert_null(close_words_take_reason(text, &words));
    return words;
}

static void what_is_said_has_a_usual_form(void **state)
{
    char reason[125];
    (void)state;
    struct close_words words = words_of(NULL);
    assert_int_equal(words.code, 1008);
    assert_string_equal(words.reason, "closed by the administrator");
    words = words_of("");
    assert_string_equal(words.reason, "");
    memset(reason, 'x', 124);
    reason[124] = '\0';
    assert_non_null(close_words_take_reason(reason, &words));
}

static void a_code_is_one_that_a_server_may_send(void **state)
{
    static const struct {
        const char *body;
        int code; /* 0: refused */
    } cases[] = {{"{}", 1008},           {"{\"code\":4003}", 4003}, {"{\"code\":1012}", 1012},
                 {"{\"code\":1006}", 0}, {"{\"code\":5000}", 0},    {"{\"code\":\"4003\"}", 0},
                 {"{\"code\":-1}", 0},   {"{\"code\":4000.5}", 0}};
    (void)state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct close_words words = close_words_usual();
        cJSON *body = cJSON_Parse(cases[i].body);
        const char *fault = close_words_take_code(body, &words);
        assert_int_equal(fault == NULL, cases[i].code != 0);
        if (fault == NULL)
            assert_int_equal(words.code, cases[i].code);
        assert_int_equal(cJSON_GetArraySize(body), 0);
        cJSON_Delete(body);
    }
}

static void those_that_a_filter_means_are_closed(void **state)
{
    struct serving serving = serve("loops: 2\nendpoints: [{path: /a}, {path: /b}]\n");
    struct client_filter filter = {.endpoint = hub_find_endpoint(serving.hub, "/a")};
    const struct close_words words = words_of("go");
    uint64_t closed;
    (void)state;
    int goes = join(serving.hub, "/a");
    int stays = join(serving.hub, "/b");
    assert_int_equal(kick_matching(serving.hub, &filter, &words, &closed), OK);
    assert_int_equal(closed, 1);
    expect_close(goes, 1008, "go");
    assert_int_equal(kick_matching(serving.hub, &filter, &words, &closed), OK);
    assert_int_equal(closed, 0);
    close(goes);
    close(stays);
    end_serving(&serving);
}

static void an_id_of_nobody_is_not_found(void **state)
{
    struct serving serving = serve("endpoints: [{path: /a}]\n");
    const struct close_words words = close_words_usual();
    (void)state;
    assert_int_equal(kick_by_id(serving.hub, 0, &words), ERR_NOT_FOUND);
    assert_int_equal(kick_by_id(serving.hub, UINT64_MAX, &words), ERR_NOT_FOUND);
    end_serving(&serving);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(what_is_said_has_a_usual_form),
        cmocka_unit_test(a_code_is_one_that_a_server_may_send),
        cmocka_unit_test(those_that_a_filter_means_are_closed),
        cmocka_unit_test(an_id_of_nobody_is_not_found),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
