/*
 * sluice publish: sends a message to clients of the running server, from the command line or from
 * standard input.
 */
#include "base/utf8.h"
#include "cli/admin_client.h"
#include "cli/cli_error.h"

#include <errno.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MESSAGE_MAX ((size_t)1024 * 1024) /* bytes; the server takes no more either */

static bool read_input(const struct cli_options *options, struct buffer *message)
{
    char piece[4096];
    size_t got;
    while ((got = fread(piece, 1, sizeof piece, stdin)) > 0)
        if (buffer_append(message, piece, got) != OK) {
            cli_error(options, "too_large", "a message may have 1 MiB");
            return false;
        }
    if (ferror(stdin) != 0)
        cli_error(options, "input", "standard input: %s", strerror(errno));
    return ferror(stdin) == 0;
}

/* Text if it is, or else base64. Returns whether there was memory. */
static bool add_content(cJSON *request, const struct buffer *message)
{
    const char *data = message->len > 0 ? (const char *)message->data : "";
    bool is_text = utf8_is_valid(data, message->len) && memchr(data, '\0', message->len) == NULL;
    char *copy = malloc(message->len * 4 / 3 + 8);
    if (copy == NULL)
        return false;
    if (is_text)
        snprintf(copy, message->len + 1, "%.*s", (int)message->len, data);
    else
        EVP_EncodeBlock((unsigned char *)copy, message->data, (int)message->len);
    bool good = cJSON_AddStringToObject(request, is_text ? "text" : "base64", copy) != NULL;
    free(copy);
    return good;
}

static char *make_request(const struct cli_options *options, const struct buffer *message)
{
    char *text = NULL;
    cJSON *request = cJSON_CreateObject();
    if (options->endpoint != NULL)
        cJSON_AddStringToObject(request, "endpoint", options->endpoint);
    if (options->topic != NULL)
        cJSON_AddStringToObject(request, "topic", options->topic);
    if (add_content(request, message))
        text = cJSON_PrintUnformatted(request);
    cJSON_Delete(request);
    if (text == NULL)
        cli_error(options, "no_memory", "out of memory");
    return text;
}

static int send_message(const struct cli_options *options, const struct buffer *message)
{
    char *text = make_request(options, message);
    if (text == NULL)
        return EXIT_WRONG;
    cJSON *answer = admin_client_fetch(
        options, &(struct admin_client_request){
                     .method = "POST", .path = "/api/v1/broadcast", .json = text});
    cJSON_free(text);
    if (answer == NULL)
        return EXIT_WRONG;
    if (options->json)
        admin_client_print(answer);
    else
        printf("delivered to: %.0f\n", admin_client_number(answer, "delivered_to"));
    cJSON_Delete(answer);
    return 0;
}

int cli_publish(const struct cli_options *options)
{
    struct buffer message;
    const char *text = options->argument;
    int status = EXIT_WRONG;
    buffer_init(&message, MESSAGE_MAX);
    if (text != NULL ? buffer_append(&message, text, strlen(text)) == OK
                     : read_input(options, &message))
        status = send_message(options, &message);
    buffer_release(&message);
    return status;
}
