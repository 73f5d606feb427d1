# layer(NAME SOURCES ... DEPENDS ... LINKS ...): one static library, target mp_NAME. DEPENDS are
# layers (what may appear in headers), LINKS third-party targets that only .cc files use.
# tools/tidy, not CMake, refuses includes against the layer order: one include root cannot.
function(layer NAME)
  cmake_parse_arguments(ARG "" "" "SOURCES;DEPENDS;LINKS;PUBLIC" ${ARGN})
  add_library(mp_${NAME} STATIC ${ARG_SOURCES})
  target_include_directories(mp_${NAME} PUBLIC ${CMAKE_SOURCE_DIR}/src)
  list(TRANSFORM ARG_DEPENDS PREPEND mp_)
  target_link_libraries(mp_${NAME} PUBLIC ${ARG_DEPENDS} ${ARG_PUBLIC} PRIVATE ${ARG_LINKS})
endfunction()

# layer_test(NAME SOURCES ... DEPENDS ... LINKS ... [SLOW]): one test program for one directory,
# run by ctest under the label fast (the whole set within a minute) or slow.
function(layer_test NAME)
  cmake_parse_arguments(ARG "SLOW" "" "SOURCES;DEPENDS;LINKS" ${ARGN})
  add_executable(${NAME}_test ${ARG_SOURCES})
  list(TRANSFORM ARG_DEPENDS PREPEND mp_)
  target_link_libraries(${NAME}_test PRIVATE ${ARG_DEPENDS} ${ARG_LINKS} GTest::gtest
                                             GTest::gmock GTest::gtest_main)
  add_test(NAME ${NAME} COMMAND ${NAME}_test --gtest_brief=1)
  if(MILLPOND_SANITIZE) # ten times as long
    set_tests_properties(${NAME} PROPERTIES LABELS fast TIMEOUT 3600)
  elseif(ARG_SLOW)
    set_tests_properties(${NAME} PROPERTIES LABELS slow TIMEOUT 1800)
  else()
    set_tests_properties(${NAME} PROPERTIES LABELS fast TIMEOUT 300)
  endif()
endfunction()
