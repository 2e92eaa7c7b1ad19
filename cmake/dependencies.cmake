# Every library the program is built from, as one imported target each. Nothing is downloaded here: tools/setup.sh
# installs the Debian packages and puts llama.cpp and DuckDB under third_party/.

find_package(Threads REQUIRED)
find_package(OpenMP REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(ZLIB REQUIRED)
find_package(CURL REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
find_package(tl-expected REQUIRED)
# oneDNN's own package file asks for OpenCL, which its CPU engine does not need.
find_library(DNNL_LIB dnnl REQUIRED)
find_path(DNNL_INCLUDE dnnl.hpp REQUIRED)
add_library(DNNL::dnnl SHARED IMPORTED)
set_target_properties(DNNL::dnnl PROPERTIES
  IMPORTED_LOCATION "${DNNL_LIB}" INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${DNNL_INCLUDE}"
  INTERFACE_INCLUDE_DIRECTORIES "${DNNL_INCLUDE}")
find_package(GTest REQUIRED)
find_package(Boost 1.74 REQUIRED COMPONENTS json system)
find_package(PkgConfig REQUIRED)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)
pkg_check_modules(XXHASH REQUIRED IMPORTED_TARGET libxxhash)
pkg_check_modules(TOMLPP REQUIRED IMPORTED_TARGET tomlplusplus)
pkg_check_modules(SQLITE REQUIRED IMPORTED_TARGET sqlite3)

find_package(rapidcheck REQUIRED)

# DuckDB: the shared library of the npm bindings, the header of the matching npm source package.
set(DUCKDB_LIB "${ZUBR_THIRD_PARTY}/build/duckdb/lib/libduckdb.so")
set(DUCKDB_INCLUDE "${ZUBR_THIRD_PARTY}/build/duckdb/include")
if(NOT EXISTS "${DUCKDB_LIB}")
  message(FATAL_ERROR "DuckDB is not here (${DUCKDB_LIB}); run: tools/setup.sh")
endif()
add_library(duckdb::duckdb SHARED IMPORTED)
set_target_properties(duckdb::duckdb PROPERTIES
  IMPORTED_LOCATION "${DUCKDB_LIB}" IMPORTED_SONAME libduckdb.so
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${DUCKDB_INCLUDE}" INTERFACE_INCLUDE_DIRECTORIES "${DUCKDB_INCLUDE}")

# llama.cpp: a system package of the pinned version where there is one, else what tools/setup.sh built.
set(LLAMA_SRC "${ZUBR_THIRD_PARTY}/build/llama.cpp")
set(LLAMA_BUILD "${ZUBR_THIRD_PARTY}/build/llama")
if(NOT EXISTS "${LLAMA_BUILD}/src/libllama.a")
  message(FATAL_ERROR "llama.cpp is not built (${LLAMA_BUILD}); run: tools/setup.sh")
endif()
function(zubr_static_library target file)
  add_library(${target} STATIC IMPORTED)
  set_target_properties(${target} PROPERTIES IMPORTED_LOCATION "${LLAMA_BUILD}/${file}")
endfunction()
zubr_static_library(llama::ggml-base ggml/src/libggml-base.a)
zubr_static_library(llama::ggml-cpu ggml/src/libggml-cpu.a)
zubr_static_library(llama::ggml ggml/src/libggml.a)
zubr_static_library(llama::llama src/libllama.a)
zubr_static_library(llama::common common/libllama-common.a)
zubr_static_library(llama::common-base common/libllama-common-base.a)
zubr_static_library(llama::mtmd tools/mtmd/libmtmd.a)
zubr_static_library(llama::hash vendor/hash/libvendor-hash.a)
set_target_properties(llama::ggml-base PROPERTIES INTERFACE_LINK_LIBRARIES "Threads::Threads;OpenMP::OpenMP_CXX;m;dl")
set_target_properties(llama::ggml-cpu PROPERTIES INTERFACE_LINK_LIBRARIES "llama::ggml-base;OpenMP::OpenMP_CXX")
set_target_properties(llama::ggml PROPERTIES INTERFACE_LINK_LIBRARIES "llama::ggml-cpu;llama::ggml-base")
set_target_properties(llama::llama PROPERTIES
  INTERFACE_LINK_LIBRARIES "llama::ggml"
  INTERFACE_INCLUDE_DIRECTORIES "${LLAMA_SRC}/include;${LLAMA_SRC}/ggml/include"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${LLAMA_SRC}/include;${LLAMA_SRC}/ggml/include")
# What a backend of our own needs, beyond the public headers of ggml.
add_library(llama::ggml-internal INTERFACE IMPORTED)
set_target_properties(llama::ggml-internal PROPERTIES
  INTERFACE_INCLUDE_DIRECTORIES "${LLAMA_SRC}/ggml/src" INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${LLAMA_SRC}/ggml/src")
set_target_properties(llama::mtmd PROPERTIES
  INTERFACE_LINK_LIBRARIES "llama::hash;llama::llama"
  INTERFACE_INCLUDE_DIRECTORIES "${LLAMA_SRC}/tools/mtmd"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${LLAMA_SRC}/tools/mtmd")
set_target_properties(llama::common PROPERTIES
  INTERFACE_LINK_LIBRARIES "llama::common-base;llama::llama"
  INTERFACE_INCLUDE_DIRECTORIES "${LLAMA_SRC}/common;${LLAMA_SRC}/vendor"
  INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${LLAMA_SRC}/common;${LLAMA_SRC}/vendor")
