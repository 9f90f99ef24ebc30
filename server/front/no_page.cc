#include <array>

#include "server/front/assets.h"

// What a binary shows that was built without its page.

namespace lockstep {
namespace {

constexpr std::string_view text =
    "This is Lockstep, and it serves. This binary was built without its page: configure it with "
    "-DLOCKSTEP_PAGE=ON.\n";
constexpr std::array table{
    Asset{.path = "/index.txt", .hash = "no-page-1", .bytes = text, .gzip = {}},
};

}  // namespace

Page embedded_page() { return table; }

}  // namespace lockstep
