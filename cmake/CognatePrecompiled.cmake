# Headers that are parsed once for all libraries, for the command line and for all tests: most of the time of a full build. Clang
# also makes their templates once; GCC makes them again for each source, and takes more than twice as long. The command line and
# the tests are compiled without optimisation: what takes time in them lies in the libraries.
option(COGNATE_PRECOMPILED "Precompile the common headers; off to see that each source includes what it uses" ON)

set(COGNATE_UNOPTIMISED $<$<CONFIG:RelWithDebInfo>:-O0>)
set(COGNATE_CLI_OPTIONS ${COGNATE_UNOPTIMISED})
set(COGNATE_TEST_OPTIONS ${COGNATE_UNOPTIMISED})

# cognate_headers(<name> OPTIONS option … LIBS lib …) precompiles cmake/precompiled/<name>.h.
function(cognate_headers name)
  cmake_parse_arguments(ARG "" "" "OPTIONS;LIBS" ${ARGN})
  if(NOT COGNATE_PRECOMPILED)
    return()
  endif()
  set(empty ${CMAKE_BINARY_DIR}/precompiled/empty.cc)
  file(CONFIGURE OUTPUT ${empty} CONTENT "// Its headers are what is wanted.\n")
  add_library(${name}_headers OBJECT ${empty})
  target_precompile_headers(${name}_headers PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled/${name}.h)
  target_compile_options(${name}_headers PRIVATE ${ARG_OPTIONS})
  target_include_directories(${name}_headers PRIVATE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name}_headers PRIVATE ${ARG_LIBS})
endfunction()

# cognate_precompile(<target> messages|library|cli|test)
function(cognate_precompile target headers)
  string(TOUPPER ${headers} kind)
  target_compile_options(${target} PRIVATE ${COGNATE_${kind}_OPTIONS})
  if(COGNATE_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${headers}_headers)
  endif()
endfunction()

set(COGNATE_HEADER_LIBS absl::flat_hash_map absl::statusor absl::str_format absl::synchronization cognate_proto cognate_warnings)
cognate_headers(messages OPTIONS -Wpedantic -w LIBS protobuf::libprotobuf)
cognate_headers(library LIBS ${COGNATE_HEADER_LIBS})
cognate_headers(cli OPTIONS ${COGNATE_CLI_OPTIONS} LIBS nlohmann_json::nlohmann_json ${COGNATE_HEADER_LIBS})
cognate_headers(test OPTIONS ${COGNATE_TEST_OPTIONS} LIBS GTest::gmock ${COGNATE_HEADER_LIBS})
