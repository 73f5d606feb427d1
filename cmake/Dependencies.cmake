# Imported targets for everything that is not ours. Prebuilt parts lie in .deps/ (tools/setup puts
# them there by tools/deps.lock); the rest is Debian's. Third-party headers are system includes,
# so that our warnings are ours alone.
set(DEPS ${CMAKE_SOURCE_DIR}/.deps)
if(NOT EXISTS ${DEPS}/pyarrow)
  message(FATAL_ERROR "The prebuilt parts are missing from .deps/. Run tools/setup first.")
endif()

function(prebuilt NAME LIBRARY INCLUDE)
  add_library(${NAME} SHARED IMPORTED GLOBAL)
  set_target_properties(${NAME} PROPERTIES IMPORTED_LOCATION ${LIBRARY}
    INTERFACE_INCLUDE_DIRECTORIES "${INCLUDE}" INTERFACE_SYSTEM_INCLUDE_DIRECTORIES "${INCLUDE}")
endfunction()

set(ARROW_HOME ${DEPS}/pyarrow/pyarrow)
prebuilt(Arrow::arrow ${ARROW_HOME}/libarrow.so.2600 ${ARROW_HOME}/include)
prebuilt(Arrow::compute ${ARROW_HOME}/libarrow_compute.so.2600 ${ARROW_HOME}/include)
prebuilt(Arrow::parquet ${ARROW_HOME}/libparquet.so.2600 ${ARROW_HOME}/include)
prebuilt(DuckDB::duckdb ${DEPS}/duckdb-lib/lib/libduckdb.so ${DEPS}/duckdb-src/include)
prebuilt(XGBoost::xgboost ${DEPS}/xgboost-cpu/xgboost/lib/libxgboost.so /usr/include)
# The wheel's own libgomp stands beside libxgboost.so under a mangled name that the linker need not find.
set_target_properties(XGBoost::xgboost PROPERTIES INTERFACE_LINK_OPTIONS "-Wl,--allow-shlib-undefined")

# simdjson from source, its namespace renamed: libparquet exports the symbols of another version, and
# whichever of the two is loaded first would serve both.
add_library(millpond_simdjson STATIC ${DEPS}/simdjson/simdjson.cpp)
target_include_directories(millpond_simdjson SYSTEM PUBLIC ${DEPS}/simdjson)
target_compile_definitions(millpond_simdjson PUBLIC simdjson=millpond_simdjson)
target_compile_options(millpond_simdjson PRIVATE -w -O2)

find_package(Threads REQUIRED)
find_package(fmt REQUIRED)
find_package(spdlog REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(SQLite3 REQUIRED)
find_package(CLI11 REQUIRED)
find_package(GTest REQUIRED)
find_package(PkgConfig REQUIRED)
pkg_check_modules(sodium REQUIRED IMPORTED_TARGET libsodium)
find_package(roaring REQUIRED)
find_package(Boost 1.81 REQUIRED)  # headers only: Beast and Asio
find_package(OpenSSL REQUIRED)
find_package(CURL REQUIRED)
find_package(pugixml REQUIRED)
find_package(prometheus-cpp REQUIRED COMPONENTS core)
# RocksDB's own configuration asks for the headers of every compressor; its shared library needs none.
find_library(ROCKSDB_LIBRARY NAMES librocksdb.so REQUIRED)
prebuilt(RocksDB::rocksdb ${ROCKSDB_LIBRARY} /usr/include)
