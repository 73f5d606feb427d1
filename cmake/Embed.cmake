# embed_text(TARGET NAME FILE): compiles the text of FILE into TARGET as
# `extern const std::string_view NAME` of namespace millpond::embedded. For small assets that the
# program must carry with it (it may be copied anywhere).
function(embed_text TARGET NAME FILE)
  set(OUT ${CMAKE_CURRENT_BINARY_DIR}/embedded/${NAME}.cc)
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${FILE})
  file(READ ${FILE} TEXT)
  file(CONFIGURE OUTPUT ${OUT} @ONLY CONTENT "#include <string_view>
namespace millpond::embedded {
extern const std::string_view @NAME@;
const std::string_view @NAME@ = R\"MPEMBED(@TEXT@)MPEMBED\";
}  // namespace millpond::embedded
")
  target_sources(${TARGET} PRIVATE ${OUT})
endfunction()
