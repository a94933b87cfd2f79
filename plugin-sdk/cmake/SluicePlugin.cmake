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
