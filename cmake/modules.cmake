# zubr_module(name LAYER n SOURCES a.cc … DEPENDS core … LIBRARIES external::target …)
#   One static library per module; files are listed by hand. A dependency on a module of the same or a higher layer
#   stops the configuration, so the layering of docs/architecture.md cannot rot.
# zubr_test(name SOURCES a_test.cc … DEPENDS module … [LIBRARIES …] [LABELS …] [TIMEOUT seconds])
# zubr_bench(name SOURCES … DEPENDS …)

include(GoogleTest)

function(zubr_module name)
  cmake_parse_arguments(ARG "" "LAYER" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  add_library(zubr_${name} STATIC ${ARG_SOURCES})
  set_target_properties(zubr_${name} PROPERTIES ZUBR_LAYER "${ARG_LAYER}")
  target_link_libraries(zubr_${name} PUBLIC zubr_compile_options fmt::fmt tl::expected)
  foreach(dep IN LISTS ARG_DEPENDS)
    get_target_property(dep_layer zubr_${dep} ZUBR_LAYER)
    if(NOT dep_layer LESS ARG_LAYER)
      message(FATAL_ERROR "module ${name} (layer ${ARG_LAYER}) may not use ${dep} (layer ${dep_layer})")
    endif()
    target_link_libraries(zubr_${name} PUBLIC zubr_${dep})
  endforeach()
  target_link_libraries(zubr_${name} PRIVATE ${ARG_LIBRARIES})
endfunction()

function(zubr_test name)
  cmake_parse_arguments(ARG "" "TIMEOUT" "SOURCES;DEPENDS;LIBRARIES;LABELS" ${ARGN})
  if(NOT ARG_TIMEOUT)
    set(ARG_TIMEOUT 900)
  endif()
  list(TRANSFORM ARG_DEPENDS PREPEND zubr_)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} ${ARG_LIBRARIES}
    rapidcheck rapidcheck_gtest GTest::gmock GTest::gtest GTest::gtest_main zubr_compile_options)
  # One ctest entry per test program: thousands of process starts would cost more than the tests.
  # Tests run beside each other: OpenMP threads that spin while they wait would take each other's cores.
  # A sanitizer build names them asan.* and tsan.*, so that one ctest run over several builds tells them apart.
  set(openmp "OMP_WAIT_POLICY=passive")
  if(ZUBR_SANITIZE MATCHES thread)
    set(prefix "tsan.")
    # None of our code runs inside ggml's OpenMP teams, and the sanitizer cannot see how they synchronise.
    string(APPEND openmp ";OMP_THREAD_LIMIT=1")
  elseif(ZUBR_SANITIZE)
    set(prefix "asan.")
  else()
    set(prefix "")
  endif()
  add_test(NAME ${prefix}${name} COMMAND ${name} WORKING_DIRECTORY "${CMAKE_SOURCE_DIR}")
  set_tests_properties(${prefix}${name} PROPERTIES TIMEOUT ${ARG_TIMEOUT} LABELS "${ARG_LABELS}"
    ENVIRONMENT "ZUBR_BINARY=${CMAKE_BINARY_DIR}/zubr;${openmp};\
TSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tools/tsan.supp history_size=4 die_after_fork=0;\
LSAN_OPTIONS=suppressions=${CMAKE_SOURCE_DIR}/tools/lsan.supp print_suppressions=0")
endfunction()

function(zubr_bench name)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LIBRARIES" ${ARGN})
  list(TRANSFORM ARG_DEPENDS PREPEND zubr_)
  add_executable(${name} ${ARG_SOURCES})
  target_link_libraries(${name} PRIVATE ${ARG_DEPENDS} ${ARG_LIBRARIES} zubr_compile_options)
  set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY "${CMAKE_BINARY_DIR}/bench")
endfunction()
