// SPDX-License-Identifier: Apache-2.0
// digest.h: by which a front and the store see that they hold the same.
//
//   digest(m) = SHA-256( digest(parent), or 32 zero bytes for a root,
//                        netstrings of: id, role, number of parts,
//                        for each part: type, then text | name, arguments | call, content | uri |
//                        name )
//
// A netstring is `LENGTH:BYTES,`, the length in bytes, decimal. A path's digest is its last
// message's. The source of the rule is docs/protocol.md, "Digest".
#pragma once

#include <optional>
#include <span>
#include <string_view>

#include "engine/base/ids.h"
#include "engine/rules/state.h"

struct evp_md_ctx_st;

namespace lockstep {

[[nodiscard]] Hash sha256(std::string_view bytes);

// SHA-256 of what comes in pieces.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;

  void add(std::string_view bytes);
  // Once.
  [[nodiscard]] Hash take();

 private:
  evp_md_ctx_st* context_;
};

// `parent`: its digest, or nothing for a root.
[[nodiscard]] Hash digest(const Message& message, const std::optional<Hash>& parent);

// Nothing for an empty path.
[[nodiscard]] std::optional<Hash> path_digest(std::span<const Message> path);

}  // namespace lockstep
