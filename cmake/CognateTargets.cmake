# cognate_library(<name> SOURCES a.cc … [HEADERS library|cli] [PUBLIC lib …] [PRIVATE lib …])
# A static library of ours; includes run from the repository root.
function(cognate_library name)
  cmake_parse_arguments(ARG "" "HEADERS" "SOURCES;PUBLIC;PRIVATE" ${ARGN})
  if(NOT ARG_HEADERS)
    set(ARG_HEADERS library)
  endif()
  add_library(${name} STATIC ${ARG_SOURCES})
  target_include_directories(${name} PUBLIC ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} PUBLIC ${ARG_PUBLIC} PRIVATE ${ARG_PRIVATE} cognate_warnings)
  cognate_precompile(${name} ${ARG_HEADERS})
endfunction()

# cognate_header_library(<name> [INTERFACE lib …]) for a library that is headers alone.
function(cognate_header_library name)
  cmake_parse_arguments(ARG "" "" "INTERFACE" ${ARGN})
  add_library(${name} INTERFACE)
  target_include_directories(${name} INTERFACE ${CMAKE_SOURCE_DIR})
  target_link_libraries(${name} INTERFACE ${ARG_INTERFACE})
endfunction()

# cognate_binary(<name> SOURCES a.cc … LIBS lib …); the file in bin/ has dashes where the target has underscores.
function(cognate_binary name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS" ${ARGN})
  add_executable(${name}_binary ${ARG_SOURCES})
  target_link_libraries(${name}_binary PRIVATE ${ARG_LIBS} cognate_warnings)
  target_include_directories(${name}_binary PRIVATE ${CMAKE_SOURCE_DIR})
  cognate_precompile(${name}_binary library)
  string(REPLACE "_" "-" file_name ${name})
  set_target_properties(${name}_binary PROPERTIES OUTPUT_NAME ${file_name})
endfunction()

# For every test and the programs that it starts. ignore_noninstrumented_modules: or libgrpc gives hundreds of false
# reports. It also mutes the order of locks, which common/sync/mutex.h tells it again, and what memcpy and free touch.
set(COGNATE_TEST_ENVIRONMENT
    "TSAN_OPTIONS=ignore_noninstrumented_modules=1 halt_on_error=1 second_deadlock_stack=1 suppressions=${CMAKE_SOURCE_DIR}/tests/support/tsan.supp"
    "LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tests/support/lsan.supp"
    "UBSAN_OPTIONS=halt_on_error=1:print_stacktrace=1" "COGNATE_BIN_DIR=${CMAKE_BINARY_DIR}/bin")

# Seconds, for what hangs: no measure of speed, since a machine that others use may be many times slower.
set(COGNATE_TEST_TIMEOUT 1800)
if(COGNATE_SANITIZE)
  set(COGNATE_TEST_TIMEOUT 7200)
endif()

# cognate_test(<name> SOURCES a_test.cc … LIBS lib … [LABELS …] [ENVIRONMENT …] [ARGS …])
# One test a binary, so that its private servers start once. A skipped case makes the test "Skipped", never "Passed".
function(cognate_test name)
  cmake_parse_arguments(ARG "" "" "SOURCES;LIBS;LABELS;ENVIRONMENT;ARGS" ${ARGN})
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_LIBS} GTest::gmock GTest::gtest_main cognate_warnings)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  cognate_precompile(${name} test)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/tests)
  add_test(NAME ${name} COMMAND ${name} ${ARG_ARGS} WORKING_DIRECTORY ${CMAKE_SOURCE_DIR})
  set_tests_properties(${name} PROPERTIES TIMEOUT ${COGNATE_TEST_TIMEOUT} LABELS "${ARG_LABELS}"
                       SKIP_REGULAR_EXPRESSION "\\[  SKIPPED \\]")
  set_property(TEST ${name} PROPERTY ENVIRONMENT ${COGNATE_TEST_ENVIRONMENT} ${ARG_ENVIRONMENT})
endfunction()
