# What a build can be told, and what every target is compiled with.

option(ZUBR_BUILD_BENCH "Build the side-by-side benchmarks" OFF)
set(ZUBR_SANITIZE "" CACHE STRING "Sanitizers for our own code: 'address,undefined' or 'thread'")
set(ZUBR_THIRD_PARTY "${CMAKE_SOURCE_DIR}/third_party" CACHE PATH "Where tools/setup.sh put the native parts")

set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
if(NOT CMAKE_BUILD_TYPE)
  set(CMAKE_BUILD_TYPE Release CACHE STRING "" FORCE)
endif()

find_program(CCACHE_PROGRAM ccache)
if(CCACHE_PROGRAM)
  set(CMAKE_CXX_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
  set(CMAKE_C_COMPILER_LAUNCHER "${CCACHE_PROGRAM}")
endif()

add_library(zubr_compile_options INTERFACE)
target_compile_options(zubr_compile_options INTERFACE -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor)
if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
  # GCC 12 takes "literal" + std::string for an overlapping copy: https://gcc.gnu.org/bugzilla/show_bug.cgi?id=105329
  target_compile_options(zubr_compile_options INTERFACE -Wno-restrict)
endif()
target_include_directories(zubr_compile_options INTERFACE "${CMAKE_SOURCE_DIR}/src")
if(ZUBR_SANITIZE)
  target_compile_options(zubr_compile_options INTERFACE
    -fsanitize=${ZUBR_SANITIZE} -fno-omit-frame-pointer -fno-sanitize-recover=all)
  target_link_options(zubr_compile_options INTERFACE -fsanitize=${ZUBR_SANITIZE})
endif()
