# Language level, warnings and sanitizers for everything that is ours. Generated code is a SYSTEM include and keeps its own.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
# What some packages ask of their users, everywhere alike, as precompiled headers need it.
add_compile_options(-pthread)
add_compile_definitions(_FILE_OFFSET_BITS=64 GTEST_HAS_PTHREAD=1)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${CMAKE_BINARY_DIR}/bin)

set(COGNATE_SANITIZE "" CACHE STRING "Sanitizers, comma separated: address,undefined or thread")

# A program loads what it uses, and not what a library of its libraries names.
add_link_options(-Wl,--as-needed)
find_program(COGNATE_MOLD mold)
if(COGNATE_MOLD)
  add_link_options(-fuse-ld=mold)
endif()

add_library(cognate_warnings INTERFACE)
target_compile_options(cognate_warnings INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Werror)
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  target_compile_options(cognate_warnings INTERFACE -Wthread-safety)
endif()

if(COGNATE_SANITIZE)
  add_compile_options(-fsanitize=${COGNATE_SANITIZE} -fno-omit-frame-pointer)
  add_link_options(-fsanitize=${COGNATE_SANITIZE})
endif()
