#include "pipeline/completion.h"
#include "failing_memory.h"
#include "pipeline/rig.h"

#define TEXT(literal) {.data = (literal), .len = sizeof(literal) - 1}

static const struct sl_ticket ticket = {.value = 7};
static struct rig_client client;

static struct completion *complete(enum sl_verdict verdict, const struct sl_completion *details)
{
    struct completion *completion = NULL;
    assert_int_equal(completion_create(ticket, verdict, details, &completion), OK);
    return completion;
}

/* -- copying -- */

static void copies_all_that_it_is_given(void **state)
{
    char data[] = "data", reason[] = "reason", name[] = "name", value[] = "value";
    const struct sl_pair pair = {.name = {name, 4}, .value = {value, 5}};
    const struct sl_completion details = {.struct_size = sizeof details,
                                          .type = SL_TEXT,
                                          .data = {data, 4},
                                          .code = 4000,
                                          .reason = {reason, 6},
                                          .headers = &pair,
                                          .header_count = 1,
                                          .identity = TEXT("ada"),
                                          .attributes = &pair,
                                          .attribute_count = 1};
    struct completion *completion = complete(SL_CLOSE, &details);
    (void)state;
    memset(data, 'x', 4);
    memset(reason, 'x', 6);
    memset(name, 'x', 4);
    memset(value, 'x', 5);
    assert_true(completion->ticket.value == 7);
    assert_int_equal(completion->verdict, SL_CLOSE);
    assert_int_equal(completion->details.code, 4000);
    assert_string_equal(completion->details.data.data, "data");
    assert_string_equal(completion->details.reason.data, "reason");
    assert_string_equal(completion->details.identity.data, "ada");
    assert_string_equal(completion->details.headers[0].name.data, "name");
    assert_string_equal(completion->details.attributes[0].value.data, "value");
    free(completion);
}

static void needs_no_details(void **state)
{
    struct completion *completion = complete(SL_DROP, NULL);
    (void)state;
    assert_int_equal(completion->details.type, 0);
    assert_int_equal(completion->details.header_count, 0);
    free(completion);
}

static void expect_refused(struct sl_completion details)
{
    struct completion *completion;
    assert_int_equal(completion_create(ticket, SL_CONTINUE, &details, &completion), ERR_INVALID);
}

static void refuses_what_is_not_valid(void **state)
{
    static const struct sl_pair pairs[65];
    (void)state;
    expect_refused((struct sl_completion){.struct_size = 8});
    expect_refused((struct sl_completion){
        .struct_size = sizeof(struct sl_completion), .type = SL_TEXT, .data = TEXT("\xff")});
    expect_refused((struct sl_completion){.struct_size = sizeof(struct sl_completion), .type = 9});
    expect_refused((struct sl_completion){
        .struct_size = sizeof(struct sl_completion), .headers = pairs, .header_count = 65});
    expect_refused((struct sl_completion){
        .struct_size = sizeof(struct sl_completion), .attributes = pairs, .attribute_count = 65});
}

static void expect_refused_with(enum sl_verdict verdict, struct sl_completion details)
{
    struct completion *completion = NULL;
    details.struct_size = sizeof details;
    assert_int_equal(completion_create(ticket, verdict, &details, &completion), ERR_INVALID);
    details.struct_size = sizeof details;
    free(complete(SL_ERROR, &details)); /* It does not use them. */
}

static void refuses_an_identity_that_is_none(void **state)
{
    char large[256];
    (void)state;
    memset(large, 'x', sizeof large);
    expect_refused_with(SL_CONTINUE, (struct sl_completion){.identity = TEXT("\xff")});
    expect_refused_with(SL_CONTINUE, (struct sl_completion){.identity = TEXT("a\0b")});
    expect_refused_with(SL_CONTINUE, (struct sl_completion){.identity = {large, 256}});
    const struct sl_completion longest = {.struct_size = sizeof longest, .identity = {large, 255}};
    free(complete(SL_CONTINUE, &longest));
}

static void refuses_attributes_that_are_none(void **state)
{
    static char large[4096];
    (void)state;
    memset(large, 'x', sizeof large);
    const struct sl_pair wrong[] = {{.name = TEXT(""), .value = TEXT("x")},
                                    {.name = TEXT("a\0b"), .value = TEXT("x")},
                                    {.name = {large, 64}, .value = TEXT("x")},
                                    {.name = TEXT("x"), .value = {large, 4096}}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refused_with(SL_CONTINUE,
                            (struct sl_completion){.attributes = &wrong[i], .attribute_count = 1});
    struct sl_pair many[5];
    for (size_t i = 0; i < 5; i++)
        many[i] = (struct sl_pair){.name = TEXT("x"), .value = {large, 4095}};
    expect_refused_with(SL_CONTINUE,
                        (struct sl_completion){.attributes = many, .attribute_count = 5});
    const struct sl_completion most = {
        .struct_size = sizeof most, .attributes = many, .attribute_count = 4};
    free(complete(SL_CONTINUE, &most));
}

static void refuses_headers_that_are_none(void **state)
{
    (void)state;
    const struct sl_pair wrong[] = {{.name = TEXT("X"), .value = TEXT("a\r\nb")},
                                    {.name = TEXT("X"), .value = TEXT("a\0b")},
                                    {.name = TEXT("X Y"), .value = TEXT("a")},
                                    {.name = TEXT(""), .value = TEXT("a")}};
    for (size_t i = 0; i < sizeof wrong / sizeof *wrong; i++)
        expect_refused_with(SL_DENY,
                            (struct sl_completion){.headers = &wrong[i], .header_count = 1});
}

static int try_to_create(void *context)
{
    const struct sl_completion details = {.struct_size = sizeof details, .reason = TEXT("reason")};
    struct completion *completion = NULL;
    (void)context;
    int error = completion_create(ticket, SL_CLOSE, &details, &completion);
    free(completion);
    return error;
}

static void is_one_allocation(void **state)
{
    (void)state;
    assert_int_equal(survive_failing_allocations(try_to_create, NULL), 1);
}

/* -- laying it over a message -- */

static void replaces_a_message_and_its_close(void **state)
{
    const struct sl_completion details = {.struct_size = sizeof details,
                                          .type = SL_BINARY,
                                          .data = TEXT("\xff\xfe"),
                                          .code = 4001,
                                          .reason = TEXT("enough")};
    struct completion *completion = complete(SL_CLOSE, &details);
    struct message message;
    (void)state;
    message_init(&message, RIG_MESSAGE_MAX, OPCODE_TEXT, (const uint8_t *)"hello", 5);
    assert_int_equal(completion_apply_to_message(completion, &message), SL_CLOSE);
    assert_int_equal(message.seen.type, SL_BINARY);
    assert_int_equal(message.seen.len, 2);
    assert_int_equal(message.close.code, 4001);
    assert_string_equal(message.close.reason, "enough");
    message_deinit(&message);
    free(completion);
}

static void a_replacement_over_the_limit_is_an_error(void **state)
{
    char large[RIG_MESSAGE_MAX + 1];
    const struct sl_completion details = {
        .struct_size = sizeof details, .type = SL_BINARY, .data = {large, sizeof large}};
    memset(large, 'x', sizeof large);
    struct completion *completion = complete(SL_CONTINUE, &details);
    struct message message;
    (void)state;
    message_init(&message, RIG_MESSAGE_MAX, OPCODE_TEXT, (const uint8_t *)"hello", 5);
    assert_int_equal(completion_apply_to_message(completion, &message), SL_ERROR);
    assert_memory_equal(message.seen.data, "hello", 5);
    message_deinit(&message);
    free(completion);
}

/* -- laying it over an opening -- */

static int apply_to_opening(enum sl_verdict verdict, const struct sl_completion *details)
{
    struct completion *completion = complete(verdict, details);
    int result = completion_apply_to_opening(completion, &client.seen);
    free(completion);
    return result;
}

static void sets_attributes_of_one_that_opens_or_says_how_to_close_it(void **state)
{
    const struct sl_pair pair = {TEXT("profile"), TEXT("loaded")};
    struct sl_completion details = {.struct_size = sizeof details,
                                    .code = 4004,
                                    .reason = TEXT("no such room"),
                                    .identity = TEXT("ada"),
                                    .attributes = &pair,
                                    .attribute_count = 1};
    struct close_wish *close;
    size_t len;
    (void)state;
    rig_client_init(&client, NULL, 0);
    assert_non_null(sl_client_need_extras(&client.seen));
    client.seen.more->opening = calloc(1, sizeof(struct opening));
    close = &client.seen.more->opening->close;
    assert_int_equal(apply_to_opening(SL_CLOSE, &details), SL_CLOSE);
    assert_int_equal(close->code, 4004);
    assert_string_equal(close->reason, "no such room");
    assert_null(sl_client_attribute(&client.seen, "profile", &len));
    assert_int_equal(apply_to_opening(SL_CONTINUE, &details), SL_CONTINUE);
    assert_string_equal(sl_client_attribute(&client.seen, "profile", &len), "loaded");
    assert_null(sl_client_identity(&client.seen)); /* It has been named, or not, by now. */
    assert_int_equal(apply_to_opening(SL_CLOSE, NULL), SL_CLOSE);
    assert_int_equal(close->code, CLOSE_POLICY);
    assert_string_equal(close->reason, "");
    rig_client_deinit(&client);
}

/* -- laying it over an upgrade -- */

/* Returns the verdict that comes out; the client is there for the caller to look at. */
static int apply_to_upgrade(struct upgrade *upgrade, enum sl_verdict verdict,
                            const struct sl_completion *details)
{
    struct completion *completion = complete(verdict, details);
    rig_client_init(&client, NULL, 0);
    int result = completion_apply_to_upgrade(completion, &client.seen, upgrade);
    free(completion);
    return result;
}

static void a_denial_shapes_the_refusal(void **state)
{
    const struct sl_pair header = {.name = TEXT("Retry-After"), .value = TEXT("7")};
    const struct sl_completion details = {.struct_size = sizeof details,
                                          .code = 429,
                                          .reason = TEXT("slowly"),
                                          .headers = &header,
                                          .header_count = 1,
                                          .identity = TEXT("ada")};
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    assert_int_equal(apply_to_upgrade(upgrade, SL_DENY, &details), SL_DENY);
    assert_int_equal(upgrade->status, 429);
    assert_string_equal(upgrade->reason, "slowly");
    assert_string_equal(upgrade->headers, "Retry-After: 7\r\n");
    assert_null(sl_client_identity(&client.seen));
    upgrade_unref(upgrade);
}

static void a_denial_with_more_headers_than_fit_is_an_error(void **state)
{
    static char large[UPGRADE_HEADERS_MAX];
    const struct sl_pair header = {.name = TEXT("X"), .value = {large, sizeof large}};
    memset(large, 'x', sizeof large);
    const struct sl_completion details = {
        .struct_size = sizeof details, .headers = &header, .header_count = 1};
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    assert_int_equal(apply_to_upgrade(upgrade, SL_DENY, &details), SL_ERROR);
    upgrade_unref(upgrade);
}

static void a_continue_names_the_client(void **state)
{
    const struct sl_pair role = {.name = TEXT("role"), .value = TEXT("admin")};
    const struct sl_completion details = {.struct_size = sizeof details,
                                          .identity = TEXT("ada"),
                                          .attributes = &role,
                                          .attribute_count = 1};
    size_t len;
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    assert_int_equal(apply_to_upgrade(upgrade, SL_CONTINUE, &details), SL_CONTINUE);
    assert_string_equal(sl_client_identity(&client.seen), "ada");
    assert_string_equal(sl_client_attribute(&client.seen, "role", &len), "admin");
    sl_client_deinit(&client.seen);
    upgrade_unref(upgrade);
}

static void more_attributes_than_a_client_may_have_are_an_error(void **state)
{
    static char large[ATTRIBUTE_VALUE_MAX];
    const struct sl_pair more = {.name = TEXT("more"), .value = {large, sizeof large}};
    const struct sl_completion details = {
        .struct_size = sizeof details, .attributes = &more, .attribute_count = 1};
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    struct completion *completion = complete(SL_CONTINUE, &details);
    rig_client_init(&client, NULL, 0);
    for (char name[] = "a"; name[0] < 'e'; name[0]++)
        assert_int_equal(sl_client_set_attribute(&client.seen, name, large, sizeof large), OK);
    assert_int_equal(completion_apply_to_upgrade(completion, &client.seen, upgrade), SL_ERROR);
    free(completion);
    sl_client_deinit(&client.seen);
    upgrade_unref(upgrade);
}

/* As what an earlier stage has set leaves room for one only, or none for a copy. */
static void what_does_not_fit_leaves_nothing_half_done(void **state)
{
    static char value[4096];
    const struct sl_pair pairs[] = {{TEXT("role"), TEXT("admin")},
                                    {TEXT("expires"), {value, 4090}}};
    const struct sl_completion details = {.struct_size = sizeof details,
                                          .identity = TEXT("ada"),
                                          .attributes = pairs,
                                          .attribute_count = 2};
    struct completion *completion = complete(SL_CONTINUE, &details);
    size_t len;
    (void)state;
    memset(value, 'v', sizeof value);
    rig_client_init(&client, NULL, 0);
    for (const char *name = "x\0y\0z\0"; *name != '\0'; name += 2)
        assert_int_equal(sl_client_set_attribute(&client.seen, name, value, 4095), OK);
    assert_int_equal(completion_apply_to_upgrade(completion, &client.seen, NULL), SL_ERROR);
    assert_null(sl_client_identity(&client.seen));
    assert_null(sl_client_attribute(&client.seen, "role", &len));
    assert_int_equal(sl_client_set_attribute(&client.seen, "x", NULL, 0), OK);
    int result = SL_ERROR;
    for (unsigned nth = 1; result == SL_ERROR; nth++) {
        assert_in_range(nth, 1, 4);
        assert_null(sl_client_identity(&client.seen));
        assert_null(sl_client_attribute(&client.seen, "role", &len));
        fail_allocation(nth);
        result = completion_apply_to_upgrade(completion, &client.seen, NULL);
        fail_allocation(0);
    }
    assert_string_equal(sl_client_identity(&client.seen), "ada");
    assert_string_equal(sl_client_attribute(&client.seen, "role", &len), "admin");
    assert_non_null(sl_client_attribute(&client.seen, "expires", &len));
    free(completion);
    rig_client_deinit(&client);
}

static void other_verdicts_bring_nothing(void **state)
{
    const struct sl_completion details = {
        .struct_size = sizeof details, .code = 429, .identity = TEXT("ada")};
    struct upgrade *upgrade = rig_upgrade();
    (void)state;
    assert_int_equal(apply_to_upgrade(upgrade, SL_ERROR, &details), SL_ERROR);
    assert_int_equal(upgrade->status, 403);
    assert_null(sl_client_identity(&client.seen));
    upgrade_unref(upgrade);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(copies_all_that_it_is_given),
        cmocka_unit_test(needs_no_details),
        cmocka_unit_test(refuses_what_is_not_valid),
        cmocka_unit_test(refuses_an_identity_that_is_none),
        cmocka_unit_test(refuses_attributes_that_are_none),
        cmocka_unit_test(refuses_headers_that_are_none),
        cmocka_unit_test(is_one_allocation),
        cmocka_unit_test(replaces_a_message_and_its_close),
        cmocka_unit_test(a_replacement_over_the_limit_is_an_error),
        rig_test(sets_attributes_of_one_that_opens_or_says_how_to_close_it),
        cmocka_unit_test(a_denial_shapes_the_refusal),
        cmocka_unit_test(a_denial_with_more_headers_than_fit_is_an_error),
        cmocka_unit_test(a_continue_names_the_client),
        cmocka_unit_test(more_attributes_than_a_client_may_have_are_an_error),
        cmocka_unit_test(what_does_not_fit_leaves_nothing_half_done),
        cmocka_unit_test(other_verdicts_bring_nothing),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
