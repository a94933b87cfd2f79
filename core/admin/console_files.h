/*
 * The console's files (core/admin/console/) as they are built into the binary, each with its length
 * in bytes and an entity tag.
 */
#ifndef SLUICE_ADMIN_CONSOLE_FILES_H
#define SLUICE_ADMIN_CONSOLE_FILES_H

#include <stddef.h>

extern const unsigned char console_file_index_html[];
extern const size_t console_file_index_html_len;
extern const char console_file_index_html_tag[];

extern const unsigned char console_file_console_css[];
extern const size_t console_file_console_css_len;
extern const char console_file_console_css_tag[];

extern const unsigned char console_file_console_js[];
extern const size_t console_file_console_js_len;
extern const char console_file_console_js_tag[];

#endif
