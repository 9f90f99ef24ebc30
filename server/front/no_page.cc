// SPDX-License-Identifier: Apache-2.0
#include <array>

#include "server/front/assets.h"

// The page of a binary that was built without the web page.

namespace lockstep {
namespace {

constexpr std::string_view text =
    "This is Lockstep. The binary was built without its page: -DLOCKSTEP_PAGE=ON puts it in.\n";
constexpr std::array table{
    Asset{.path = "/index.txt", .hash = "no-page-1", .bytes = text, .gzip = {}},
};

}  // namespace

Page embedded_page() { return table; }

}  // namespace lockstep
