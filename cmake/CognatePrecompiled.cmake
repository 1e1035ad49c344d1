# Headers that are parsed once for all libraries, and once for all tests: half of the time of a full build. The tests are
# compiled without optimisation: what they measure lies in the libraries.
option(COGNATE_PRECOMPILED "Precompile the common headers; off to see that each source includes what it uses" ON)

set(COGNATE_TEST_OPTIONS $<$<CONFIG:RelWithDebInfo>:-O0>)
if(COGNATE_PRECOMPILED)
  set(COGNATE_EMPTY_SOURCE ${CMAKE_BINARY_DIR}/precompiled/empty.cc)
  file(CONFIGURE OUTPUT ${COGNATE_EMPTY_SOURCE} CONTENT "// Its headers are what is wanted.\n")
  add_library(library_headers OBJECT ${COGNATE_EMPTY_SOURCE})
  target_precompile_headers(library_headers PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled/library.h)
  add_library(test_headers OBJECT ${COGNATE_EMPTY_SOURCE})
  target_precompile_headers(test_headers PRIVATE ${CMAKE_SOURCE_DIR}/cmake/precompiled/test.h)
  target_compile_options(test_headers PRIVATE ${COGNATE_TEST_OPTIONS})
  foreach(headers library_headers test_headers)
    target_include_directories(${headers} PRIVATE ${CMAKE_SOURCE_DIR})
    target_link_libraries(${headers} PRIVATE protobuf::libprotobuf absl::flat_hash_map absl::statusor
                          cognate_warnings)
  endforeach()
  target_link_libraries(test_headers PRIVATE gRPC::grpc++ GTest::gmock)
endif()

# cognate_precompile(<target> library|test)
function(cognate_precompile target headers)
  if(COGNATE_PRECOMPILED)
    target_precompile_headers(${target} REUSE_FROM ${headers}_headers)
  endif()
endfunction()
