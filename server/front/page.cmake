# SPDX-License-Identifier: Apache-2.0
# page.cmake: the libraries that define `embedded_page` (assets.h).
#
#   add_page(NAME FOLDER)               from a folder of built files
#   add_page(NAME FOLDER MADE_BY SCRIPT TAKES PATH...)
#                                       the same; first `SCRIPT FOLDER` builds it from the PATHs

set(EMBED_PAGE ${CMAKE_CURRENT_LIST_DIR}/embed.cmake)

function(add_page name folder)
  cmake_parse_arguments(page "" "MADE_BY" "TAKES" ${ARGN})
  set(out ${CMAKE_CURRENT_BINARY_DIR}/${name})
  if(page_MADE_BY)
    set(make COMMAND ${page_MADE_BY} ${folder})
  else()
    set(page_TAKES ${folder})
  endif()
  add_custom_command(OUTPUT ${out}/page.s ${out}/page_table.cc
    ${make}
    COMMAND ${CMAKE_COMMAND} -DFOLDER=${folder} -DOUT=${out} "-DTAKES=${page_TAKES}"
      -DDEPFILE=${out}/page.d -DTARGET=${out}/page.s -P ${EMBED_PAGE}
    DEPENDS ${EMBED_PAGE} ${page_MADE_BY}
    DEPFILE ${out}/page.d
    COMMENT "Embedding the page (${name})" VERBATIM)
  add_library(${name} STATIC ${out}/page.s ${out}/page_table.cc)
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR})
  # page.s is written after all files that it includes, so it is newer than each of them.
  set_source_files_properties(${out}/page.s PROPERTIES OBJECT_DEPENDS ${out}/page_table.cc)
endfunction()
