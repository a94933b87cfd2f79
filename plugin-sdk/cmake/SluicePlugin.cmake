# sluice_add_plugin(NAME SOURCE... [LIBRARIES LIBRARY...])
#
# Builds plugins/NAME.so in the build folder from the sources: a module that exports nothing but
# `sluice_plugin`. The target is plugin-NAME. The same function builds the plugins of Sluice's own
# tree and, after find_package(Sluice), those of others.
function(sluice_add_plugin name)
    cmake_parse_arguments(PARSE_ARGV 1 arg "" "" "LIBRARIES")
    set(target plugin-${name})
    add_library(${target} MODULE ${arg_UNPARSED_ARGUMENTS})
    set_target_properties(${target} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name}
        C_VISIBILITY_PRESET hidden CXX_VISIBILITY_PRESET hidden
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/plugins)
    target_link_libraries(${target} PRIVATE Sluice::sdk ${arg_LIBRARIES})
    if(TARGET sluice_warnings)
        target_link_libraries(${target} PRIVATE sluice_warnings)
    endif()
endfunction()

# sluice_add_plugin_test(NAME [SCENARIO.yaml...])
#
# A test that checks the built plugin against the contract and the scenarios, with
# `sluice test-plugin`.
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
    add_test(NAME plugin/${name}
             COMMAND ${sluice} test-plugin $<TARGET_FILE:plugin-${name}> ${scenarios})
endfunction()
