set(SLUICE_PLUGIN_MAP ${CMAKE_CURRENT_LIST_DIR}/sluice-plugin.map)

# sluice_add_plugin(NAME SOURCE... [LIBRARIES LIBRARY...])
#
# Builds plugins/NAME.so in the build folder from the sources: a module that exports nothing but
# `sluice_plugin`, whatever the language and the libraries that are linked into it. The target is
# plugin-NAME. C++ is C++20 unless CMAKE_CXX_STANDARD says something else. The same function builds the
# plugins of Sluice's own tree and, after find_package(Sluice), those of others.
function(sluice_add_plugin name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES")
    set(target plugin-${name})
    add_library(${target} MODULE ${arg_UNPARSED_ARGUMENTS})
    set_target_properties(${target} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name}
        C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
    if(NOT CMAKE_CXX_STANDARD)
        set_target_properties(${target} PROPERTIES CXX_STANDARD 20)
    endif()
    # A file that exports symbols that are unique in the whole process is never unloaded.
    target_compile_options(${target} PRIVATE $<$<COMPILE_LANG_AND_ID:CXX,GNU>:-fno-gnu-unique>)
    target_link_options(${target} PRIVATE LINKER:--version-script=${SLUICE_PLUGIN_MAP})
    set_property(TARGET ${target} APPEND PROPERTY LINK_DEPENDS ${SLUICE_PLUGIN_MAP})
    target_link_libraries(${target} PRIVATE Sluice::sdk ${arg_LIBRARIES})
    if(TARGET sluice_warnings)
        target_link_libraries(${target} PRIVATE sluice_warnings)
    endif()
endfunction()

# sluice_add_rust_plugin(NAME [FOLDER FOLDER] [ARGUMENT...])
#
# Builds plugins/NAME.so (or FOLDER/NAME.so) from the crate in this folder, with `cargo build --release` and
# the further arguments. The crate's Cargo.toml calls the package NAME-plugin. The target is plugin-NAME; cargo finds
# out whether there is anything to do.
function(sluice_add_rust_plugin name)
    find_program(CARGO cargo REQUIRED)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" FOLDER "")
    if(NOT arg_FOLDER)
        set(arg_FOLDER ${CMAKE_BINARY_DIR}/plugins)
    endif()
    string(REPLACE - _ ident ${name})
    set(built ${CMAKE_BINARY_DIR}/cargo)
    set(plugin ${arg_FOLDER}/${name}.so)
    set(environment)
    if(SLUICE_CARGO_HOME) # Else the user's own.
        set(environment CARGO_HOME=${SLUICE_CARGO_HOME})
    endif()
    add_custom_target(plugin-${name} ALL
        COMMAND ${CMAKE_COMMAND} -E env --unset=CARGO_BUILD_TARGET ${environment}
                ${CARGO} build --release --target-dir ${built} ${arg_UNPARSED_ARGUMENTS}
        COMMAND ${CMAKE_COMMAND} -E make_directory ${arg_FOLDER}
        COMMAND ${CMAKE_COMMAND} -E copy_if_different ${built}/release/lib${ident}_plugin.so ${plugin}
        WORKING_DIRECTORY ${CMAKE_CURRENT_SOURCE_DIR} BYPRODUCTS ${plugin}
        COMMENT "Building ${name}.so with cargo" VERBATIM)
    set_target_properties(plugin-${name} PROPERTIES SLUICE_PLUGIN ${plugin})
endfunction()

# sluice_add_plugin_test(NAME [SCENARIO.yaml...])
#
# A test that checks the built plugin against the contract and the scenarios, with
# `sluice test-plugin`, which gets what is in SLUICE_TEST_PLUGIN_ARGUMENTS as well: on machines
# that are busy with other things, `--hook-timeout;30000;--timeout;120`.
function(sluice_add_plugin_test name)
    set(scenarios)
    foreach(scenario ${ARGN})
        list(APPEND scenarios ${CMAKE_CURRENT_SOURCE_DIR}/${scenario})
    endforeach()
    if(TARGET Sluice::sluice)
        set(sluice $<TARGET_FILE:Sluice::sluice>)
    else()
        set(sluice $<TARGET_FILE:sluice>)
    endif()
    get_target_property(plugin plugin-${name} SLUICE_PLUGIN) # of those that cargo builds
    if(NOT plugin)
        set(plugin $<TARGET_FILE:plugin-${name}>)
    endif()
    add_test(NAME plugin/${name}
             COMMAND ${sluice} test-plugin ${plugin} ${scenarios} ${SLUICE_TEST_PLUGIN_ARGUMENTS})
endfunction()
