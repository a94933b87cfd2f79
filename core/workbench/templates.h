/*
 * The files of plugin-sdk/template as they were when this was built.
 *
 * In them @NAME@ stands for the plugin's name, @IDENT@ for the name as a C identifier, @SOURCE@ for
 * the source file's name and @LANGUAGE@ for what CMake calls its language.
 */
#ifndef SLUICE_WORKBENCH_TEMPLATES_H
#define SLUICE_WORKBENCH_TEMPLATES_H

#include "workbench/rust_crate.h" /* made by CMake from plugin-sdk/rust/sluice */

#include <stddef.h>

#define TEMPLATES(X)                                                                               \
    X(template_c_plugin_c)                                                                         \
    X(template_cpp_plugin_cpp)                                                                     \
    X(template_CMakeLists_txt)                                                                     \
    X(template_README_md)                                                                          \
    X(template_scenario_yaml)                                                                      \
    X(template_ci_yml)                                                                             \
    X(template_rust_plugin_rs)                                                                     \
    X(template_rust_Cargo_toml)                                                                    \
    X(template_rust_CMakeLists_txt)                                                                \
    X(template_rust_README_md)                                                                     \
    X(template_rust_ci_yml)                                                                        \
    X(template_rust_gitignore)

/* With `...` for lists that say more about each file. */
#define TEMPLATE_DECLARE(name, ...)                                                                \
    extern const unsigned char name[];                                                             \
    extern const size_t name##_len;
TEMPLATES(TEMPLATE_DECLARE)
RUST_CRATE(TEMPLATE_DECLARE)
#undef TEMPLATE_DECLARE

#endif
