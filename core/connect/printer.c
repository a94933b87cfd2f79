#include "connect/printer.h"

#include "cli/cli_error.h"
#include "base/safe_text.h"
#include "client/json_bytes.h"

#include <cjson/cJSON.h>
#include <openssl/evp.h>
#include <stdio.h>
#include <string.h>

/* In pieces that fill whole groups of base64, and whole lines' worth of hexadecimal digits. */
#define PIECE 3072u

bool printer_read_binary(const char *word, enum printer_binary *binary)
{
    static const char *const words[] = {
        [PRINTER_HEX] = "hex", [PRINTER_BASE64] = "base64", [PRINTER_RAW] = "raw"};
    for (size_t i = 0; i < sizeof words / sizeof *words; i++) {
        if (strcmp(words[i], word) == 0) {
            *binary = (enum printer_binary)i;
            return true;
        }
    }
    return false;
}

static void print_hex(const uint8_t *data, size_t len)
{
    for (size_t i = 0; i < len; i++)
        printf("%02x", data[i]);
}

static void print_base64(const uint8_t *data, size_t len)
{
    char text[PIECE / 3 * 4 + 1];
    for (size_t at = 0; at < len; at += PIECE) {
        size_t piece = len - at < PIECE ? len - at : PIECE;
        EVP_EncodeBlock((unsigned char *)text, data + at, (int)piece);
        fputs(text, stdout);
    }
}

static void print_json(enum opcode type, const uint8_t *data, size_t len)
{
    cJSON *message = cJSON_CreateObject();
    cJSON_AddStringToObject(message, "event", "message");
    cJSON_AddStringToObject(message, "type", type == OPCODE_TEXT ? "text" : "binary");
    if (type == OPCODE_TEXT)
        json_bytes_add(message, "text", "base64", len > 0 ? data : (const uint8_t *)"", len);
    else
        cJSON_AddItemToObject(message, "base64", json_bytes_base64(data, len));
    cli_print_json(message);
}

static void print_line(const struct printer *printer, enum opcode type, const uint8_t *data,
                       size_t len)
{
    if (type == OPCODE_TEXT && printer->is_terminal)
        safe_text_print_visible(stdout, (const char *)data, len);
    else if (type == OPCODE_TEXT && len > 0)
        fwrite(data, 1, len, stdout);
    else if (type == OPCODE_BINARY && printer->binary == PRINTER_BASE64)
        print_base64(data, len);
    else if (type == OPCODE_BINARY)
        print_hex(data, len);
    fputc('\n', stdout);
}

void printer_print(const struct printer *printer, enum opcode type, const uint8_t *data, size_t len)
{
    if (printer->json) {
        print_json(type, data, len);
        return;
    }
    if (type == OPCODE_BINARY && printer->binary == PRINTER_RAW) {
        if (len > 0)
            fwrite(data, 1, len, stdout);
        return;
    }
    if (printer->is_terminal)
        fputs("< ", stdout);
    print_line(printer, type, data, len);
}
