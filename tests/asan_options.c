/* What the address sanitizer does by default in the programs of this tree. Linked only into builds
 * with it. */

__attribute__((visibility("default"))) const char *__asan_default_options(void);

/* Without the record of threads' dynamic TLS: it keeps the blocks of libraries that have been
 * unloaded, and LeakSanitizer crashes on them when it looks for leaks. */
const char *__asan_default_options(void)
{
    return "intercept_tls_get_addr=0";
}
