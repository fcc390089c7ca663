# What Debian 12 has as packages; nothing is downloaded.

set(THREADS_PREFER_PTHREAD_FLAG ON)
find_package(Threads REQUIRED)
find_package(PkgConfig REQUIRED)

# core: the wire. By pkg-config, because the CMake package of Debian 12 wants OpenSSL and fails in a project without C.
pkg_check_modules(capnp REQUIRED IMPORTED_TARGET capnp)
find_program(RESTANTE_CAPNP capnp REQUIRED)
find_program(RESTANTE_CAPNPC_CXX capnpc-c++ REQUIRED)
mark_as_advanced(RESTANTE_CAPNP RESTANTE_CAPNPC_CXX)

# patterns/link: the sockets. cppzmq is one header; its own CMake package would only look for libzmq once more.
pkg_check_modules(libzmq REQUIRED IMPORTED_TARGET libzmq)
find_path(RESTANTE_CPPZMQ_INCLUDE_DIR zmq.hpp)
mark_as_advanced(RESTANTE_CPPZMQ_INCLUDE_DIR)
if(NOT RESTANTE_CPPZMQ_INCLUDE_DIR)
  message(FATAL_ERROR "zmq.hpp is missing (Debian package cppzmq-dev)")
endif()

# sidecar: the store, the log, the command line
find_package(SQLiteCpp REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(spdlog REQUIRED)
find_package(CLI11 REQUIRED)
pkg_check_modules(tomlplusplus REQUIRED IMPORTED_TARGET tomlplusplus)

if(RESTANTE_TESTS)
  find_package(Catch2 REQUIRED)
  find_package(Python3 REQUIRED COMPONENTS Interpreter)
endif()
