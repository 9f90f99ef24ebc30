// SPDX-License-Identifier: Apache-2.0
// The laws of files inside a request: an address is read in one way or refused; what was read can
// be written, and is read as the same again; the spelling of scheme and coding counts for nothing.
// A name becomes one line, once and for all.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>
#include <string_view>

#include "engine/base/text.h"
#include "engine/rules/data_scheme.h"
#include "engine/rules/file_name.h"
#include "engine/rules/media_type.h"
#include "server/base/data_uri.h"

namespace {

using namespace lockstep;

void check_uri(const std::string& uri) {
  const auto read = read_data_uri(uri);
  if (!read) return;
  if (!is_data_uri(uri) || !can_be_media_type(read->media_type)) std::abort();
  const std::string written = data_uri_of(*read);
  const auto again = read_data_uri(written);
  if (!again || *again != *read || data_uri_of(*again) != written) std::abort();
  std::string loud = uri;
  std::ranges::transform(loud.begin(), loud.begin() + data_scheme.size(), loud.begin(),
                         [](char c) { return c >= 'a' && c <= 'z' ? char(c - 'a' + 'A') : c; });
  if (read_data_uri(loud) != read) std::abort();
  // Each address is at least as long as what it holds, so its limit is one of the bytes too.
  if (read->bytes.size() > uri.size()) std::abort();
}

void check_name(std::string_view name) {
  if (!is_utf8(name)) return;
  const std::string line = file_name_line(name);
  if (file_name_line(line) != line || line.size() > name.size() || !is_utf8(line)) std::abort();
  const auto breaks = [](char c) { return (c >= 0 && c < ' ') || c == '\x7f'; };
  if (std::ranges::any_of(line, breaks)) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  check_uri(std::string(text));
  check_uri("data:" + std::string(text));
  check_uri("data:image/png;base64," + std::string(text));
  check_name(text);
  return 0;
}
