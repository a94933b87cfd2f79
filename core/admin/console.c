#include "admin/console.h"

#include "admin/admin_internal.h"
#include "admin/console_files.h"
#include "admin/json.h"
#include "front/response.h"

#include <civetweb.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

/* Nothing is loaded but the page's own files, nothing runs but its script, no other page frames it,
 * and DOM sinks take no strings. */
#define HEADERS                                                                                    \
    "Content-Security-Policy: default-src 'none'; script-src 'self'; style-src 'self'; "           \
    "connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; "                     \
    "frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'\r\n"         \
    "Cross-Origin-Opener-Policy: same-origin\r\n"                                                  \
    "Cross-Origin-Resource-Policy: same-origin\r\n"                                                \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "X-Frame-Options: DENY\r\n"

struct console_file {
    const char *content_type;
    const unsigned char *bytes;
    size_t len;
    const char *tag;
};

/* Whether the browser has the file that this tag stands for. */
static bool browser_has(const struct mg_connection *conn, const char *tag)
{
    const char *known = mg_get_header(conn, "If-None-Match");
    return known != NULL && strstr(known, tag) != NULL;
}

static int send_file(struct admin *admin, struct mg_connection *conn,
                     const struct console_file *file)
{
    char headers[sizeof HEADERS + 64];
    if (!atomic_load_explicit(&admin->has_console, memory_order_relaxed))
        return json_send_error(conn, 404, "", "not found",
                               "this server has no console (admin.console)");
    snprintf(headers, sizeof headers, HEADERS "ETag: %s\r\n", file->tag);
    struct response response = {.status = browser_has(conn, file->tag) ? 304 : 200,
                                .content_type = file->content_type,
                                .headers = headers,
                                .body = (const char *)file->bytes,
                                .body_len = file->len,
                                .caching = "no-cache"};
    return response_send(conn, &response);
}

int console_page(struct admin *admin, struct mg_connection *conn)
{
    return send_file(admin, conn,
                     &(struct console_file){"text/html; charset=utf-8", console_file_index_html,
                                            console_file_index_html_len,
                                            console_file_index_html_tag});
}

int console_style(struct admin *admin, struct mg_connection *conn)
{
    return send_file(admin, conn,
                     &(struct console_file){"text/css; charset=utf-8", console_file_console_css,
                                            console_file_console_css_len,
                                            console_file_console_css_tag});
}

int console_script(struct admin *admin, struct mg_connection *conn)
{
    return send_file(admin, conn,
                     &(struct console_file){"text/javascript; charset=utf-8",
                                            console_file_console_js, console_file_console_js_len,
                                            console_file_console_js_tag});
}
